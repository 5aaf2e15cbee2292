namespace EdgeInfer.Delivery.Store;

/// <summary>Takes out messages that are older than they may be.</summary>
/// <param name="streams">Whose messages.</param>
/// <param name="messages">The messages.</param>
/// <param name="gaps">Where they are declared lost.</param>
/// <param name="clock">Says how old they are.</param>
internal sealed class StoreExpiry(StreamTable streams, MessageTable messages, GapTable gaps, OutboxClock clock)
{
    private readonly (long Id, long Boot, long Sequence)[] _found = new (long, long, long)[64];
    private bool _wasSynced;

    /// <summary>As <see cref="IOutboxStore.Expire"/>.</summary>
    public int Expire(Func<DeliveryClass, TimeSpan> oldest, int most)
    {
        AcceptedAt now = clock.Now();
        if (now.IsSynced != _wasSynced)
        {
            // What had no age may have one now.
            _wasSynced = now.IsSynced;
            foreach (StreamEntry stream in streams.Entries) stream.AgelessUpTo = 0;
        }

        int gone = 0;
        foreach (StreamEntry stream in streams.Entries)
        {
            while (stream.Count > 0 && gone < most)
            {
                Span<(long Id, long Boot, long Sequence)> into = _found.AsSpan(0, Math.Min(_found.Length, most - gone));
                int found = messages.FindExpired(stream, clock, oldest(stream.Facts.Class), into);
                foreach ((long id, long boot, long sequence) in into[..found])
                {
                    messages.Delete(id);
                    gaps.Add(stream.Facts.Name, boot, sequence, sequence, LossReason.Expired, now.UtcMilliseconds);
                }

                gone += found;
                if (found < into.Length) break;
            }
        }

        return gone;
    }
}
