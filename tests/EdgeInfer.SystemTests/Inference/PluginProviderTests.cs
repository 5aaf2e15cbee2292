using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Inference;

/// <summary>
/// Providers other than the CPU's at the published agent, by a plug-in that takes one node of the bundled model and does what a file tells it:
/// it is ready late, it fails, it loses its device.
/// </summary>
public sealed class PluginProviderTests : IDisposable
{
    private const int HangUp = 1;
    private static readonly Dictionary<string, string> s_noDevice = new() { ["PLUGIN_NO_DEVICE"] = "1" };
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_plug_in_runs_its_nodes_and_the_rest_stays_on_the_CPU_as_everybody_is_told()
    {
        string library = await PluginLibrary.Build(_folder);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        int port = Mosquitto.FreePort();
        await using ChildProcess agent = Run(broker.Url, library, http: $"http: {{ listen: 127.0.0.1:{port} }}");
        Assert.Contains("1 node on npu", await agent.Line("runs on npu ("), StringComparison.Ordinal);
        Assert.Equal("npu", AgentProcess.Payload(await listener.Line("/belt/prediction {")).GetProperty("provider").GetString());

        JsonElement belt = Belt(await listener.Line("\"provider\":\"npu\",\"provider_nodes\":1,"));
        Assert.Equal(1, belt.GetProperty("node_providers").GetProperty("npu").GetInt32());
        Assert.Equal(belt.GetProperty("nodes").GetInt32() - 1, belt.GetProperty("node_providers").GetProperty("cpu").GetInt32());
        Assert.False(belt.TryGetProperty("passed_over", out _));
        Assert.False(belt.TryGetProperty("build", out _));

        using HttpClient client = new();
        string metrics = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
        Assert.Contains("edgeinfer_provider_nodes{pipeline=\"belt\",model=\"parts\",provider=\"npu\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("edgeinfer_provider_nodes{pipeline=\"belt\",model=\"parts\",provider=\"cpu\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("edgeinfer_provider_fallback{pipeline=\"belt\",model=\"parts\"} 0\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_a_provider_is_made_ready_the_next_one_serves_and_no_result_is_lost_when_it_takes_over()
    {
        string library = await PluginLibrary.Build(_folder);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Run(broker.Url, library, $"background: true, wait_for: {_folder["ready"]}");
        await agent.Line("npu is made ready in the background, cpu serves meanwhile");
        await listener.Line("\"seq\":10,");
        // Not the status before it: that one is made ready is known before the other one serves.
        JsonElement building = Belt(await listener.Line("\"passed_over\":{\"npu\":\"is being made ready\""));
        Assert.Equal(("cpu", "npu", "running"), (building.GetProperty("provider").GetString(), building.GetProperty("build").GetProperty("provider").GetString(), building.GetProperty("build").GetProperty("state").GetString()));
        (_, string said) = await AgentProcess.Run("status", "--socket", _folder["control.sock"]);
        Assert.Contains("npu is being made ready", said, StringComparison.Ordinal);

        _folder.Write("ready", "");
        JsonElement first = AgentProcess.Payload(await listener.Line("\"provider\":\"npu\",\"frame\""));
        await listener.Line($"\"seq\":{first.GetProperty("seq").GetInt64() + 10},");
        // A status between the two says that it is made ready and that the other one serves still.
        JsonElement built = Belt(await listener.Line("\"provider\":\"npu\",\"provider_nodes\":1,"));
        Assert.Equal(("npu", "done"), (built.GetProperty("build").GetProperty("provider").GetString(), built.GetProperty("build").GetProperty("state").GetString()));
        Assert.False(built.TryGetProperty("passed_over", out _));

        // One provider, then the other: numbers without a hole, and from the frames' times not more than one frame is missing.
        JsonElement[] results = [.. listener.Output.Split('\n').Where(static line => line.Contains("/belt/prediction {", StringComparison.Ordinal)).Select(AgentProcess.Payload)];
        Assert.Equal(Enumerable.Range(1, results.Length).Select(static n => (long)n), results.Select(static r => r.GetProperty("seq").GetInt64()));
        string[] providers = [.. results.Select(static r => r.GetProperty("provider").GetString()!)];
        Assert.Equal(providers.Order(StringComparer.Ordinal), providers);
        int swap = Array.IndexOf(providers, "npu");
        TimeSpan gap = results[swap].GetProperty("captured_at").GetDateTimeOffset() - results[swap - 1].GetProperty("captured_at").GetDateTimeOffset();
        Assert.InRange(gap, TimeSpan.Zero, TimeSpan.FromSeconds(2.5 / FramesPerSecond));
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
    }

    [Fact]
    public async Task A_provider_that_fails_behind_the_scenes_is_named_once_and_the_next_one_goes_on()
    {
        string library = await PluginLibrary.Build(_folder);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Run(broker.Url, library, $"background: true, wait_for: {_folder["ready"]}, fail: no memory for the engine");
        await listener.Line("/belt/prediction {");
        _folder.Write("ready", "");
        Assert.Contains("no memory for the engine", await agent.Line("does not run on npu, which failed after"), StringComparison.Ordinal);
        JsonElement belt = Belt(await listener.Line("\"build\":{\"provider\":\"npu\",\"state\":\"failed\""));
        Assert.Equal(("running", "cpu", "no memory for the engine"),
            (belt.GetProperty("state").GetString(), belt.GetProperty("provider").GetString(), belt.GetProperty("passed_over").GetProperty("npu").GetString()));
        agent.Signal(HangUp);
        await agent.Line("configuration reloaded");
        Assert.Single(agent.Output.Split('\n'), static line => line.Contains("does not run on npu", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_provider_is_required_nothing_serves_before_it_is_ready_and_nobody_kills_the_agent_for_it()
    {
        string library = await PluginLibrary.Build(_folder);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        using ServiceManager systemd = new(_folder["notify"]);
        await using ChildProcess agent = Run(broker.Url, library, $"background: true, wait_for: {_folder["ready"]}", "required: true, ", new()
        {
            ["NOTIFY_SOCKET"] = _folder["notify"],
            ["WATCHDOG_USEC"] = "2000000",
        });
        Assert.Contains("READY=1", await systemd.Hears("READY=1"), StringComparison.Ordinal);
        JsonElement belt = Belt(await listener.Line("nothing may serve meanwhile"));
        Assert.Equal("starting", belt.GetProperty("state").GetString());

        // Four a watchdog's time: twelve of them are three times as long as it would wait.
        await systemd.HearsAlive(12);
        Assert.DoesNotContain("/belt/prediction {", listener.Output, StringComparison.Ordinal);
        _folder.Write("ready", "");
        Assert.Equal("npu", AgentProcess.Payload(await listener.Line("/belt/prediction {")).GetProperty("provider").GetString());
    }

    [Fact]
    public async Task A_stop_during_a_build_is_a_stop()
    {
        string library = await PluginLibrary.Build(_folder);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Run(broker.Url, library, $"background: true, wait_for: {_folder["never"]}");
        await listener.Line("/belt/prediction {");
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(20)));
        await listener.Line("\"state\":\"stopped\"");
    }

    [Theory]
    [InlineData("wiat_for: /tmp/x", "npu: Error creating execution provider: unknown provider option 'wiat_for'")]
    [InlineData("device: 3", "npu: it has no device 3, only 0 (CPU, ")]
    [InlineData("fail: no memory for the engine", "npu: no memory for the engine")]
    public async Task A_required_provider_that_does_not_take_its_options_ends_the_agent_with_its_words(string options, string words)
    {
        await using ChildProcess agent = Run("mqtt://127.0.0.1:1", await PluginLibrary.Build(_folder), options, "required: true, ");
        Assert.Equal(69, await agent.Exit(ChildProcess.Patience));
        Assert.Contains(words, agent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_library_without_a_device_here_is_passed_over_aloud()
    {
        string library = await PluginLibrary.Build(_folder);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Run(broker.Url, library, environment: s_noDevice);
        await agent.Line($"does not run on npu: {library} finds no device of its kind on this machine");
        JsonElement belt = Belt(await listener.Line("\"passed_over\""));
        Assert.Equal("cpu", belt.GetProperty("provider").GetString());
    }

    [Fact]
    public async Task Other_plug_ins_need_a_restart_and_a_reload_says_so()
    {
        string library = await PluginLibrary.Build(_folder);
        await using ChildProcess agent = Run("mqtt://127.0.0.1:1", library);
        await agent.Line("runs on npu (");
        Configuration("mqtt://127.0.0.1:1", _folder.Copy(library, "other/libpluginprovider.so"));
        agent.Signal(HangUp);
        Assert.Contains("which needs a restart", await agent.Line("runtime.plugins has changed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_device_ends_the_agent_with_70_and_nothing_is_published_after_it()
    {
        string library = await PluginLibrary.Build(_folder);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Run(broker.Url, library, $"lose_when: {_folder["lost"]}");
        await listener.Line("\"seq\":5,");
        _folder.Write("lost", "");
        Assert.Equal(70, await agent.Exit(TimeSpan.FromSeconds(20)));
        await listener.Line("\"state\":\"stopped\"");
        string[] said = [.. agent.Output.Split('\n').Where(static line => line.Contains("error", StringComparison.Ordinal))];
        Assert.Contains("npu's device is lost to this process: CUDA failure 700: an illegal memory access was encountered ; GPU=0; the agent ends with 70", Assert.Single(said), StringComparison.Ordinal);

        // The goodbye is the last of the agent; whatever results there are come from before, in their order.
        string[] lines = listener.Output.Split('\n');
        Assert.DoesNotContain(lines[Array.FindIndex(lines, static line => line.Contains("\"state\":\"stopped\"", StringComparison.Ordinal))..], static line => line.Contains("/prediction {", StringComparison.Ordinal));
        Assert.All(lines.Where(static line => line.Contains("/prediction {", StringComparison.Ordinal)), static line => Assert.Equal("npu", AgentProcess.Payload(line).GetProperty("provider").GetString()));
    }

    [Fact]
    public async Task A_models_own_fault_on_a_device_is_not_taken_for_a_lost_one()
    {
        string library = await PluginLibrary.Build(_folder);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Run(broker.Url, library, $"fault_when: {_folder["fault"]}");
        await listener.Line("\"seq\":5,");
        _folder.Write("fault", "");
        await agent.Line("the model failed while running: the input has a shape that was not compiled");
        File.Delete(_folder["fault"]);
        long last = listener.Output.Split('\n').Where(static line => line.Contains("/prediction {", StringComparison.Ordinal)).Select(static line => AgentProcess.Payload(line).GetProperty("seq").GetInt64()).Max();
        await listener.Line($"\"seq\":{last + 3},");
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
    }

    [Fact]
    public async Task NVIDIAs_providers_without_CUDA_name_every_missing_library_and_the_CPU_serves()
    {
        // ONNX Runtime with CUDA, where publish.sh --cuda was run. It needs nothing of CUDA to say that CUDA is not there.
        string library = Path.Combine(PublishedBinary.Root, "artifacts", "edgeinfer-cuda", "libonnxruntime.so");
        Assert.SkipUnless(File.Exists(library), $"{library} is missing; run ./publish.sh --cuda first");
        Assert.SkipWhen(File.Exists("/dev/nvidiactl"), "this machine has a GPU");
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", _folder.Write("edgeinfer.yaml", $$"""
            device: { id: press-3 }
            mqtt: { url: "mqtt://127.0.0.1:1" }
            runtime:
              { providers: [tensorrt, cuda, cpu], onnxruntime: {{library}}, options: { cuda: { memory: 1GiB }, tensorrt: { fp16: true } },
                state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache, run_folder: {{_folder.Path}}/run, control: off }
            models: { parts: { path: {{TestFolder.BundledModel}} } }
            pipelines: { belt: { source: { synthetic: conveyor, size: 320x240, fps: 10, seed: 1 }, model: parts } }
            """)]);
        string cuda = await agent.Line("does not run on cuda");
        Assert.Contains("its library cannot be loaded", cuda, StringComparison.Ordinal);
        Assert.Contains("libcublasLt.so.13, libcublas.so.13, libcurand.so.10, libcudart.so.13, libcuda.so.1", cuda, StringComparison.Ordinal);
        Assert.Contains("libnvinfer.so.10", await agent.Line("does not run on tensorrt"), StringComparison.Ordinal);
        await agent.Line("runs on cpu (");
        Assert.DoesNotContain("in the background", agent.Output, StringComparison.Ordinal);
    }

    private const int FramesPerSecond = 10;

    private static JsonElement Belt(string status) => AgentProcess.Payload(status).GetProperty("pipelines").GetProperty("belt");

    private ChildProcess Run(string broker, string library, string options = "", string runtime = "", Dictionary<string, string>? environment = null, string http = "")
        => ChildProcess.Start(PublishedBinary.Path, ["run", "-c", Configuration(broker, library, options, runtime, http)], environment);

    private string Configuration(string broker, string library, string options = "", string runtime = "", string http = "") => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt: { url: "{{broker}}" }
        {{http}}
        runtime:
          { providers: [npu, cpu], {{runtime}}plugins: { npu: {{library}} }, options: { npu: { {{options}} } },
            state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache, run_folder: {{_folder.Path}}/run, control: {{_folder.Path}}/control.sock }
        models: { parts: { path: {{TestFolder.BundledModel}} } }
        pipelines: { belt: { source: { synthetic: conveyor, size: 320x240, fps: {{FramesPerSecond}}, seed: 1 }, model: parts, fps: max, publish: { predictions: every } } }
        """);
}
