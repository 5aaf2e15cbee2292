using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>A prediction as it reached the consumer.</summary>
/// <param name="Id">Its key for de-duplication.</param>
/// <param name="Stream">Its stream: the pipeline.</param>
/// <param name="Boot">The agent's start.</param>
/// <param name="Sequence">Its number in its stream.</param>
/// <param name="IsHistorical">Whether it says that it is late.</param>
/// <param name="IsHistoryTopic">Whether it came on the topic of late ones.</param>
/// <param name="IsSynced">Whether it says that the clock could be trusted.</param>
/// <param name="CapturedAt">As the agent's clock said.</param>
/// <param name="Timestamp">When it arrived, <see cref="Stopwatch.GetTimestamp"/>.</param>
/// <param name="ArrivedAt">When it arrived, by this machine's clock.</param>
/// <param name="PayloadBytes">Its size.</param>
internal readonly record struct Received(
    string Id, string Stream, long Boot, long Sequence, bool IsHistorical, bool IsHistoryTopic, bool IsSynced, DateTime CapturedAt, long Timestamp, DateTime ArrivedAt, int PayloadBytes)
{
    /// <summary>From capture to arrival; both clocks are this machine's unless the test has faked the agent's.</summary>
    public TimeSpan Age => ArrivedAt - CapturedAt;
}

/// <summary>Everything that one consumer has received, in order. Any thread.</summary>
internal sealed class Arrivals
{
    private readonly Lock _lock = new();
    private readonly List<Received> _predictions = [];
    private readonly Dictionary<(string Stream, long Boot), long> _reached = [];
    private readonly List<JsonElement> _gaps = [];
    private readonly List<(string Topic, string Payload)> _others = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Predictions so far.</summary>
    public Received[] Predictions
    {
        get { lock (_lock) return [.. _predictions]; }
    }

    /// <summary>How many predictions so far.</summary>
    public int Count
    {
        get { lock (_lock) return _predictions.Count; }
    }

    /// <summary>The newest prediction.</summary>
    public Received Last
    {
        get { lock (_lock) return _predictions.Count > 0 ? _predictions[^1] : default; }
    }

    /// <summary>The highest number that came as a live message.</summary>
    public long HighestLive { get; private set; }

    /// <summary>How many results of a start were accepted at least: the highest numbers that have arrived, over all streams.</summary>
    public long Reached(long boot)
    {
        lock (_lock) return _reached.Where(r => r.Key.Boot == boot).Sum(static r => r.Value);
    }

    /// <summary>Messages at <c>P/gap</c>.</summary>
    public JsonElement[] Gaps
    {
        get { lock (_lock) return [.. _gaps]; }
    }

    /// <summary>All other messages.</summary>
    public (string Topic, string Payload)[] Others
    {
        get { lock (_lock) return [.. _others]; }
    }

    /// <summary>Takes a message in.</summary>
    public void Add(in PublishView message)
    {
        long now = Stopwatch.GetTimestamp();
        if (message.Topic.EndsWith("/prediction"u8) || message.Topic.EndsWith("/history"u8))
        {
            Received arrival = Read(message.Payload, message.Topic.EndsWith("/history"u8), now);
            lock (_lock)
            {
                _predictions.Add(arrival);
                if (!arrival.IsHistoryTopic) HighestLive = Math.Max(HighestLive, arrival.Sequence);
                _reached[(arrival.Stream, arrival.Boot)] = Math.Max(_reached.GetValueOrDefault((arrival.Stream, arrival.Boot)), arrival.Sequence);
            }
        }
        else if (message.Topic.EndsWith("/gap"u8))
        {
            using JsonDocument document = JsonDocument.Parse(message.Payload.ToArray());
            lock (_lock) _gaps.Add(document.RootElement.Clone());
        }
        else
        {
            string topic = Encoding.UTF8.GetString(message.Topic), payload = Encoding.UTF8.GetString(message.Payload);
            lock (_lock) _others.Add((topic, payload));
        }

        TaskCompletionSource news = Interlocked.Exchange(ref _news, new(TaskCreationOptions.RunContinuationsAsynchronously));
        news.TrySetResult();
    }

    /// <summary>Waits until something holds, looking again after each message; fails with <paramref name="what"/>.</summary>
    public async Task Until(Func<bool> condition, string what, TimeSpan? patience = null)
    {
        Stopwatch waited = Stopwatch.StartNew();
        TimeSpan limit = patience ?? TimeSpan.FromSeconds(60);
        while (true)
        {
            Task news = Volatile.Read(ref _news).Task;
            if (condition()) return;
            if (waited.Elapsed > limit) Assert.Fail($"{what}: not within {limit.TotalSeconds:0} s; {Count} predictions have arrived, the last {Last}");
            await Task.WhenAny(news, Task.Delay(100));
        }
    }

    /// <summary>The losses that were declared.</summary>
    public DeclaredGap[] Declared() => [.. Gaps.Select(g => new DeclaredGap(
        g.GetProperty("stream").GetString()!, g.GetProperty("boot").GetInt64(), Number(g, "from_seq"), Number(g, "to_seq"), Number(g, "at_most"), g.GetProperty("reason").GetString()!))];

    /// <summary>Takes a prediction apart.</summary>
    public static Received Read(ReadOnlySpan<byte> payload, bool isHistoryTopic, long now)
    {
        Utf8JsonReader json = new(payload);
        string id = "", stream = "";
        long boot = -1, sequence = -1;
        bool isHistorical = false, isSynced = false;
        DateTime captured = default;
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != 1) continue;
            if (json.ValueTextEquals("id"u8) && json.Read()) id = json.GetString()!;
            else if (json.ValueTextEquals("pipeline"u8) && json.Read()) stream = string.Intern(json.GetString()!);
            else if (json.ValueTextEquals("boot"u8)) boot = Number(ref json);
            else if (json.ValueTextEquals("seq"u8)) sequence = Number(ref json);
            else if (json.ValueTextEquals("historical"u8)) isHistorical = json.Read() && json.GetBoolean();
            else if (json.ValueTextEquals("clock"u8)) isSynced = json.Read() && json.ValueTextEquals("synced"u8);
            else if (json.ValueTextEquals("captured_at"u8) && json.Read())
                captured = DateTime.Parse(json.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        }

        return new(id, stream, boot, sequence, isHistorical, isHistoryTopic, isSynced, captured, now, DateTime.UtcNow, payload.Length);
    }

    private static long? Number(JsonElement gap, string name) => gap.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : null;

    private static long Number(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetInt64();
    }
}
