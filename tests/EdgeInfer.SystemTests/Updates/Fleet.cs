using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>A publisher, a web server, a broker and one device, all of them the published program but for mosquitto.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly string _run;
    private readonly int _port = Mosquitto.FreePort();
    private ChildProcess? _server;
    private ChildProcess? _agent;
    private ChildProcess? _results;
    private ChildProcess? _reports;
    private int _read;

    private Fleet(Mosquitto broker)
    {
        Broker = broker;
        Publisher = new(Folder["release"]);
        _run = $"/dev/shm/{Path.GetFileName(Folder.Path)}";
    }

    /// <summary>Everything of it.</summary>
    public TestFolder Folder { get; } = new();

    /// <summary>mosquitto.</summary>
    public Mosquitto Broker { get; }

    /// <summary>Who owns the fleet.</summary>
    public Publisher Publisher { get; }

    /// <summary>Address and port of the web server.</summary>
    public string Authority => $"127.0.0.1:{_port}";

    /// <summary>The device's control socket.</summary>
    public string Socket => Folder["control.sock"];

    /// <summary>The device's state.</summary>
    public string State => Folder["state"];

    /// <summary>The agent.</summary>
    public ChildProcess Agent => _agent!;

    /// <summary>Who hears results.</summary>
    public ChildProcess Results => _results!;

    /// <summary>The numbers of all results that came have no hole, and their order.</summary>
    public void AssertNumbersAreWhole()
    {
        long[] numbers = [.. Heard.Select(static l => AgentProcess.Payload(l).GetProperty("seq").GetInt64())];
        Assert.Equal(Enumerable.Range(0, numbers.Length).Select(i => numbers[0] + i), numbers);
    }

    /// <summary>All results that came.</summary>
    public IEnumerable<string> Heard => Results.Output.Split('\n').Where(static l => l.Contains("/prediction {", StringComparison.Ordinal));

    /// <summary>A broker alone.</summary>
    public static async Task<Fleet> WithBroker() => new(await Mosquitto.Start());

    /// <summary>A publisher without a release, and a device that trusts it and does not run yet.</summary>
    public static async Task<Fleet> Enrolled()
    {
        Fleet fleet = await WithBroker();
        await fleet.Publisher.Run("init", "--url", $"http://{fleet.Authority}");
        await fleet.Serve(fleet.Publisher);
        string[] enrol = ["enroll", "--repository", $"http://{fleet.Authority}", "--model", "parts", "--state-folder", fleet.State, "--root-sha256"];
        (int refused, string why) = await AgentProcess.Run([.. enrol, new string('0', 64)]);
        Assert.True(refused == 65, why);
        (int code, string said) = await AgentProcess.Run([.. enrol, fleet.Publisher.RootSha256]);
        Assert.True(code == 0, said);
        Assert.Contains($"updates: {{ repository: \"http://{fleet.Authority}/\" }}", said, StringComparison.Ordinal);
        return fleet;
    }

    /// <summary>Somebody's files lie at the fleet's address from now on.</summary>
    public async Task Serve(Publisher whose)
    {
        if (_server is not null)
        {
            await StopServing();
            await _server.DisposeAsync();
        }

        _server = AgentProcess.Start("release", "serve", "--dir", whose.Folder, "--listen", Authority);
        await _server.Line("serving ");
    }

    /// <summary>Nobody answers at the fleet's address.</summary>
    public Task StopServing() => _server!.Terminate(TimeSpan.FromSeconds(10));

    /// <summary>A process serves that somebody else has started.</summary>
    public void TakeServer(ChildProcess server) => _server = server;

    /// <summary>The device starts, or starts again.</summary>
    /// <param name="trial">What a trial takes; null for what it takes everywhere.</param>
    /// <param name="fps">Frames a second.</param>
    /// <param name="pipeline">More keys of its pipeline, each after a comma.</param>
    /// <param name="updates">More keys of <c>updates</c>, each after a comma.</param>
    /// <param name="mqtt">More keys of <c>mqtt</c>, each after a comma.</param>
    public Task StartAgent(string? trial, int fps = 20, string pipeline = "", string updates = "", string mqtt = "") => StartAgent(trial, $$"""
        models: { parts: { managed: parts, initial: {{PartsModel.Bundled}} } }
        updates: { repository: "http://{{Authority}}", poll: 6h, spread: 0s{{updates}} }
        """, fps, pipeline, mqtt);

    /// <summary>The device starts with a configuration of its own.</summary>
    /// <param name="trial">What a trial takes; null for what it takes everywhere.</param>
    /// <param name="models">The keys <c>models</c> and <c>updates</c>.</param>
    /// <param name="fps">Frames a second.</param>
    /// <param name="pipeline">More keys of its pipeline, each after a comma.</param>
    /// <param name="mqtt">More keys of <c>mqtt</c>, each after a comma.</param>
    public async Task StartAgent(string? trial, string models, int fps = 20, string pipeline = "", string mqtt = "")
    {
        string file = Folder.Write("edge.yaml", $$"""
            device: { id: press-3 }
            mqtt: { url: "{{Broker.Url}}"{{mqtt}} }
            runtime: { state_folder: {{State}}, run_folder: {{_run}}, control: {{Socket}}, cache_folder: {{Folder["cache"]}} }
            {{models}}
            pipelines:
              belt: { source: { synthetic: conveyor, size: 320x160, fps: {{fps}} }, model: parts, fps: max, publish: { predictions: every }{{pipeline}} }
            """);
        _results ??= Broker.Subscribe("edgeinfer/press-3/+/prediction");
        _reports ??= Broker.Subscribe("edgeinfer/press-3/update/status/#");
        if (_agent is not null) await _agent.DisposeAsync();
        _agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", file], trial is null ? null : new Dictionary<string, string> { ["EDGEINFER_TEST_TRIAL"] = trial });
        await _agent.Line("runs as press-3");
    }

    /// <summary>The device stops in order.</summary>
    public async Task StopAgent() => Assert.Equal(0, await _agent!.Terminate(TimeSpan.FromSeconds(10)));

    /// <summary>The device ends without a word.</summary>
    public async Task KillAgent()
    {
        _agent!.Signal(9);
        await _agent.Exit(TimeSpan.FromSeconds(10));
    }

    /// <summary>Somebody tells the device that there is something new.</summary>
    public Task Hint() => Tell("edgeinfer/press-3/update/desired", """{"model":"parts"}""");

    /// <summary>Somebody publishes something; it is over when the broker has it.</summary>
    public async Task Tell(string topic, string payload, bool isRetained = false)
    {
        string[] retain = isRetained ? ["-r"] : [];
        (int code, string said) = await ChildProcess.Run(
            Peer.Program("mosquitto_pub"), ["-h", "127.0.0.1", "-p", $"{Broker.Port}", "-V", "5", "-q", "1", .. retain, "-t", topic, "-m", payload]);
        Assert.True(code == 0, said);
    }

    /// <summary>
    /// Frames that the source has given and that have become no result, whatever became of them. Numbers of results do not tell: a frame that is lost gets none.
    /// Of several readings the least: a frame on its way is in one of them, and one that is lost in all.
    /// </summary>
    public async Task<long> LostFrames()
    {
        long least = long.MaxValue;
        for (int reading = 0; reading < 5; reading++)
        {
            (int code, string said) = await AgentProcess.Run("status", "--json", "--socket", Socket);
            Assert.True(code == 0, said);
            JsonElement belt = AgentProcess.Payload(said).GetProperty("pipelines").GetProperty("belt");
            least = Math.Min(least, belt.GetProperty("received").GetInt64() - belt.GetProperty("results").GetInt64());
        }

        return least;
    }

    /// <summary>Reads what the broker keeps of the model's updates, from the newest report on that was read.</summary>
    public async Task<JsonElement> Until(Func<JsonElement, bool> isSo)
    {
        for (int next = Math.Max(1, _read); ; next++)
        {
            JsonElement report = AgentProcess.Payload((await _reports!.Lines("update/status/parts {", next))[next - 1]);
            _read = next;
            if (isSo(report)) return report;
        }
    }

    /// <summary>Until a release is in one of some states; committed, rolled back or failed where none is named.</summary>
    public Task<JsonElement> UntilState(long seq, params string[] states)
    {
        string[] wanted = states.Length == 0 ? ["committed", "rolled_back", "failed"] : states;
        return Until(r => SeqOf(r, "job") == seq && wanted.Contains(StateOf(r)));
    }

    /// <summary>State and code of a report's job.</summary>
    public static (string State, string? Code) Outcome(JsonElement report)
        => (StateOf(report), report.GetProperty("job").TryGetProperty("code", out JsonElement code) ? code.GetString() : null);

    /// <summary>The number of a report's release.</summary>
    public static long? SeqOf(JsonElement report, string part)
        => report.TryGetProperty(part, out JsonElement of) && of.TryGetProperty("seq", out JsonElement seq) ? seq.GetInt64() : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess? process in new[] { _agent, _server, _results, _reports })
            if (process is not null) await process.DisposeAsync();
        await Broker.DisposeAsync();
        if (Directory.Exists(_run)) Directory.Delete(_run, true);
        Folder.Dispose();
    }

    private static string StateOf(JsonElement report) => report.GetProperty("job").GetProperty("state").GetString()!;
}
