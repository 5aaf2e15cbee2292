using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Inference;

/// <summary>Native libraries as they were released, older than the managed package: Jetsons have them from 1.16 to 1.23.</summary>
public sealed class OlderRuntimeTests : IDisposable
{
    // The golden boxes are those of the model before it was quantised, with a digit more.
    private const double Pixels = 2;
    private const double Score = 0.02;

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Served => ["1.17.3", "1.20.1", "1.23.2"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Served))]
    public async Task It_finds_what_the_bundled_models_golden_results_say(string version)
    {
        string library = await ReleasedRuntime.Library(version);
        string picture = TestPictures.FirstGolden();
        (int code, string output) = await AgentProcess.Run("predict", TestFolder.BundledModel, picture, "--onnxruntime", library, "--json");
        Assert.True(code == 0, output);
        AssertGolden(picture, AgentProcess.Payload(Assert.Single(output.Split('\n'))));
    }

    [Theory]
    [MemberData(nameof(Served))]
    public async Task It_publishes_with_it_and_says_so(string version)
    {
        string library = await ReleasedRuntime.Library(version);
        string picture = TestPictures.FirstGolden();
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string configuration = Configuration(broker.Url, $"{{ files: {picture} }}", library);
        (int code, string output) = await AgentProcess.Run("check", "-c", configuration);
        Assert.True(code == 0, output);

        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        JsonElement prediction = AgentProcess.Payload(await listener.Line("edgeinfer/press-3/belt/prediction {"));
        AssertGolden(picture, prediction);
        Assert.Equal("cpu", prediction.GetProperty("provider").GetString());
        Assert.Equal([library], File.ReadLines($"/proc/{agent.Id}/maps").Where(static l => l.Contains("libonnxruntime.so", StringComparison.Ordinal)).Select(static l => l[l.IndexOf('/', StringComparison.Ordinal)..]).Distinct());

        JsonElement status = AgentProcess.Payload((await AgentProcess.Run("status", "--socket", _folder["control.sock"], "--json")).Output);
        Assert.Equal(version, status.GetProperty("onnxruntime").GetString());
        Assert.Equal("cpu", status.GetProperty("pipelines").GetProperty("belt").GetProperty("provider").GetString());
        Assert.Contains($"ONNX Runtime {version}", (await AgentProcess.Run("status", "--socket", _folder["control.sock"])).Output, StringComparison.Ordinal);
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
    }

    [Theory]
    [MemberData(nameof(Served))]
    public async Task Doctor_names_it_with_its_providers(string version)
    {
        string library = await ReleasedRuntime.Library(version);
        (_, string output) = await AgentProcess.Run("doctor", "-c", Configuration("mqtt://127.0.0.1:1", "{ synthetic: conveyor, size: 640x480, fps: 5 }", library), "--json");
        JsonElement runtime = AgentProcess.Payload(output).GetProperty("sections").GetProperty("runtime");
        Assert.Equal((version, library), (runtime.GetProperty("version").GetString(), runtime.GetProperty("library").GetString()));
        Assert.Contains("cpu", runtime.GetProperty("providers").EnumerateArray().Select(static p => p.GetString()));
    }

    [Fact]
    public async Task Doctor_names_the_library_of_a_provider_that_the_runtime_knows_and_that_is_not_beside_it()
    {
        if (ReleasedRuntime.Here != "x64") Assert.Skip("arm64's library has no provider but cpu");
        string library = await ReleasedRuntime.Library("1.20.1");
        string configuration = Configuration("mqtt://127.0.0.1:1", "{ synthetic: conveyor, size: 640x480, fps: 5 }", library);
        await File.WriteAllTextAsync(configuration, (await File.ReadAllTextAsync(configuration)).Replace("onnxruntime:", "providers: [tensorrt, cpu], onnxruntime:", StringComparison.Ordinal));
        (_, string output) = await AgentProcess.Run("doctor", "-c", configuration, "--json");
        JsonElement finding = Assert.Single(AgentProcess.Payload(output).GetProperty("findings").EnumerateArray(), static f => f.GetProperty("id").GetString() == "provider_not_loaded");
        Assert.Equal("warning", finding.GetProperty("level").GetString());
        Assert.Equal("provider tensorrt cannot be loaded: its library is missing", finding.GetProperty("what").GetString());
        Assert.Equal(Path.Combine(Path.GetDirectoryName(library)!, "libonnxruntime_providers_tensorrt.so"), finding.GetProperty("where").GetString());
    }

    [Theory]
    [MemberData(nameof(Served))]
    public async Task No_stage_of_a_frame_allocates_managed_memory_with_it(string version)
    {
        string library = await ReleasedRuntime.Library(version);
        (int code, string output) = await AgentProcess.Run("bench", TestFolder.BundledModel, "--onnxruntime", library, "--seconds", "2", "--json");
        Assert.True(code == 0, output);
        JsonElement report = AgentProcess.Payload(output);
        Assert.Equal(version, report.GetProperty("onnxruntime").GetString());
        Assert.Equal("cpu", report.GetProperty("provider").GetString());
        Assert.Equal(0, report.GetProperty("whole").GetProperty("managed_bytes").GetDouble());
        Assert.Equal(0, report.GetProperty("session_alone").GetProperty("managed_bytes").GetDouble());
        Assert.InRange(report.GetProperty("results").GetInt32(), 1, 300);
    }

    [Fact]
    public async Task One_before_1_17_is_refused_in_one_line_before_anything_of_it_runs()
    {
        string library = await ReleasedRuntime.Library("1.16.3");
        string configuration = Configuration("mqtt://127.0.0.1:1", "{ synthetic: conveyor, size: 640x480, fps: 5 }", library);
        string said = $"the library {library} is ONNX Runtime 1.16.3, too old: 1.17 and newer are served";

        (int code, string output) = await AgentProcess.Run("run", "-c", configuration);
        Assert.Equal(78, code);
        Assert.Contains(said, Assert.Single(output.Split('\n')), StringComparison.Ordinal);
        (code, output) = await AgentProcess.Run("check", "-c", configuration);
        Assert.Equal(78, code);
        Assert.Contains(said, output, StringComparison.Ordinal);
        (code, output) = await AgentProcess.Run("bench", TestFolder.BundledModel, "--onnxruntime", library);
        Assert.Equal(69, code);
        Assert.StartsWith("edgeinfer: " + said, Assert.Single(output.Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_whose_part_is_missing_is_told_with_the_file()
    {
        // Built with CUDA, and packed for Node.js without its part; arm64's was built without.
        if (ReleasedRuntime.Here != "x64") Assert.Skip("arm64's library has no provider but cpu");
        string library = await ReleasedRuntime.Library("1.17.3");
        (int code, string output) = await AgentProcess.Run("bench", TestFolder.BundledModel, "--onnxruntime", library, "--provider", "cuda");
        Assert.Equal(69, code);
        Assert.Contains($"cuda: its library cannot be loaded: {Path.GetDirectoryName(library)}/libonnxruntime_providers_cuda.so is missing", Assert.Single(output.Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_development_build_says_that_only_the_published_program_serves_it()
    {
        string library = await ReleasedRuntime.Library("1.17.3");
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string build = Path.Combine(PublishedBinary.Root, "src", "EdgeInfer", "bin", configuration, "net10.0", "edgeinfer.dll");

        (int code, string output) = await ChildProcess.Run(Peer.Program("dotnet"), PublishedBinary.Require(build, "build src/EdgeInfer"), "bench", TestFolder.BundledModel, "--onnxruntime", library);

        Assert.Equal(69, code);
        Assert.Equal(
            $"edgeinfer: {library}: is ONNX Runtime 1.17.3, and a library older than 1.31 is served by the published program alone; publish with ./publish.sh, or use a library of 1.31 or newer under dotnet run",
            output);
    }

    [Theory]
    [InlineData(21, 7, "the model's opset 21 is too new: ONNX Runtime 1.17.3 knows up to 20; export it with an older opset, or set runtime.onnxruntime to a newer library")]
    [InlineData(13, 10, "the model's format is too new for ONNX Runtime 1.17.3: Unsupported model IR version: 10, max supported IR version: 9; save it with an older onnx package, or set runtime.onnxruntime to a newer library")]
    public async Task A_model_from_after_its_time_is_refused_with_the_cure(byte opset, byte format, string said)
    {
        string library = await ReleasedRuntime.Library("1.17.3");
        byte[] graph = await File.ReadAllBytesAsync(Path.Combine(PublishedBinary.Root, "tests", "EdgeInfer.Tests", "Inference", "Graphs", "conv.onnx"));
        // onnx.proto: ir_version is field 1 and comes first, opset_import is field 8 with the version as its field 2 and comes last.
        Assert.Equal(((byte)0x08, (byte)7, (byte)0x10, (byte)13), (graph[0], graph[1], graph[^2], graph[^1]));
        (graph[1], graph[^1]) = (format, opset);
        _folder.Write("model/model.onnx", graph);
        _folder.Write("model/model.yaml", "task: raw\ninput: { color: rgb, resize: stretch, kernel: bilinear, scale: 1/255 }\noutput: { decoder: raw }\n");

        (int code, string output) = await AgentProcess.Run("predict", _folder["model"], TestPictures.FirstGolden(), "--onnxruntime", library);

        Assert.Equal(65, code);
        Assert.Equal($"edgeinfer: {_folder["model/model.onnx"]}: {said}", output);
        (code, output) = await AgentProcess.Run("predict", _folder["model"], TestPictures.FirstGolden());
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task The_kept_graph_of_one_version_is_not_read_by_another()
    {
        await Serve("1.17.3");
        string first = Assert.Single(Directory.GetFiles(_folder["cache"], "*.graph.onnx"));
        await Serve("1.20.1");
        Assert.NotEqual(first, Assert.Single(Directory.GetFiles(_folder["cache"], "*.graph.onnx")));
    }

    /// <summary>Compares boxes with those that ship beside the bundled model's pictures.</summary>
    internal static void AssertGolden(string picture, JsonElement prediction)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(picture, ".json")));
        JsonElement[] expected = [.. golden.RootElement.GetProperty("detections").EnumerateArray()];
        JsonElement[] found = [.. prediction.GetProperty("detections").EnumerateArray()];
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Length, found.Length);
        foreach (JsonElement one in expected)
        {
            Assert.Contains(found, other => other.GetProperty("label").GetString() == one.GetProperty("label").GetString()
                && Math.Abs(other.GetProperty("score").GetDouble() - one.GetProperty("score").GetDouble()) <= Score
                && Box(other).Zip(Box(one)).All(static edge => Math.Abs(edge.First - edge.Second) <= Pixels));
        }
    }

    private static IEnumerable<double> Box(JsonElement detection) => detection.GetProperty("box").EnumerateArray().Select(static v => v.GetDouble());

    private async Task Serve(string version)
    {
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration("mqtt://127.0.0.1:1", "{ synthetic: conveyor, size: 640x480, fps: 5 }", await ReleasedRuntime.Library(version)));
        await agent.Line("runs on cpu");
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
        Assert.DoesNotContain("optimised graph", agent.Output, StringComparison.Ordinal);
    }

    private string Configuration(string broker, string source, string library) => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt: { url: {{broker}} }
        runtime: { onnxruntime: {{library}}, state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache, control: {{_folder.Path}}/control.sock }
        models: { parts: { path: {{TestFolder.BundledModel}} } }
        pipelines: { belt: { source: {{source}}, model: parts } }
        """);
}
