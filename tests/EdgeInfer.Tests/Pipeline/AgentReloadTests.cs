using System.Runtime.InteropServices;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using EdgeInfer.Pipeline;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>Another configuration for a running agent, seen from its broker.</summary>
public sealed class AgentReloadTests : IAsyncLifetime
{
    private const string Root = "edgeinfer/press-3";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-reload-");
    private readonly string _model;
    private EmbeddedBroker _broker = null!;
    private AgentListener _listener = null!;
    private Agent _agent = null!;

    public AgentReloadTests()
    {
        _model = Path.Combine(_folder.FullName, "parts");
        string bundled = Path.Combine(RepositoryFolder.Root, "models", "parts-detector");
        foreach (string file in Directory.EnumerateFiles(bundled, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(_model, Path.GetRelativePath(bundled, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private string Url => _broker.Url.ToString().TrimEnd('/');

    private string Belt => "  belt: { source: { synthetic: conveyor, size: 80x64, fps: 50 }, model: parts, fps: max, publish: { predictions: every } }\n";

    private string Text(string pipelines, string head = "", string models = "", string? url = null, string mqtt = "") => $$"""
        device: { id: press-3 }
        mqtt: { url: {{url ?? Url}}{{mqtt}} }
        runtime: { state_folder: {{_folder.FullName}}/state, cache_folder: {{_folder.FullName}}/cache, threads: 1{{head}} }
        models: { parts: { path: {{_model}} }{{models}} }
        pipelines:

        """ + pipelines;

    public async ValueTask InitializeAsync()
    {
        _broker = await EmbeddedBroker.StartAsync(new() { Url = new("embedded://127.0.0.1:0") }, mayMove: false);
        _listener = new(_broker.Url);
        _agent = await Agent.StartAsync(
            ConfigurationText.Good(Text(Belt)), new(TimeProvider.System, new Random(1), NullLogger.Instance, "1.0"), TestContext.Current.CancellationToken);
        _listener.More($"{Root}/belt/prediction", 3);
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _listener.DisposeAsync();
        await _broker.DisposeAsync();
        _folder.Delete(true);
    }

    [Fact]
    public async Task Only_what_has_changed_is_started_anew_and_every_count_goes_on()
    {
        string exit = Belt.Replace("belt", "exit", StringComparison.Ordinal);
        ReloadOutcome added = await Reload(Text("  # a comment that moves the lines\n" + Belt + exit));
        Assert.Equal("exit added, 1 unchanged", added.ToString());
        _listener.More($"{Root}/exit/prediction", 3);

        ReloadOutcome changed = await Reload(Text(Belt + exit.Replace("80x64", "96x64", StringComparison.Ordinal)));
        Assert.Equal("exit restarted, 1 unchanged", changed.ToString());
        _listener.More($"{Root}/exit/prediction", 3);
        _listener.Status($"{Root}/status", s => s.GetProperty("pipelines").GetProperty("exit").TryGetProperty("source", out var source) && source.GetString() == "96x64 RGB24 50/s");

        ReloadOutcome removed = await Reload(Text(Belt));
        Assert.Equal("exit removed, 1 unchanged", removed.ToString());
        _listener.Until(() => _listener.Texts($"{Root}/exit/status") is [.., "offline"]);
        _listener.Status($"{Root}/status", s => !s.GetProperty("pipelines").TryGetProperty("exit", out _));

        Assert.Equal("exit added, 1 unchanged", (await Reload(Text(Belt + exit))).ToString());
        _listener.More($"{Root}/exit/prediction", 3);
        _listener.More($"{Root}/belt/prediction", 3);
        foreach (string pipeline in new[] { "belt", "exit" })
        {
            IReadOnlyList<long> numbers = _listener.Sequence($"{Root}/{pipeline}/prediction");
            Assert.Equal(Enumerable.Range(1, numbers.Count).Select(n => (long)n), numbers);
        }
    }

    [Fact]
    public async Task A_file_with_a_fault_changes_nothing_and_the_status_says_so_until_one_is_applied()
    {
        string faulty = Text(Belt.Replace("fps: 50", "fsp: 50", StringComparison.Ordinal) + "  exit: { source: { stream: 'http://u:hunter2@cam/' }, model: part }\n");
        ReloadOutcome refused = await Reload(faulty);
        Assert.Equal((false, 3), (refused.IsApplied, refused.Faults.Count));
        _listener.More($"{Root}/belt/prediction", 3);
        string fault = _listener.Status($"{Root}/status", s => s.GetProperty("configuration").TryGetProperty("fault", out _)).GetProperty("configuration").GetProperty("fault").GetString()!;
        Assert.StartsWith("edge.yaml:6:55: unknown key 'pipelines.belt.source.fsp'; did you mean 'fps'? (and 2 more", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", string.Join('\n', _listener.Texts($"{Root}/status")), StringComparison.Ordinal);

        Assert.Equal("1 unchanged", (await Reload(Text(Belt))).ToString());
        _listener.Status($"{Root}/status", s => !s.GetProperty("configuration").TryGetProperty("fault", out _));
        IReadOnlyList<long> numbers = _listener.Sequence($"{Root}/belt/prediction");
        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(n => (long)n), numbers);
    }

    [Theory]
    [InlineData("id: press-3", "id: press-4", "device.id has changed from press-3 to press-4")]
    [InlineData("/state", "/other", "runtime.state_folder has changed from ")]
    [InlineData("threads: 1", "onnxruntime: LIBRARY, threads: 2", "runtime.onnxruntime has changed from none to ")]
    [InlineData("threads: 1", "control: /tmp/x.sock", "runtime.control has changed from ")]
    [InlineData("models: {", "http: { listen: 127.0.0.1:9 }\nmodels: {", "http.listen has changed from none to 127.0.0.1:9")]
    [InlineData("mqtt://", "embedded://", "mqtt.url has changed from mqtt://")]
    public async Task What_needs_a_restart_is_named_and_nothing_is_half_applied(string before, string after, string fault)
    {
        string text = Text(Belt.Replace("80x64", "96x64", StringComparison.Ordinal));
        string architecture = RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x64";
        string library = Directory.GetFiles(AppContext.BaseDirectory, "libonnxruntime.so", SearchOption.AllDirectories)
            .First(f => f.Contains(architecture, StringComparison.Ordinal));
        ReloadOutcome outcome = await Reload(text.Replace(before, after.Replace("LIBRARY", library, StringComparison.Ordinal), StringComparison.Ordinal));
        Fault only = Assert.Single(outcome.Faults);
        Assert.StartsWith(fault, only.What, StringComparison.Ordinal);
        Assert.EndsWith("which needs a restart", only.What, StringComparison.Ordinal);
        Assert.Equal("80x64 RGB24 50/s", _agent.Status().Pipelines!["belt"].Source);
        _listener.Status($"{Root}/status", s => s.GetProperty("configuration").TryGetProperty("fault", out _));
    }

    [Fact]
    public async Task A_model_whose_files_have_changed_is_read_anew()
    {
        string digest = _agent.Status().Models!["parts"].Digest;
        Assert.Equal("1 unchanged", (await Reload(Text(Belt))).ToString());
        await File.AppendAllTextAsync(Path.Combine(_model, "model.yaml"), "# another\n", TestContext.Current.CancellationToken);
        Assert.Equal("belt restarted", (await Reload(Text(Belt))).ToString());
        Assert.NotEqual(digest, _agent.Status().Models!["parts"].Digest);
        Assert.Equal("1 unchanged", (await Reload(Text(Belt))).ToString());

        // What has gone from the disk meanwhile still runs.
        File.Delete(Path.Combine(_model, "model.onnx"));
        Assert.Equal("1 unchanged", (await Reload(Text(Belt))).ToString());
        _listener.More($"{Root}/belt/prediction", 3);
    }

    [Fact]
    public async Task A_new_model_that_cannot_be_loaded_leaves_its_pipeline_without_and_is_tried_again_at_the_next_reload()
    {
        string two = Text(Belt + Belt.Replace("belt", "exit", StringComparison.Ordinal).Replace("model: parts", "model: other", StringComparison.Ordinal),
            models: $", other: {{ path: {_folder.FullName}/other }}");
        Assert.Equal("exit added, 1 unchanged", (await Reload(two)).ToString());
        Assert.Equal(PipelineState.NoModel, _agent.Status().Pipelines!["exit"].State);
        _listener.More($"{Root}/belt/prediction", 3);

        Directory.Move(_model, Path.Combine(_folder.FullName, "other"));
        Assert.Equal("2 unchanged", (await Reload(two)).ToString());
        _listener.More($"{Root}/exit/prediction", 3);
        Assert.Equal(["other", "parts"], _agent.Status().Models!.Keys.Order());

        Assert.Equal("belt removed, 1 unchanged", (await Reload(two.Replace(Belt, "", StringComparison.Ordinal))).ToString());
        Assert.Equal(["other"], _agent.Status().Models!.Keys);
    }

    [Fact]
    public async Task Other_runtime_options_start_every_pipeline_anew()
    {
        Assert.Equal("belt restarted", (await Reload(Text(Belt).Replace("threads: 1", "threads: 2", StringComparison.Ordinal))).ToString());
        _listener.More($"{Root}/belt/prediction", 3);
    }

    [Fact]
    public async Task Another_broker_takes_over_without_a_loss_and_the_old_one_hears_the_end()
    {
        await using EmbeddedBroker other = await EmbeddedBroker.StartAsync(new() { Url = new("embedded://127.0.0.1:0") }, mayMove: false);
        await using AgentListener there = new(other.Url);
        ReloadOutcome outcome = await Reload(Text(Belt, url: other.Url.ToString().TrimEnd('/')));
        Assert.Equal("broker session replaced, 1 unchanged", outcome.ToString());
        there.More($"{Root}/belt/prediction", 5);
        _listener.Status($"{Root}/status", s => s.GetProperty("state").GetString() == "stopped");
        Assert.Equal("offline", _listener.Texts($"{Root}/belt/status")[^1]);
        there.Status($"{Root}/status", s => s.GetProperty("state").GetString() == "online" && s.GetProperty("broker").GetProperty("state").GetString() == "connected");

        long[] all = [.. _listener.Sequence($"{Root}/belt/prediction"), .. there.Sequence($"{Root}/belt/prediction")];
        Assert.Equal(Enumerable.Range(1, all.Length).Select(n => (long)n), all);
        Assert.Equal(0, _agent.Status().Delivery!.Dropped);
    }

    [Fact]
    public async Task Another_prefix_moves_every_topic()
    {
        Assert.Equal("belt restarted, broker session replaced", (await Reload(Text(Belt, mqtt: ", prefix: plant"))).ToString());
        _listener.More("plant/press-3/belt/prediction", 3);
        _listener.Status("plant/press-3/status", s => s.GetProperty("state").GetString() == "online");

        // Said, and then taken away: nobody keeps it true any more.
        _listener.Until(() => _listener.Texts($"{Root}/belt/status") is [.., "offline", ""]);
        _listener.Until(() => _listener.Texts($"{Root}/status") is [.., ""]);
        _listener.Until(() => _listener.Texts($"{Root}/belt/state/enabled") is [.., ""]);
    }

    private Task<ReloadOutcome> Reload(string text)
        => _agent.ReloadAsync(faults => ConfigurationText.Reader().ReadText(text, "edge.yaml", faults), TestContext.Current.CancellationToken);
}
