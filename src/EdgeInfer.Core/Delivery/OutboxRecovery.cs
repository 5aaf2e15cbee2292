namespace EdgeInfer.Delivery;

/// <summary>What the starts before this one have left behind.</summary>
internal static class OutboxRecovery
{
    /// <summary>A loop of starts that fail early is not told one by one.</summary>
    private const int MostUnknownStarts = 16;

    /// <summary>
    /// Declares what earlier starts may have lost: a start that has not ended kept its newest messages in the ring, and where that ring
    /// is gone (a power cut) nobody knows which. Within a group of changes of the store.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="past">What was found in the ring's place.</param>
    /// <param name="ringCapacity">The most messages that a ring holds.</param>
    /// <param name="boot">This start.</param>
    /// <returns>Starts that have not ended, and whose messages are in the ring.</returns>
    public static List<long> DeclareLost(IOutboxStore store, RingPast past, int ringCapacity, long boot)
    {
        List<long> inRing = [];
        IReadOnlyList<AgentRun> runs = store.Runs();
        foreach (AgentRun run in runs)
        {
            if (run.HasEnded) continue;
            Declare(store, run.Boot, LostOf(run.Boot));
            if (IsInRing(run.Boot)) inRing.Add(run.Boot);
            else store.EndRun(run.Boot);
        }

        // A start that accepted results and never came to note itself here.
        if (runs.Count > 0)
            for (long unknown = Math.Max(runs[^1].Boot + 1, boot - MostUnknownStarts); unknown < boot; unknown++) Declare(store, unknown, LostOf(unknown));
        return inRing;

        bool IsInRing(long start) => past.HasOutlived && start <= past.Boot;

        long LostOf(long start) => IsInRing(start) ? past.Torn : ringCapacity;
    }

    private static void Declare(IOutboxStore store, long boot, long lost)
    {
        if (lost == 0) return;
        IReadOnlyList<StoredStream> streams = store.Streams();

        // Of a start that the store does not know the streams are taken to be those of the last that it knows.
        long least = streams.Count == 0 ? 0 : Math.Min(boot, streams.Max(static s => s.LastBoot));
        foreach (StoredStream stream in streams)
            if (stream.LastBoot >= least) store.AddLossOfAtMost(stream.Facts.Name, boot, lost, LossReason.PowerCut);
    }
}
