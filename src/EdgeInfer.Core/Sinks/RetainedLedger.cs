using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Sinks;

/// <summary>
/// Which topics this device may have retained at which broker, in <c>retained.json</c> of the state folder: written before the first
/// of them is published, so that however the agent ended, the next start finds those that are no longer used and clears them. In steady
/// state nothing is written. Any thread.
/// </summary>
internal sealed class RetainedLedger
{
    private const string Schema = "edgeinfer/retained/1";
    private const int LargestBytes = 4 << 20;

    /// <summary>Brokers remembered: a device that changes them more often is not at one of the older ones again.</summary>
    private const int MostBrokers = 4;

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly List<(string Broker, SortedSet<string> Topics)> _brokers = [];
    private readonly HashSet<(string Broker, string Topic)> _stale = [];

    private RetainedLedger(string stateFolder) => _path = Path.Combine(stateFolder, "retained.json");

    /// <summary>Reads the ledger; one that cannot be understood is set aside.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="fault">Why something was not read.</param>
    public static RetainedLedger Open(string stateFolder, out Fault? fault)
    {
        RetainedLedger ledger = new(stateFolder);
        fault = ledger.Read();
        return ledger;
    }

    /// <summary>A session begins: these topics are used at a broker, all others of this device no longer.</summary>
    /// <param name="broker">Host and port.</param>
    /// <param name="used">The topics.</param>
    /// <returns>Topics to be cleared there.</returns>
    /// <exception cref="IOException">It cannot be written; what is used is not remembered then.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public IReadOnlyList<string> Begin(string broker, IEnumerable<string> used)
    {
        lock (_lock)
        {
            HashSet<string> wanted = [.. used];
            string[] stale = [.. Topics(broker).Where(topic => !wanted.Contains(topic))];
            _stale.Clear();
            foreach (string topic in stale) _stale.Add((broker, topic));
            Add(broker, wanted);
            return stale;
        }
    }

    /// <summary>More topics are used at a broker.</summary>
    /// <inheritdoc cref="Begin"/>
    public void Extend(string broker, IEnumerable<string> used)
    {
        lock (_lock) Add(broker, used);
    }

    /// <summary>A broker has acknowledged that a topic is cleared; written down once that is so for all that were to be.</summary>
    /// <exception cref="IOException">It cannot be written; the topic is cleared again at the next start.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Cleared(string broker, string topic)
    {
        lock (_lock)
        {
            bool isChanged = Topics(broker).Remove(topic);
            _stale.Remove((broker, topic));
            if (isChanged && _stale.Count == 0) Write();
        }
    }

    private SortedSet<string> Topics(string broker)
    {
        int at = _brokers.FindIndex(b => b.Broker == broker);
        SortedSet<string> topics = at >= 0 ? _brokers[at].Topics : new(StringComparer.Ordinal);

        // The one in use first: of too many the one that was left longest ago goes.
        if (at >= 0) _brokers.RemoveAt(at);
        _brokers.Insert(0, (broker, topics));
        if (_brokers.Count > MostBrokers) _brokers.RemoveAt(MostBrokers);
        return topics;
    }

    private void Add(string broker, IEnumerable<string> used)
    {
        SortedSet<string> topics = Topics(broker);
        int before = topics.Count;
        topics.UnionWith(used);
        if (topics.Count != before) Write();
    }

    private void Write()
    {
        RetainedTopics content = new(Schema, [.. _brokers.Select(static b => new BrokerTopics(b.Broker, [.. b.Topics]))]);
        DurableFolder.Make(Path.GetDirectoryName(_path)!);
        AtomicFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(content, LedgerJson.Default.RetainedTopics));
    }

    private Fault? Read()
    {
        try
        {
            FileInfo file = new(_path);
            if (!file.Exists) return null;
            if (file.Length > LargestBytes) return SetAside($"it has {file.Length} bytes");
            RetainedTopics? content = JsonSerializer.Deserialize(File.ReadAllBytes(_path), LedgerJson.Default.RetainedTopics);
            if (content is not { Schema: Schema, Brokers: { } brokers }) return SetAside("it is something else");
            foreach (BrokerTopics? entry in brokers.Take(MostBrokers))
            {
                if (entry is not { Broker: not null, Topics: not null }) continue;
                _brokers.Add((entry.Broker, new(entry.Topics.Where(IsTopic), StringComparer.Ordinal)));
            }

            return null;
        }
        catch (JsonException e)
        {
            return SetAside($"it is no JSON: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(FaultKind.InputOutput, _path, $"the list of retained topics cannot be read: {e.Message}", "make it readable and restart");
        }
    }

    private static bool IsTopic(string? topic)
        => topic is { Length: > 0 and <= 4096 } && topic.AsSpan().IndexOfAny('+', '#', '\0') < 0;

    private Fault SetAside(string what) => new(FaultKind.InputOutput, _path, $"the list of retained topics cannot be understood: {what}",
        $"what an earlier start retained may stay at the broker; {DurableMove.SetAside(_path)}");
}

/// <summary>The content of <c>retained.json</c>.</summary>
internal sealed record RetainedTopics(string Schema, IReadOnlyList<BrokerTopics> Brokers);

/// <summary>The topics of one broker.</summary>
internal sealed record BrokerTopics(string Broker, IReadOnlyList<string> Topics);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(RetainedTopics))]
internal sealed partial class LedgerJson : JsonSerializerContext;
