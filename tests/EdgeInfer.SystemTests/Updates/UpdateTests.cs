using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>The published program as publisher and as device, with mosquitto between them: from a packed model to one that serves, and what is kept from it.</summary>
[Collection(Alone.Name)]
public sealed class UpdateTests
{
    [Fact]
    public async Task The_next_release_comes_at_a_hint_swaps_between_two_frames_and_a_ruined_conversion_never_serves()
    {
        await using Fleet fleet = await Fleet.Enrolled();
        await fleet.StartAgent("30/10s", fps: 10);
        JsonElement initial = await fleet.Until(static r => Fleet.SeqOf(r, "active") == 0);
        Assert.Equal("1.0.0", initial.GetProperty("active").GetProperty("version").GetString());

        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.1.0"), 1);
        long lost = await fleet.LostFrames();
        long hinted = TimeProvider.System.GetTimestamp();
        await fleet.Hint();
        JsonElement served = await fleet.UntilState(1);
        TimeSpan taken = TimeProvider.System.GetElapsedTime(hinted);
        Assert.Equal(("committed", null), Fleet.Outcome(served));
        Assert.Equal((1, "1.1.0"), (Fleet.SeqOf(served, "active"), served.GetProperty("active").GetProperty("version").GetString()));
        TestContext.Current.TestOutputHelper?.WriteLine($"hint to commit with a trial of 10 s: {taken.TotalSeconds:0.0} s");

        // Numbers of results have no hole, and at most one frame has not become a result.
        await fleet.Results.Line("\"version\":\"1.1.0\"");
        fleet.AssertNumbersAreWhole();
        Assert.InRange(await fleet.LostFrames() - lost, 0, 1);

        // It loads and runs, and finds nothing where its float parent finds parts.
        string ruined = PartsModel.WithoutGolden(fleet.Folder, "1.2.0", PartsModel.BadlyCalibrated);
        await fleet.Publisher.Run(["golden", ruined, "--reference", PartsModel.FloatParent, "--input", .. PartsModel.Pictures]);
        await fleet.Publisher.Publish(ruined, 2);
        await fleet.Hint();
        JsonElement refused = await fleet.UntilState(2, "failed", "trial", "committed");
        Assert.Equal(("failed", "golden"), Fleet.Outcome(refused));
        Assert.Matches(@"golden/belt-\d\d\.jpg: expected (bolt|nut|washer|gear) 0\.\d+ at ", refused.GetProperty("job").GetProperty("reason").GetString());
        Assert.Equal(1, Fleet.SeqOf(refused, "active"));

        // An operator goes back to what the device began with, without a network.
        await fleet.StopServing();
        (int code, string said) = await AgentProcess.Run("model", "rollback", "parts", "--socket", fleet.Socket);
        Assert.True(code == 0, said);
        Assert.Contains("serves what the device began with (1.0.0)", said, StringComparison.Ordinal);
        await fleet.Results.Lines("\"version\":\"1.0.0\"", fleet.Heard.Count(static l => l.Contains("\"version\":\"1.0.0\"", StringComparison.Ordinal)) + 1);
        await fleet.StopAgent();
    }

    [Fact]
    public async Task A_release_that_passes_its_probe_and_fails_with_live_frames_goes_back_and_the_old_one_serves_on_without_a_gap()
    {
        await using Fleet fleet = await Fleet.Enrolled();
        await fleet.StartAgent("100/10s", fps: 40, pipeline: ", labels: [bolt, nut, washer, gear]");
        (string Version, Func<byte[], byte[]> Change, string Code, string Reason)[] releases =
        [
            ("2.0.0", PartsModel.NotANumberLive, "trial-errors", "held values that are no numbers (NaN), none may"),
            ("3.0.0", PartsModel.FailsLive, "trial-errors", " failed, none may: "),
            ("4.0.0", PartsModel.SlowLive, "trial-latency", " ms with the old model; 1.5 times that is allowed"),
        ];
        long seq = 0;
        foreach ((string version, Func<byte[], byte[]> change, string code, string reason) in releases)
        {
            int before = Old(fleet);
            await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, version, change), ++seq);
            // What the old one takes is known from 100 results on, counted since it came back.
            await fleet.Results.Lines("\"version\":\"1.0.0\"", before + 110);
            await fleet.Hint();
            JsonElement trial = await fleet.UntilState(seq, "trial", "failed");
            Assert.Equal(("trial", null), Fleet.Outcome(trial));
            JsonElement back = await fleet.UntilState(seq);
            Assert.Equal(("rolled_back", code), Fleet.Outcome(back));
            Assert.Contains(reason, back.GetProperty("job").GetProperty("reason").GetString(), StringComparison.Ordinal);
            Assert.Equal((0, seq, code), (Fleet.SeqOf(back, "active"), Fleet.SeqOf(back, "refused"), back.GetProperty("refused").GetProperty("code").GetString()));
            await fleet.Results.Lines("\"version\":\"1.0.0\"", Old(fleet) + 5);
            fleet.AssertNumbersAreWhole();
        }

        // What somebody learns who asks the broker only now.
        await using ChildProcess late = fleet.Broker.Subscribe("edgeinfer/press-3/update/status/parts");
        Assert.Equal(("rolled_back", "trial-latency"), Fleet.Outcome(AgentProcess.Payload(await late.Line("update/status/parts {"))));
        fleet.AssertNumbersAreWhole();

        // A release without a label that this device's pipeline names is no fault of the release, and is not even probed.
        await fleet.Publisher.Publish(Renamed(fleet.Folder), ++seq);
        await fleet.Hint();
        JsonElement foreign = await fleet.UntilState(seq);
        Assert.Equal(("failed", "contract"), Fleet.Outcome(foreign));
        Assert.Contains("it has no label 'gear', which the pipeline 'belt' of this device names", foreign.GetProperty("job").GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_dies_three_times_with_a_release_on_trial_starts_with_the_old_one()
    {
        await using Fleet fleet = await Fleet.Enrolled();
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.1.0"), 1);
        // A trial as everywhere: 100 results make a start a good one, which at 2 a second takes 50 s.
        await fleet.StartAgent(null, fps: 2);
        for (int start = 1; start <= 3; start++)
        {
            if (start > 1) await fleet.StartAgent(null, fps: 2);
            await fleet.Until(r => r.TryGetProperty("trial", out JsonElement trial) && trial.GetProperty("attempts").GetInt32() == start);
            await fleet.KillAgent();
        }

        await fleet.StartAgent(null, fps: 2);
        JsonElement back = await fleet.UntilState(1);
        Assert.Equal(("rolled_back", "crash"), Fleet.Outcome(back));
        Assert.Equal((0, 1), (Fleet.SeqOf(back, "active"), Fleet.SeqOf(back, "refused")));
        await fleet.Results.Lines("\"version\":\"1.0.0\"", Old(fleet) + 1);
    }

    [Fact]
    public async Task A_byte_that_the_disk_has_changed_keeps_the_model_from_serving_until_it_is_fetched_again()
    {
        await using Fleet fleet = await Fleet.Enrolled();
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.1.0"), 1);
        // Nothing but releases: the agent waits for the first.
        string models = $"models: {{ parts: {{ managed: parts }} }}\nupdates: {{ repository: \"http://{fleet.Authority}\", poll: 6h, spread: 0s }}";
        await fleet.StartAgent("5/1s", models);
        Assert.Equal(("committed", null), Fleet.Outcome(await fleet.UntilState(1)));
        await fleet.StopAgent();
        string graph = Path.Combine(Assert.Single(Directory.GetDirectories(Path.Combine(fleet.State, "models", "parts", "gen"))), "model.onnx");
        byte[] right = File.ReadAllBytes(graph);
        File.SetUnixFileMode(graph, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (FileStream file = File.OpenWrite(graph))
        {
            // Of the weights: it would load, and find something else.
            file.Position = right.Length / 2;
            file.WriteByte((byte)(right[right.Length / 2] ^ 0x40));
        }

        await fleet.StartAgent("5/1s", models);
        JsonElement damaged = await fleet.Until(static r => r.TryGetProperty("stand_in", out _));
        Assert.Equal($"{graph} is damaged or gone", damaged.GetProperty("stand_in").GetProperty("why").GetString());
        JsonElement back = await fleet.Until(static r => !r.TryGetProperty("stand_in", out _));
        Assert.Equal((1, 1), (Fleet.SeqOf(back, "active"), back.GetProperty("floor").GetInt64()));
        Assert.Equal(("committed", null), Fleet.Outcome(back));
        Assert.Equal(right, File.ReadAllBytes(graph));
        int results = fleet.Heard.Count(static l => l.Contains("\"version\":\"1.1.0\",\"digest\"", StringComparison.Ordinal));
        await fleet.Results.Lines("\"version\":\"1.1.0\",\"digest\"", results + 1);
        (int code, string said) = await AgentProcess.Run("update", "status", "--socket", fleet.Socket);
        Assert.True(code == 0, said);
        Assert.StartsWith("parts: serves release 1 (1.1.0)\n  release 1 (1.1.0): committed since ", said, StringComparison.Ordinal);
    }

    private static int Old(Fleet fleet) => fleet.Heard.Count(static l => l.Contains("\"version\":\"1.0.0\"", StringComparison.Ordinal));

    // Labels, and what is expected, in another language: sound in itself.
    private static string Renamed(TestFolder folder)
    {
        string model = PartsModel.Write(folder, "5.0.0");
        foreach (string file in Directory.GetFiles(Path.Combine(model, "golden"), "*.json").Append(Path.Combine(model, "labels.txt")))
            File.WriteAllText(file, File.ReadAllText(file).Replace("gear", "cog", StringComparison.Ordinal));
        return model;
    }
}
