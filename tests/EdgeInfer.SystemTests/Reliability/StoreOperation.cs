using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What a device is made to do with its store: from where, how, and what is so afterwards.</summary>
internal sealed partial class StoreOperation
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);
    private readonly ReleaseShelf _shelf;
    private readonly long? _from;
    private readonly string? _line;
    private readonly long _goal;

    private StoreOperation(string name, ReleaseShelf shelf, long? from, string? line, long goal) => (Name, _shelf, _from, _line, _goal) = (name, shelf, from, line, goal);

    /// <summary>Those of the store that take an agent.</summary>
    public static IReadOnlyList<string> Names { get; } = ["install", "update", "apply", "rollback", "collect"];

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>
    /// An operation: <c>install</c> takes the first release over HTTP on a device without any state, <c>update</c> the second on one that serves the
    /// first; <c>apply</c> takes that from a folder; <c>rollback</c> goes back from the second; <c>collect</c> activates what serves, with much
    /// about that nothing names.
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="shelf">What was published.</param>
    public static StoreOperation Of(string name, ReleaseShelf shelf) => name switch
    {
        "install" => new(name, shelf, null, shelf.Url(1), 1),
        "update" => new(name, shelf, 1, shelf.Url(2), 2),
        "apply" => new(name, shelf, 1, null, 2),
        "rollback" => new(name, shelf, 2, null, 1),
        "collect" => new(name, shelf, 2, null, 2),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such operation"),
    };

    /// <summary>Puts the state folder where this begins.</summary>
    public async Task Arrange(ManagedDevice device)
    {
        if (_from is { } from) await ReleaseShelf.CopyTree(_shelf.State(from), device.StateFolder);
        if (Name == "collect") await Litter.Make(device.StateFolder);
    }

    /// <summary>Starts the agent and does it, until that is reported, it is refused, or the agent has ended.</summary>
    public async Task<StoreLife> Attempt(ManagedDevice device, TimeSpan? patience = null)
    {
        StoreLife life = new();
        device.Start(_line);
        if (await device.Runs()) await Act(device, life, patience ?? s_patience);
        return life;
    }

    /// <summary>Does it with an agent that runs: not again where it was done before.</summary>
    public async Task Act(ManagedDevice device, StoreLife life, TimeSpan patience)
    {
        if (await device.Report() is not { } report) return;
        long? active = report.TryGetProperty("active", out JsonElement generation) ? generation.GetProperty("seq").GetInt64() : null;
        switch (Name)
        {
            case "rollback":
                if (active != _goal) life.Answers["rollback"] = await device.Ask("model", "rollback", ReleaseShelf.ModelName);
                life.IsReached = active == _goal || life.Succeeded("rollback");
                break;
            case "collect":
                if (report.TryGetProperty("pin", out _)) await device.Ask("update", "resume", ReleaseShelf.ModelName);
                life.Answers["activate"] = await device.Ask("model", "activate", ReleaseShelf.ModelName, $"{_goal}");
                life.IsReached = life.Succeeded("activate");
                break;
            default:
                if (active != _goal && Name == "apply") life.Answers["apply"] = await device.Ask("update", "apply", _shelf.Repository(_goal));
                life.IsReached = active == _goal || await Serves(device, life, patience);
                break;
        }
    }

    /// <summary>Tries again with an agent that runs, as an operator would; once more where it was just then being said that it does not go on.</summary>
    public async Task Again(ManagedDevice device, StoreLife life)
    {
        for (int i = 0; i < 3 && !life.IsReached && device.IsAlive; i++)
        {
            life.Stops = Stopped().Count(device.Said);
            await device.Ask("update", "retry", ReleaseShelf.ModelName);
            await Act(device, life, s_patience);
        }
    }

    /// <summary>Does it without a fault.</summary>
    public async Task Complete(ManagedDevice device)
    {
        StoreLife life = await Attempt(device);
        Assert.True(life.IsReached, $"{Name} is not done: {string.Concat(life.Answers.Select(static a => $"{a.Key} {a.Value.ExitCode}: {a.Value.Output}\n"))}{device.Said}");
    }

    /// <summary>Whether a disk is as this operation leaves it.</summary>
    public bool IsDone(StoreReading reading, string stateFolder) => Name switch
    {
        "rollback" => reading.Active == _goal && reading.Refused.Contains(2),
        "collect" => reading.Active == _goal && reading.Pin == _goal && Litter.Left(stateFolder).Count == 0,
        _ => reading.Active == _goal,
    };

    /// <summary>What is broken on a disk after a life of this operation, or was reported in it and is not so.</summary>
    /// <param name="reading">The disk.</param>
    /// <param name="life">The answers that were given.</param>
    /// <param name="said">What the agent has printed.</param>
    public IEnumerable<string> Broken(StoreReading reading, StoreLife life, string said)
    {
        foreach (string fault in reading.Faults) yield return fault;
        long?[] allowed = Name switch
        {
            "install" => [null, 0, 1],
            _ => [_from, _goal],
        };
        if (!allowed.Contains(reading.Active)) yield return $"{reading.Active} is active, neither the old nor the new one";
        if (reading.Trial is { } trial && trial != _goal) yield return $"{trial} is on trial, which nobody wanted";
        if (Committed().Matches(said) is [.., var committed] && Seq(committed) != reading.Active) yield return $"it said that {Seq(committed)} serves from now on, and {reading.Active} is active";
        if (Tried().Matches(said) is [.., var tried] && Seq(tried) is var seq && reading.Trial != seq && reading.Active != seq && !reading.Refused.Contains(seq)) yield return $"it said that {seq} goes on trial, and nothing knows of that";
        if (life.Succeeded("rollback") && !(reading.Active == _goal && reading.Refused.Contains(2))) yield return $"the rollback was confirmed, and it is {reading}";
        if (life.Succeeded("activate") && reading.Pin != _goal) yield return $"the activation was confirmed, and it is {reading}";
        long timestamp = StoreReading.VersionOf(Path.Combine(_shelf.Repository(_goal), "metadata", "timestamp.json"));
        if (life.Succeeded("apply") && reading.Timestamp < timestamp) yield return $"the folder was accepted, and the device knows the timestamp {reading.Timestamp} instead of {timestamp}";
    }

    private async Task<bool> Serves(ManagedDevice device, StoreLife life, TimeSpan patience)
    {
        for (System.Diagnostics.Stopwatch waited = System.Diagnostics.Stopwatch.StartNew(); waited.Elapsed < patience && device.IsAlive;)
        {
            if (Committed().IsMatch(device.Said)) return true;
            // What is refused, or waits for the disk, is for the caller to try again.
            if (Stopped().Count(device.Said) > life.Stops) return false;

            await device.Ends(TimeSpan.FromMilliseconds(20));
        }

        return false;
    }

    private static long Seq(Match match) => long.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"model parts: (\d+)-[0-9a-f]{8} \([0-9.]+\) serves from now on")]
    private static partial Regex Committed();

    [GeneratedRegex(@"model parts: (\d+)-[0-9a-f]{8} \([0-9.]+\) goes on trial")]
    private static partial Regex Tried();

    [GeneratedRegex("is not taken|is rolled back|its update waits|are tried again later|nothing is taken|updates wait for the disk")]
    private static partial Regex Stopped();
}

/// <summary>What was reported in one life of an agent.</summary>
internal sealed class StoreLife
{
    /// <summary>The answers to verbs.</summary>
    public Dictionary<string, (int ExitCode, string Output)> Answers { get; } = [];

    /// <summary>Whether the operation was reported as done.</summary>
    public bool IsReached { get; set; }

    /// <summary>How often it was said that it does not go on now.</summary>
    public int Stops { get; set; }

    /// <summary>Whether a verb was confirmed.</summary>
    public bool Succeeded(string verb) => Answers.TryGetValue(verb, out (int ExitCode, string Output) answer) && answer.ExitCode == 0;
}
