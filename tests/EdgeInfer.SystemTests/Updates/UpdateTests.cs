using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>The published program as publisher and as device, with mosquitto between them: from a packed model to one that serves, and what is kept from it.</summary>
[Collection(Alone.Name)]
public sealed class UpdateTests : IAsyncLifetime
{
    private const string Passphrase = "correct horse battery staple";

    private readonly TestFolder _folder = new();
    private readonly int _port = Mosquitto.FreePort();
    private Mosquitto? _broker;
    private ChildProcess? _server;
    private ChildProcess? _agent;
    private ChildProcess? _listener;
    private int _reports;

    private string ReleaseFolder => Path.Combine(_folder.Path, "release");

    public async ValueTask InitializeAsync()
    {
        _broker = await Mosquitto.Start();
        _folder.Write("passphrase", Passphrase);
        await Release("init", "--url", $"http://127.0.0.1:{_port}", "--passphrase-file", Path.Combine(_folder.Path, "passphrase"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess? process in new[] { _agent, _server, _listener })
            if (process is not null) await process.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_next_release_comes_at_a_hint_swaps_between_two_frames_and_a_ruined_one_never_serves()
    {
        await StartDevice();
        JsonElement initial = await Until(static r => r.GetProperty("active").GetProperty("seq").GetInt64() == 0);
        Assert.Equal("1.0.0", initial.GetProperty("active").GetProperty("version").GetString());

        await Publish(Model("1.1.0"), 1);
        long hinted = TimeProvider.System.GetTimestamp();
        await Hint();
        JsonElement served = await Until(static r => r.TryGetProperty("job", out JsonElement job) && (job.GetProperty("state").GetString() is "committed" or "rolled_back" or "failed"));
        TimeSpan taken = TimeProvider.System.GetElapsedTime(hinted);
        Assert.Equal("committed", served.GetProperty("job").GetProperty("state").GetString());
        Assert.Equal((1, "1.1.0"), (served.GetProperty("active").GetProperty("seq").GetInt64(), served.GetProperty("active").GetProperty("version").GetString()));
        TestContext.Current.TestOutputHelper?.WriteLine($"hint to commit with a trial of 10 s: {taken.TotalSeconds:0.0} s");

        // Numbers of results have no hole: no frame that became a result was lost at the swap.
        await _listener!.Line("\"version\":\"1.1.0\"");
        long[] numbers = [.. _listener.Output.Split('\n').Where(static l => l.Contains("/prediction ", StringComparison.Ordinal)).Select(static l => AgentProcess.Payload(l).GetProperty("seq").GetInt64())];
        Assert.Equal(Enumerable.Range(0, numbers.Length).Select(i => numbers[0] + i), numbers);

        // Its weights are noise: it loads and runs, and finds nothing that its float parent found.
        await Publish(Model("1.2.0", Ruin), 2);
        await Hint();
        JsonElement refused = await Until(static r => r.TryGetProperty("job", out JsonElement job) && job.TryGetProperty("seq", out JsonElement seq) && seq.GetInt64() == 2 && (job.GetProperty("state").GetString() is "failed" or "trial" or "committed"));
        Assert.Equal(("failed", "golden"), (refused.GetProperty("job").GetProperty("state").GetString(), refused.GetProperty("job").GetProperty("code").GetString()));
        Assert.Equal(1, refused.GetProperty("active").GetProperty("seq").GetInt64());

        // An operator goes back to what the device began with, without a network.
        await _server!.Terminate(TimeSpan.FromSeconds(10));
        (int code, string said) = await AgentProcess.Run("model", "rollback", "parts", "--socket", Path.Combine(_folder.Path, "control.sock"));
        Assert.True(code == 0, said);
        Assert.Contains("serves what the device began with (1.0.0)", said, StringComparison.Ordinal);
        int before = _listener.Output.Split('\n').Count(static l => l.Contains("\"version\":\"1.0.0\",\"digest\"", StringComparison.Ordinal));
        await _listener.Lines("\"version\":\"1.0.0\",\"digest\"", before + 1);
        Assert.Equal(0, await _agent!.Terminate(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_byte_that_the_disk_has_changed_keeps_the_model_from_serving_until_it_is_fetched_again()
    {
        // Nothing but releases: the agent waits for the first.
        await Publish(Model("1.1.0"), 1);
        await StartDevice("5/1s", "");
        await Until(static r => r.TryGetProperty("job", out JsonElement job) && job.GetProperty("state").GetString() == "committed");
        Assert.Equal(0, await _agent!.Terminate(TimeSpan.FromSeconds(10)));
        await _agent.DisposeAsync();
        string graph = Path.Combine(Assert.Single(Directory.GetDirectories(Path.Combine(_folder.Path, "state", "models", "parts", "gen"))), "model.onnx");
        byte[] right = File.ReadAllBytes(graph);
        File.SetUnixFileMode(graph, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (FileStream file = File.OpenWrite(graph))
        {
            // Of the weights: it would load, and find something else.
            file.Position = right.Length / 2;
            file.WriteByte((byte)(right[right.Length / 2] ^ 0x40));
        }

        await StartAgent("5/1s");
        JsonElement damaged = await Until(static r => r.TryGetProperty("stand_in", out _));
        Assert.Equal($"{graph} is damaged or gone", damaged.GetProperty("stand_in").GetProperty("why").GetString());
        JsonElement back = await Until(static r => !r.TryGetProperty("stand_in", out _));
        Assert.Equal((1, 1, "committed"), (back.GetProperty("active").GetProperty("seq").GetInt64(), back.GetProperty("floor").GetInt64(), back.GetProperty("job").GetProperty("state").GetString()));
        Assert.Equal(right, File.ReadAllBytes(graph));
        int results = _listener!.Output.Split('\n').Count(static l => l.Contains("\"version\":\"1.1.0\",\"digest\"", StringComparison.Ordinal));
        await _listener.Lines("\"version\":\"1.1.0\",\"digest\"", results + 1);
        (int code, string said) = await AgentProcess.Run("update", "status", "--socket", Path.Combine(_folder.Path, "control.sock"));
        Assert.True(code == 0, said);
        Assert.StartsWith("parts: serves release 1 (1.1.0)\n  release 1 (1.1.0): committed since ", said, StringComparison.Ordinal);
    }

    private async Task StartDevice(string trial = "30/10s", string? initial = null)
    {
        _server = AgentProcess.Start("release", "serve", "--dir", ReleaseFolder, "--listen", $"127.0.0.1:{_port}");
        await _server.Line("serving ");
        string digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(ReleaseFolder, "repository", "metadata", "1.root.json"))));
        string[] enrol = ["enroll", "--repository", $"http://127.0.0.1:{_port}", "--model", "parts", "--state-folder", Path.Combine(_folder.Path, "state"), "--root-sha256"];
        (int refused, string why) = await AgentProcess.Run([.. enrol, new string('0', 64)]);
        Assert.True(refused == 65, why);
        (int code, string said) = await AgentProcess.Run([.. enrol, digest]);
        Assert.True(code == 0, said);
        Assert.Contains($"updates: {{ repository: \"http://127.0.0.1:{_port}/\" }}", said, StringComparison.Ordinal);
        initial ??= $", initial: {Path.Combine(PublishedBinary.Root, "models", "parts-detector")}";
        _folder.Write("edge.yaml", $$"""
            device: { id: press-3 }
            mqtt: { url: "{{_broker!.Url}}" }
            runtime: { state_folder: state, run_folder: /dev/shm/{{Path.GetFileName(_folder.Path)}}, control: control.sock, cache_folder: cache }
            models: { parts: { managed: parts{{initial}} } }
            updates: { repository: "http://127.0.0.1:{{_port}}", poll: 6h, spread: 0s }
            pipelines:
              belt: { source: { synthetic: conveyor, size: 320x180, fps: 20 }, model: parts, fps: 20, publish: { predictions: every } }
            """);
        _listener = _broker.Subscribe("edgeinfer/press-3/#");
        await StartAgent(trial);
    }

    private async Task StartAgent(string trial)
    {
        _agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", Path.Combine(_folder.Path, "edge.yaml")], new Dictionary<string, string> { ["EDGEINFER_TEST_TRIAL"] = trial });
        await _agent.Line("runs as press-3");
    }

    private async Task Publish(string model, long seq)
    {
        await Release("pack", model, "--name", "parts", "--seq", $"{seq}");
        await Release("publish", "--passphrase-file", Path.Combine(_folder.Path, "passphrase"));
        await Release("rollout", "parts", "--to", $"{seq}", "--passphrase-file", Path.Combine(_folder.Path, "passphrase"));
    }

    private async Task Release(params string[] arguments)
    {
        (int code, string said) = await AgentProcess.Run(["release", arguments[0], .. arguments[1..], "--dir", ReleaseFolder]);
        Assert.True(code == 0, said);
    }

    private string Model(string version, Action<byte[]>? change = null)
    {
        string source = Path.Combine(PublishedBinary.Root, "models", "parts-detector"), target = Path.Combine(_folder.Path, version);
        Directory.CreateDirectory(Path.Combine(target, "golden"));
        foreach (string name in new[] { "labels.txt" }.Concat(Directory.GetFiles(Path.Combine(source, "golden")).Select(static f => "golden/" + Path.GetFileName(f))))
            File.Copy(Path.Combine(source, name), Path.Combine(target, name));
        File.WriteAllText(Path.Combine(target, "model.yaml"), File.ReadAllText(Path.Combine(source, "model.yaml")).Replace("version: 1.0.0", $"version: {version}", StringComparison.Ordinal));
        byte[] graph = File.ReadAllBytes(Path.Combine(source, "model.onnx"));
        change?.Invoke(graph);
        File.WriteAllBytes(Path.Combine(target, "model.onnx"), graph);
        return target;
    }

    // The longest run of bytes that is neither text nor structure is a weight tensor: from the middle of the file on, 16 KiB of it.
    private static void Ruin(byte[] graph)
    {
        Random noise = new(1);
        for (int i = graph.Length / 2; i < graph.Length / 2 + 16384; i++) graph[i] = (byte)noise.Next(256);
    }

    private Task Hint() => ChildProcess.Run(
        Peer.Program("mosquitto_pub"), "-h", "127.0.0.1", "-p", $"{_broker!.Port}", "-V", "5", "-q", "1", "-t", "edgeinfer/press-3/update/desired", "-m", """{"model":"parts","serial":1}""");

    // In what has been told since the one before.
    private async Task<JsonElement> Until(Func<JsonElement, bool> isSo)
    {
        while (true)
        {
            JsonElement report = AgentProcess.Payload((await _listener!.Lines("update/status/parts ", ++_reports))[_reports - 1]);
            if (isSo(report)) return report;
        }
    }
}
