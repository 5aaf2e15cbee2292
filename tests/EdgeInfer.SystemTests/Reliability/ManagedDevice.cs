using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>
/// A device with one managed model: the published agent on a synthetic source, with no broker, whose trials end with their first result. Faults
/// meet the parts of the store and what the device trusts; the outbox beside them has tests of its own.
/// </summary>
internal sealed class ManagedDevice : IAsyncDisposable
{
    private static readonly string[] s_parts = ["store.lock", "blobs", "staging", "models", "jobs", "tuf"];
    private readonly ReleaseShelf _shelf;
    private readonly string _folder;
    private ChildProcess? _agent;

    /// <summary>A device that was never started.</summary>
    /// <param name="shelf">What it may get.</param>
    /// <param name="folder">For everything that is its own; made here.</param>
    /// <param name="stateFolder">Elsewhere than in <paramref name="folder"/>, or null.</param>
    public ManagedDevice(ReleaseShelf shelf, string folder, string? stateFolder = null)
    {
        (_shelf, _folder) = (shelf, folder);
        Directory.CreateDirectory(folder);
        StateFolder = stateFolder ?? Path.Combine(folder, "state");
        Faults = new(folder, [.. s_parts.Select(part => Path.Combine(StateFolder, part))]);
    }

    /// <summary>Where its store is.</summary>
    public string StateFolder { get; }

    /// <summary>Faults of its store.</summary>
    public StorageFaults Faults { get; }

    /// <summary>A program and its arguments that start the agent in its stead.</summary>
    public string[] Wrapper { get; set; } = [];

    /// <summary>What the agent printed in this life.</summary>
    public string Said => _agent?.Output ?? "";

    /// <summary>Whether it is there.</summary>
    public bool IsAlive => _agent is { HasExited: false };

    private string Socket => Path.Combine(_folder, "control.sock");

    private string RunFolder => $"/dev/shm/{Path.GetFileName(Path.GetDirectoryName(_folder))}-{Path.GetFileName(_folder)}";

    /// <summary>Starts the agent.</summary>
    /// <param name="repository">Where it looks for releases by itself; null for nowhere.</param>
    public void Start(string? repository)
    {
        string file = Path.Combine(_folder, "edge.yaml");
        string source = repository is null ? "" : $", repository: \"{repository}\", poll: 6h, spread: 0s";
        File.WriteAllText(file, $$"""
            device: { id: press-3 }
            mqtt: { url: "mqtt://127.0.0.1:1" }
            runtime: { state_folder: {{StateFolder}}, run_folder: {{RunFolder}}, control: {{Socket}}, cache_folder: {{_folder}}/cache }
            models: { parts: { managed: {{ReleaseShelf.ModelName}}, initial: {{_shelf.Model(0)}} } }
            updates: { root: {{_shelf.Root}}{{source}} }
            pipelines:
              belt: { source: { synthetic: conveyor, size: 160x120, fps: 10 }, model: parts, fps: 10, publish: { predictions: off } }
            """);
        string[] command = [.. Wrapper, PublishedBinary.Path, "run", "-c", file];
        _agent = ChildProcess.Start(command[0], command[1..], new Dictionary<string, string>(Faults.Environment) { ["EDGEINFER_TEST_TRIAL"] = "1/0s" });
    }

    /// <summary>Waits until its pipelines run; false where it has ended before.</summary>
    public async Task<bool> Runs()
    {
        for (int i = 0; i < 3000 && IsAlive; i++)
        {
            if (Said.Contains("runs as press-3", StringComparison.Ordinal)) return true;
            await _agent!.ExitWithin(TimeSpan.FromMilliseconds(20));
        }

        return false;
    }

    /// <summary>Runs a verb against it.</summary>
    public Task<(int ExitCode, string Output)> Ask(params string[] verb) => AgentProcess.Run([.. verb, "--socket", Socket]);

    /// <summary>What it says of the model; null where it does not answer.</summary>
    public async Task<JsonElement?> Report()
    {
        (int code, string output) = await Ask("update", "status", "--json");
        if (code != 0) return null;
        using JsonDocument document = JsonDocument.Parse(output);
        return document.RootElement[0].Clone();
    }

    /// <summary>Results that its pipeline has made in this life; null where it does not answer.</summary>
    public async Task<long?> Results()
    {
        (int code, string output) = await Ask("status", "--json");
        if (code != 0) return null;
        using JsonDocument document = JsonDocument.Parse(output);
        return document.RootElement.GetProperty("pipelines").GetProperty("belt").TryGetProperty("results", out JsonElement results) ? results.GetInt64() : 0;
    }

    /// <summary>Waits until what it says of the model is so; false where it ends before, or takes too long.</summary>
    public async Task<bool> Until(Func<JsonElement, bool> isSo, TimeSpan patience)
    {
        for (System.Diagnostics.Stopwatch waited = System.Diagnostics.Stopwatch.StartNew(); waited.Elapsed < patience && IsAlive;)
        {
            if (await Report() is { } report && isSo(report)) return true;
            await _agent!.ExitWithin(TimeSpan.FromMilliseconds(100));
        }

        return false;
    }

    /// <summary>Waits for its end, for a while.</summary>
    public async Task Ends(TimeSpan patience)
    {
        if (_agent is not null) await _agent.ExitWithin(patience);
    }

    /// <summary>Sends a signal; nothing where it has ended.</summary>
    public void Signal(int signal)
    {
        if (IsAlive) _agent!.Signal(signal);
    }

    /// <summary>SIGKILL, and what it has printed.</summary>
    public async Task<string> Kill()
    {
        if (_agent is not { } agent) return "";
        _agent = null;
        agent.Signal(9);
        await agent.Exit(ChildProcess.Patience);
        string said = agent.Output;
        await agent.DisposeAsync();
        return said;
    }

    /// <summary>The power fails: what it had in memory is gone.</summary>
    public void ForgetMemory()
    {
        if (Directory.Exists(RunFolder)) Directory.Delete(RunFolder, recursive: true);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Kill();
        ForgetMemory();
        Faults.Dispose();
    }
}
