using EdgeInfer.SystemTests.Camera;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary><c>capture</c> from a running agent and <c>replay</c>, bit for bit, from every kind of input.</summary>
public sealed class RecordingTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Recording => _folder["belt.tar"];

    [Fact]
    public async Task A_synthetic_belt_is_replayed_bit_for_bit_twice_and_other_tools_open_the_recording()
    {
        await Capture("{ synthetic: conveyor, size: 320x240, fps: 20 }", "frames: 15", frames: 15);
        await AssertReplayed(15);

        (int code, string output) = await ChildProcess.Run(Peer.Program("sh"), "-c", $"cd {_folder.Path} && mkdir x && tar -xf belt.tar -C x && cd x && sha256sum --strict -c SHA256SUMS && tar -cf ../again.tar .");
        Assert.True(code == 0, output);
        Assert.Equal(2 + 2 * 15, output.Split('\n').Count(l => l.EndsWith(": OK", StringComparison.Ordinal)));
        Assert.Equal(320 * 240 * 3, new FileInfo(_folder["x/frames/000015.rgb24"]).Length);
        Assert.Equal(0, (await AgentProcess.Run("replay", _folder["again.tar"])).ExitCode);
    }

    [Fact]
    public async Task JPEG_files_are_recorded_as_they_are_and_replayed_bit_for_bit()
    {
        string picture = TestPictures.FirstGolden();
        await Capture($"{{ files: {picture}, loop: true }}", "seconds: 60, size: 8MiB", frames: 5);
        await AssertReplayed(null);
        Assert.Equal(0, (await ChildProcess.Run(Peer.Program("tar"), "-xf", Recording, "-C", _folder.Path)).ExitCode);
        Assert.Equal(await File.ReadAllBytesAsync(picture), await File.ReadAllBytesAsync(_folder["frames/000001.jpg"]));
    }

    [Theory]
    [InlineData("MJPG", "jpg", true)]
    [InlineData("YUYV", "yuyv", false)]
    public async Task Camera_frames_are_replayed_bit_for_bit(string format, string ending, bool hasParts)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, $"formats {format}", "sizes 320x240");
        rig.Picture(0, "belt.jpg", await File.ReadAllBytesAsync(TestPictures.FirstGolden()));
        await Capture("{ camera: /dev/video0, fps: 15 }", "frames: 8", frames: 8, rig.Environment);
        await AssertReplayed(8, hasParts);
        (int code, string output) = await ChildProcess.Run(Peer.Program("tar"), "-tf", Recording);
        Assert.Equal((0, 8), (code, output.Split('\n').Count(l => l.EndsWith("." + ending, StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Another_model_is_named_and_its_other_results_end_with_65()
    {
        await Capture("{ synthetic: conveyor, size: 320x240, fps: 20 }", "frames: 5", frames: 5);
        string other = _folder["other"];
        Assert.Equal(0, (await ChildProcess.Run(Peer.Program("cp"), "-r", TestFolder.BundledModel, other)).ExitCode);
        string contract = Path.Combine(other, "model.yaml");
        Assert.Contains("threshold:", await File.ReadAllTextAsync(contract), StringComparison.Ordinal);
        await File.WriteAllLinesAsync(contract, (await File.ReadAllLinesAsync(contract)).Select(l => l.StartsWith("threshold:", StringComparison.Ordinal) ? "threshold: 0.99" : l));
        (int code, string output) = await AgentProcess.Run("replay", Recording, "--model", other);
        Assert.Equal(65, code);
        Assert.Contains("recorded with parts-detector", output, StringComparison.Ordinal);
        Assert.Contains("nothing  DIFFERENT: recorded", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_recording_is_one_fault_and_the_next_file_is_replayed()
    {
        await Capture("{ synthetic: conveyor, size: 320x240, fps: 20 }", "frames: 3", frames: 3);
        byte[] whole = await File.ReadAllBytesAsync(Recording);
        string cut = _folder.Write("cut.tar", whole[..(whole.Length / 2)]);
        whole[whole.Length / 2] ^= 1;
        string changed = _folder.Write("changed.tar", whole);
        string text = _folder.Write("text.tar", "hello");
        (int code, string output) = await AgentProcess.Run("replay", cut, changed, text, _folder["absent.tar"], Recording);
        Assert.Equal(65, code);
        Assert.Contains($"edgeinfer: {cut}: it ends inside frames/", output, StringComparison.Ordinal);
        Assert.Contains($"edgeinfer: {changed}: frames/", output, StringComparison.Ordinal);
        Assert.Contains($"edgeinfer: {text}: ", output, StringComparison.Ordinal);
        Assert.Contains($"edgeinfer: {_folder["absent.tar"]}: ", output, StringComparison.Ordinal);
        Assert.Contains("3 results: 3 the same bit for bit, 0 different", output, StringComparison.Ordinal);
        Assert.Equal(4, output.Split('\n').Count(l => l.StartsWith("edgeinfer: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Pictures_are_replayed_to_the_same_bytes_and_need_a_model()
    {
        string[] command = ["replay", TestPictures.FirstGolden(), "--json"];
        (int code, string output) = await AgentProcess.Run(command);
        Assert.Equal(64, code);
        Assert.Contains("pictures need a model; name one with --model", output, StringComparison.Ordinal);
        (int Code, string Output) first = await AgentProcess.Run([.. command, "--model", TestFolder.BundledModel]);
        Assert.Equal(0, first.Code);
        Assert.Contains("\"detections\":[{", first.Output, StringComparison.Ordinal);
        Assert.Equal(first, await AgentProcess.Run([.. command, "--model", TestFolder.BundledModel]));
    }

    [Fact]
    public async Task What_cannot_be_captured_is_named_and_leaves_no_file()
    {
        await using ChildProcess agent = AgentProcess.Start("run", "-c", _folder.Configuration("embedded://127.0.0.1:" + Mosquitto.FreePort(), "{ synthetic: conveyor, fps: 10 }"));
        await agent.Line("runs as press-3");
        await Refused(69, "belt: the pipeline records nothing; write pipelines.belt.record:", "belt", "-o", Recording);
        await Refused(64, "there is no pipeline 'bet'; did you mean 'belt'?", "bet", "-o", Recording);
        Assert.False(File.Exists(Recording));
        Assert.False(File.Exists(Recording + ".new"));

        async Task Refused(int expected, string what, params string[] arguments)
        {
            (int code, string output) = await AgentProcess.Run(["capture", .. arguments, "--socket", _folder["control.sock"]]);
            Assert.Equal(expected, code);
            Assert.Contains(what, output, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    private async Task Capture(string source, string record, int frames, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/+/+/prediction");
        string configuration = _folder.Configuration(broker.Url, source, $"    fps: max\n    publish: {{ predictions: every }}\n    record: {{ {record} }}");
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", configuration], environment);

        // One more than is kept: the last may still be on its way into the ring.
        await listener.Line($"\"seq\":{frames + 1},");
        (int code, string output) = await AgentProcess.Run("capture", "belt", "-o", Recording, "--socket", _folder["control.sock"]);
        Assert.True(code == 0, output);
        Assert.Contains($"{Recording}: ", output, StringComparison.Ordinal);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    private async Task AssertReplayed(int? results, bool hasParts = true)
    {
        (int code, string output) = await AgentProcess.Run("replay", Recording);
        Assert.True(code == 0, output);
        if (results is { } expected) Assert.Contains($"{expected} results: {expected} the same bit for bit, 0 different", output, StringComparison.Ordinal);
        Assert.DoesNotContain("DIFFERENT", output, StringComparison.Ordinal);
        (int Code, string Output) first = await AgentProcess.Run("replay", Recording, "--json");
        Assert.Equal(0, first.Code);
        Assert.Contains(hasParts ? "\"detections\":[{" : "\"detections\":[]", first.Output, StringComparison.Ordinal);
        Assert.Equal(first, await AgentProcess.Run("replay", Recording, "--json"));
    }
}
