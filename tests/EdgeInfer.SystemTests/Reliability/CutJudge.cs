using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>
/// One device through power cuts, and what each of them may cost: only messages that were in the ring alone, and of a durable stream none
/// that was sent. The ledger then holds the numbers of those to the declared bounds.
/// </summary>
internal sealed class CutJudge(Device device, JudgeBroker judge, LoopVolume volume)
{
    private readonly List<string> _faults = [];
    private int _cuts;
    private int _heard;

    /// <summary>What was broken beside the ledger's rules.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>What may come twice: on its way at each end of a connection, and acknowledged but not yet deleted at each cut.</summary>
    public Allowance Allowance => new() { LateOrders = 2, Duplicates = (long)_cuts * (KillTests.InFlight + KillTests.Batch) + (long)judge.Connections * KillTests.InFlight };

    /// <summary>Starts the agent, ends it at a time or at a call, takes the power away, and holds what is left against what was there.</summary>
    /// <param name="life">How long it lives where no call ends it.</param>
    /// <param name="fault">The call that ends it, or one that is left out; null for none.</param>
    /// <param name="isFromRunning">Whether the time counts from when its pipelines run.</param>
    public async Task LiveAndCut(TimeSpan life, StorageFault? fault, bool isFromRunning)
    {
        if (fault is null) device.Faults.Clear();
        else device.Faults.Set(fault);
        device.Start();
        if (isFromRunning) await device.Runs();
        OutboxReading before = await device.Dies(life);
        device.Faults.Clear();
        await volume.Cut(device.LoseMemory);
        _cuts++;
        OutboxReading after = await device.Read();
        Compare(before, after, $"cut {_cuts} ({fault?.ToString() ?? "at a time"})");
    }

    private void Compare(OutboxReading before, OutboxReading after, string where)
    {
        HashSet<MessageKey> ring = [.. before.Ring], survived = [.. after.Store];
        // Out of the ring and not acknowledged: only the disk has it.
        List<MessageKey> forgotten = [.. before.Store.Where(key => !ring.Contains(key) && !survived.Contains(key) && !device.Ledger.IsAcknowledged(key))];
        if (forgotten.Count > 0) _faults.Add($"{where}: on the disk, as the agent believed, and gone: {Ledger.Ranges(forgotten)}; in the ring: {Ledger.Ranges(ring)}; on the disk before: {Ledger.Ranges(before.Store)}, after: {Ledger.Ranges(survived)}; its last calls: {LastCalls()}");
        List<MessageKey> unsynced = [.. SentUnanswered().Where(key => key.Stream == "film" && !survived.Contains(key) && !device.Ledger.IsAcknowledged(key))];
        if (unsynced.Count > 0) _faults.Add($"{where}: durable messages sent before they were on the disk: {Ledger.Ranges(unsynced)}");
    }

    private string LastCalls() => string.Join(", ", device.Faults.Calls().TakeLast(24).Select(static call => $"{call.Kind} {call.Name}"));

    // Of the arrivals since the last cut.
    private IEnumerable<MessageKey> SentUnanswered()
    {
        IReadOnlyList<Arrival> news = judge.Arrivals(_heard);
        _heard += news.Count;
        return [.. news.Where(static a => !a.IsAcknowledged).Select(device.KeyOf).OfType<MessageKey>()];
    }
}
