using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What is particular about an agent of these tests.</summary>
internal sealed record NetworkAgent
{
    /// <summary>Results a second; 0 for as many as it can make.</summary>
    public int FramesPerSecond { get; init; } = 20;

    /// <summary>Scheme, host and port.</summary>
    public required string Broker { get; init; }

    /// <summary>What is published: <c>every</c> result, or <c>off</c>.</summary>
    public string Publish { get; init; } = "every";

    /// <summary>Seconds of the keep-alive.</summary>
    public int KeepAlive { get; init; } = NetworkRig.KeepAliveSeconds;

    /// <summary>More lines of <c>mqtt</c>, each indented by two.</summary>
    public string Mqtt { get; init; } = "";

    /// <summary>Lines of <c>outbox</c>, each indented by two.</summary>
    public string Outbox { get; init; } = "";

    /// <summary>More lines of the pipeline, each indented by four.</summary>
    public string Pipeline { get; init; } = "";

    /// <summary>Pipelines of the same kind, named belt, belt-2 and so on.</summary>
    public int Pipelines { get; init; } = 1;

    /// <summary>Programs before the agent on its command line.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    /// <summary>More of its environment.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }
}

/// <summary>An agent on the smallest of models, so that hundreds of results a second cost little, with its state on disk and its ring in memory.</summary>
internal sealed class NetworkRig : IAsyncDisposable
{
    /// <summary>The shortest keep-alive that a configuration may have, in seconds.</summary>
    public const int KeepAliveSeconds = 5;

    private readonly TestFolder _folder = new();
    private readonly string _run = Directory.CreateDirectory(Path.Combine("/dev/shm", $"edgeinfer-{Guid.NewGuid():N}")).FullName;
    private readonly NetworkAgent _agent;
    private ChildProcess? _process;

    /// <summary>Writes model and configuration.</summary>
    public NetworkRig(NetworkAgent agent)
    {
        _agent = agent;
        byte[] graph = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 1, 8, 8).Output("y", OnnxBuilder.Float, 1, 1, 1, 1).Node("GlobalAveragePool", ["x"], ["y"]).ToArray();
        _folder.Write("mean/model.onnx", graph);
        _folder.Write("mean/model.yaml", "name: mean\nversion: 1.0.0\ntask: raw\ninput: { color: gray, resize: none, scale: 1/255 }\n");
        Status = new(_folder["control.sock"]);
        Configure(agent.Broker);
    }

    /// <summary>The results of one frame after another: <paramref name="framesPerSecond"/> of eight by eight black pixels.</summary>
    public static string Source(int framesPerSecond)
        => $"{{ exec: [cat, /dev/zero], format: gray, size: 8x8{(framesPerSecond > 0 ? string.Create(CultureInfo.InvariantCulture, $", fps: {framesPerSecond}") : "")} }}";

    /// <summary>The configuration's path.</summary>
    public string Configuration => _folder["edgeinfer.yaml"];

    /// <summary>The test's folder.</summary>
    public TestFolder Folder => _folder;

    /// <summary>The agent's folder for its state.</summary>
    public string State => _folder["state"];

    /// <summary>Asks the agent.</summary>
    public StatusProbe Status { get; }

    /// <summary>The agent.</summary>
    public ChildProcess Process => _process ?? throw new InvalidOperationException("the agent is not started");

    /// <summary>Writes the configuration for a broker.</summary>
    public void Configure(string broker) => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt:
          url: {{broker}}
          keep_alive: {{_agent.KeepAlive}}s
        {{_agent.Mqtt}}
        {{(_agent.Outbox.Length > 0 ? $"outbox:\n{_agent.Outbox}" : "")}}
        runtime: { state_folder: {{State}}, cache_folder: {{_folder["cache"]}}, run_folder: {{_run}}, control: {{_folder["control.sock"]}}, threads: 1 }
        models:
          mean: { path: {{_folder["mean"]}} }
        pipelines:
        {{string.Join('\n', Enumerable.Range(1, _agent.Pipelines).Select(Pipeline))}}
        """);

    private string Pipeline(int number) => $$"""
          {{(number == 1 ? "belt" : $"belt-{number}")}}:
            source: {{Source(_agent.FramesPerSecond)}}
            model: mean
            fps: max
            publish: { predictions: {{_agent.Publish}} }
        {{_agent.Pipeline}}
        """;

    /// <summary>Starts the agent.</summary>
    public ChildProcess Start()
    {
        string[] line = [.. _agent.Before, PublishedBinary.Path, "run", "-c", Configuration];
        return _process = ChildProcess.Start(line[0], line[1..], _agent.Environment);
    }

    /// <summary>Waits for the control socket and a connection.</summary>
    public async Task Connected(TimeSpan? patience = null)
    {
        await Process.Line("runs as press-3");
        await Status.Until(s => BrokerState(s) == "connected", "connected", patience);
    }

    /// <summary>Results accepted so far.</summary>
    public async Task<long> Accepted() => Outbox(await Status.Ask(), "accepted");

    /// <summary>Stops the agent in peace.</summary>
    public async Task Stop() => Assert.Equal(0, await Process.Terminate(TimeSpan.FromSeconds(30)));

    /// <summary>CPU seconds that the agent has used.</summary>
    public TimeSpan Cpu()
    {
        using Process process = System.Diagnostics.Process.GetProcessById(Process.Id);
        return process.TotalProcessorTime;
    }

    /// <summary>A value of <c>/proc/PID/status</c> or <c>/proc/PID/io</c>, its first number.</summary>
    public static long Proc(int processId, string file, string name)
    {
        string line = File.ReadLines($"/proc/{processId}/{file}").First(l => l.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line[(name.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }

    /// <summary>The broker's state in a status.</summary>
    public static string BrokerState(JsonElement status) => status.GetProperty("broker").GetProperty("state").GetString()!;

    /// <summary>A number of the outbox in a status.</summary>
    public static long Outbox(JsonElement status, string name) => status.GetProperty("outbox").GetProperty(name).GetInt64();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        Directory.Delete(_run, true);
        _folder.Dispose();
    }
}
