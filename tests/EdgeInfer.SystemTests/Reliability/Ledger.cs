namespace EdgeInfer.SystemTests.Reliability;

/// <summary>One accepted result.</summary>
/// <param name="Stream">Its stream.</param>
/// <param name="Boot">The agent's start.</param>
/// <param name="Sequence">Its number, from 1 without a hole.</param>
internal readonly record struct MessageKey(string Stream, long Boot, long Sequence) : IComparable<MessageKey>
{
    /// <summary>Streams are compared so that there is an order at all; within one it is that of acceptance.</summary>
    public int CompareTo(MessageKey other)
    {
        int stream = string.CompareOrdinal(Stream, other.Stream);
        if (stream != 0) return stream;
        int boot = Boot.CompareTo(other.Boot);
        return boot != 0 ? boot : Sequence.CompareTo(other.Sequence);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Stream} {Boot}/{Sequence}";
}

/// <summary>
/// A loss that the agent published: numbers, at most so many of them, or (a database that was damaged, of which nobody knows what it
/// held) everything of a stream, <c>*</c> for all, up to a start.
/// </summary>
internal sealed record DeclaredGap(string Stream, long Boot, long? From, long? To, long? AtMost, string Reason)
{
    /// <summary>Whether it names a message.</summary>
    public bool Covers(MessageKey key) => From <= key.Sequence && key.Sequence <= To && key.Boot == Boot && key.Stream == Stream;

    /// <summary>Whether it says no numbers, which only a damaged database may.</summary>
    public bool IsOpen => From is null && To is null && AtMost is null && Reason == "store_broken";

    /// <summary>Whether it may be about a start of a stream.</summary>
    public bool MayCover(string stream, long boot) => IsOpen && (Stream == stream || Stream == "*") && boot <= Boot;
}

/// <summary>What may be, beside the rule that nothing is lost in silence.</summary>
internal sealed record Allowance
{
    /// <summary>Messages that may come twice.</summary>
    public long Duplicates { get; init; }

    /// <summary>Delivered and acknowledged messages that may be declared lost all the same: the acknowledgement and the drop crossed.</summary>
    public long CrossedGaps { get; init; }

    /// <summary>
    /// Orders that may be interleaved among late messages: 1, or 2 where agents were killed without a broker. What such a one leaves in the
    /// ring is sent first, as it was live, and may be late by then.
    /// </summary>
    public int LateOrders { get; init; } = 1;

    /// <summary>Orders that may be interleaved on the topic of live messages: these and, behind them, what waited less than ten seconds.</summary>
    public int LiveOrders { get; init; } = 2;

    /// <summary>The most that one gap without numbers may stand for.</summary>
    public long LargestBound { get; init; } = 256;
}

/// <summary>What came of a ledger.</summary>
internal sealed record Balance(long Accepted, long Delivered, long Declared, long Missing, long Duplicates, IReadOnlyList<string> Faults)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Accepted} accepted, {Delivered} delivered, {Declared} in declared gaps, {Missing} within a declared bound, {Duplicates} twice";
}

/// <summary>
/// Holds the agent to its promise: what it accepted is delivered or declared lost, by number and by id, and in order. It knows what was
/// accepted from what it is told (a reading of the ring and the database), and from the numbers, which have no holes: where 7 was seen
/// there was a 6.
/// </summary>
internal sealed class Ledger
{
    private const int MostFaultsOfAKind = 12;
    private readonly HashSet<MessageKey> _accepted = [];
    private readonly Dictionary<MessageKey, Delivery> _delivered = [];
    private readonly Dictionary<string, MessageKey> _ids = [];
    private readonly Dictionary<MessageKey, string> _byKey = [];
    private readonly HashSet<DeclaredGap> _gaps = [];
    private readonly Dictionary<(string Stream, bool IsHistorical), List<MessageKey>> _order = [];
    private readonly List<string> _faults = [];
    private long _duplicates;

    /// <summary>Messages that came more than once, each time they did.</summary>
    public long Duplicates => _duplicates;

    /// <summary>Declared losses, each once.</summary>
    public IReadOnlyCollection<DeclaredGap> Gaps => _gaps;

    /// <summary>Every message that was seen.</summary>
    public IReadOnlyCollection<MessageKey> Accepted => _byKey.Keys;

    /// <summary>Whether a message has been delivered.</summary>
    public bool IsDelivered(MessageKey key) => _delivered.ContainsKey(key);

    /// <summary>Whether a message has been delivered and the broker has answered it.</summary>
    public bool IsAcknowledged(MessageKey key) => _delivered.TryGetValue(key, out Delivery delivery) && delivery.IsAcknowledged;

    /// <summary>Whether a loss with numbers names a message.</summary>
    public bool IsDeclared(MessageKey key) => _gaps.Any(gap => gap.Covers(key));

    /// <summary>The message that an id belongs to, where it was seen before.</summary>
    public MessageKey? Find(string id) => _ids.TryGetValue(id, out MessageKey key) ? key : null;

    /// <summary>A message was found waiting in the ring or the database.</summary>
    public void Accept(MessageKey key, string id)
    {
        Identify(key, id);
        _accepted.Add(key);
    }

    /// <summary>A message has reached the broker.</summary>
    /// <param name="key">The message.</param>
    /// <param name="id">Its key for de-duplication.</param>
    /// <param name="isHistorical">Whether it came as a late one.</param>
    /// <param name="isAcknowledged">Whether the broker has answered it.</param>
    public void Deliver(MessageKey key, string id, bool isHistorical, bool isAcknowledged)
    {
        Identify(key, id);
        if (_delivered.TryGetValue(key, out Delivery earlier))
        {
            _duplicates++;
            _delivered[key] = new(earlier.IsAcknowledged || isAcknowledged);
            return;
        }

        _delivered[key] = new(isAcknowledged);
        // Starts that could not be counted have no place in the order.
        if (key.Boot <= 0) return;
        if (!_order.TryGetValue((key.Stream, isHistorical), out List<MessageKey>? order)) _order[(key.Stream, isHistorical)] = order = [];
        order.Add(key);
    }

    /// <summary>The agent has declared a loss; the same one twice counts once, since it may be sent again.</summary>
    public void Declare(DeclaredGap gap) => _gaps.Add(gap);

    /// <summary>Adds it all up.</summary>
    public Balance Close(Allowance allowance)
    {
        List<string> faults = [.. _faults.Take(MostFaultsOfAKind)];
        long declared = 0, missing = 0, accepted = 0;
        foreach ((string stream, long boot, long last) in Runs())
        {
            accepted += last;
            List<DeclaredGap> gaps = [.. _gaps.Where(gap => gap.Stream == stream && gap.Boot == boot)];
            List<MessageKey> lost = [];
            for (long sequence = 1; sequence <= last; sequence++)
            {
                MessageKey key = new(stream, boot, sequence);
                if (_delivered.ContainsKey(key)) continue;
                if (gaps.Any(gap => gap.Covers(key))) declared++;
                else lost.Add(key);
            }

            missing += lost.Count;
            long bound = gaps.Sum(gap => gap.AtMost ?? 0);
            if (lost.Count > bound && !_gaps.Any(gap => gap.MayCover(stream, boot))) faults.Add($"{stream} of start {boot}: {lost.Count} of {last} neither delivered nor declared, where {bound} may be: {Ranges(lost)}");
        }

        if (_duplicates > allowance.Duplicates) faults.Add($"{_duplicates} messages came twice, where {allowance.Duplicates} may");
        faults.AddRange(GapFaults(allowance));
        faults.AddRange(OrderFaults(allowance));
        return new(accepted, _delivered.Count, declared, missing, _duplicates, faults);
    }

    /// <summary>Numbers as ranges, for reports.</summary>
    public static string Ranges(IEnumerable<MessageKey> keys)
    {
        List<string> ranges = [];
        MessageKey? from = null, to = null;
        foreach (MessageKey key in keys.Order())
        {
            if (to is { } last && key == last with { Sequence = last.Sequence + 1 })
            {
                to = key;
                continue;
            }

            if (from is { } first) ranges.Add(Text(first, to!.Value));
            from = to = key;
        }

        if (from is { } open) ranges.Add(Text(open, to!.Value));
        return string.Join(", ", ranges.Take(MostFaultsOfAKind)) + (ranges.Count > MostFaultsOfAKind ? $", and {ranges.Count - MostFaultsOfAKind} more" : "");
    }

    private static string Text(MessageKey from, MessageKey to) => from == to ? $"{from}" : $"{from}-{to.Sequence}";

    // One number is one message, and one id is one message: a start number used twice shows here.
    private void Identify(MessageKey key, string id)
    {
        if (_ids.TryGetValue(id, out MessageKey known))
        {
            if (known != key) _faults.Add($"the id {id} is that of {known} and of {key}");
            return;
        }

        _ids[id] = key;
        if (_byKey.TryAdd(key, id)) return;
        _faults.Add($"{key} is two messages: {_byKey[key]} and {id}");
    }

    private IEnumerable<(string Stream, long Boot, long Last)> Runs()
    {
        Dictionary<(string, long), long> last = [];
        foreach (MessageKey key in _accepted.Concat(_delivered.Keys)) Note(key.Stream, key.Boot, key.Sequence);
        foreach (DeclaredGap gap in _gaps) Note(gap.Stream, gap.Boot, gap.To ?? 0);
        return last.Select(run => (run.Key.Item1, run.Key.Item2, run.Value)).Order();

        void Note(string stream, long boot, long sequence) => last[(stream, boot)] = Math.Max(last.GetValueOrDefault((stream, boot)), sequence);
    }

    private IEnumerable<string> GapFaults(Allowance allowance)
    {
        foreach (DeclaredGap gap in _gaps)
        {
            bool isRange = gap is { From: >= 1, AtMost: null } && gap.To >= gap.From;
            bool isBound = gap is { From: null, To: null, AtMost: >= 1 };
            if (!isRange && !isBound && !gap.IsOpen) yield return $"a gap that is neither numbers nor a bound: {gap}";
            if (gap.AtMost > allowance.LargestBound) yield return $"a gap of more than {allowance.LargestBound}: {gap}";
        }

        List<MessageKey> crossed = [.. _gaps.SelectMany(Named).Where(IsAcknowledged).Distinct()];
        if (crossed.Count > allowance.CrossedGaps) yield return $"{crossed.Count} declared lost, and yet delivered and acknowledged: {Ranges(crossed)}";
        List<DeclaredGap> ranges = [.. _gaps.Where(gap => gap.From is not null).OrderBy(gap => (gap.Stream, gap.Boot, gap.From))];
        for (int i = 1; i < ranges.Count; i++)
        {
            (DeclaredGap a, DeclaredGap b) = (ranges[i - 1], ranges[i]);
            bool doMeet = a.Stream == b.Stream && a.Boot == b.Boot && b.From <= a.To;
            // A range that grew before its first version was acknowledged holds that version whole.
            bool hasGrown = a.Reason == b.Reason && a.From == b.From;
            if (doMeet && !hasGrown) yield return $"declared lost twice: {a} and {b}";
        }
    }

    private static IEnumerable<MessageKey> Named(DeclaredGap gap)
    {
        for (long sequence = gap.From ?? 1; sequence <= (gap.To ?? 0); sequence++) yield return new(gap.Stream, gap.Boot, sequence);
    }

    // Late messages come in the order in which they were accepted. On the other topic there are two such orders at once: the live ones,
    // and behind them what waited less than ten seconds.
    private IEnumerable<string> OrderFaults(Allowance allowance)
    {
        foreach (((string stream, bool isHistorical), List<MessageKey> order) in _order)
        {
            int orders = isHistorical ? allowance.LateOrders : allowance.LiveOrders;
            if (MessageOrder.Interleaved(order) is var found && found > orders)
                yield return $"{stream} {(isHistorical ? "history" : "live")}: {found} orders interleaved, where {orders} may be; {MessageOrder.FirstStepBack(order)}";
        }
    }

    private readonly record struct Delivery(bool IsAcknowledged);
}

/// <summary>How far a sequence is from being in order.</summary>
internal static class MessageOrder
{
    /// <summary>
    /// The least number of rising sequences that, interleaved, give this one: by Dilworth's theorem the length of its longest falling
    /// subsequence.
    /// </summary>
    public static int Interleaved(IReadOnlyList<MessageKey> sequence)
    {
        // Greedy: each message goes behind the largest smaller end of a rising sequence.
        List<MessageKey> ends = [];
        foreach (MessageKey key in sequence)
        {
            int best = -1;
            for (int i = 0; i < ends.Count; i++)
                if (ends[i].CompareTo(key) < 0 && (best < 0 || ends[i].CompareTo(ends[best]) > 0)) best = i;
            if (best < 0) ends.Add(key);
            else ends[best] = key;
        }

        return ends.Count;
    }

    /// <summary>Where it first goes back, for reports.</summary>
    public static string FirstStepBack(IReadOnlyList<MessageKey> sequence)
    {
        for (int i = 1; i < sequence.Count; i++)
            if (sequence[i].CompareTo(sequence[i - 1]) < 0) return $"{sequence[i]} came behind {sequence[i - 1]}";
        return "none goes back";
    }
}
