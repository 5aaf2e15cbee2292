namespace EdgeInfer.Delivery;

/// <summary>What the starts before this one have left behind.</summary>
internal static class OutboxRecovery
{
    /// <summary>
    /// Declares what earlier starts may have lost: a start that has not ended kept its newest messages in the ring, and where that ring
    /// is gone (a power cut) nobody knows which. Within a group of changes of the store.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="past">What was found in the ring's place.</param>
    /// <param name="ringCapacity">The most messages that a ring holds.</param>
    /// <returns>Starts that have not ended, and whose messages are in the ring.</returns>
    public static List<long> DeclareLost(IOutboxStore store, RingPast past, int ringCapacity)
    {
        List<long> inRing = [];
        IReadOnlyList<StoredStream> streams = store.Streams();
        foreach (AgentRun run in store.Runs())
        {
            if (run.HasEnded) continue;
            bool isInRing = past.HasOutlived && run.Boot <= past.Boot;
            long lost = isInRing ? past.Torn : ringCapacity;
            if (lost > 0)
            {
                foreach (StoredStream stream in streams)
                    if (stream.LastBoot >= run.Boot) store.AddLossOfAtMost(stream.Facts.Name, run.Boot, lost, LossReason.PowerCut);
            }

            if (isInRing) inRing.Add(run.Boot);
            else store.EndRun(run.Boot);
        }

        return inRing;
    }
}
