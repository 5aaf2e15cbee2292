namespace EdgeInfer.Delivery;

/// <summary>What comes back from the store to be sent; on the writer's thread.</summary>
internal sealed partial class Outbox
{
    /// <summary>Stored messages that nothing keeps in memory leave it; the next late ones are read.</summary>
    private void FillBacklog(IOutboxStore store)
    {
        List<OutboxStream> wanted = [];
        List<long> unloaded = [];
        bool areGapsWanted = false;
        lock (_lock)
        {
            Span<int> stored = stackalloc int[256];
            long now = Now();
            foreach (int slot in stored[.._live.CollectStored(stored)])
                if (!_isUp || !_live[slot].IsDurable || _live[slot].IsRecovered || !_live[slot].Stream.MaySend(now)) BecomeBacklog(slot);
            foreach (long row in _rowsToUnload) if (!_backlog.Holds(row)) unloaded.Add(row);
            _rowsToUnload.Clear();
            _backlog.TakeHeld(now, unloaded);
            if (_isUp && !_isClosing)
            {
                areGapsWanted = _losses.Publishing == 0 && store.Counts.Gaps > 0;
                foreach (OutboxStream stream in _streams) if (IsWanted(stream, now)) wanted.Add(stream);
                foreach (OutboxStream stream in _earlierStreams) if (IsWanted(stream, now)) wanted.Add(stream);
            }
        }

        if (unloaded.Count > 0) store.Unload(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(unloaded));
        if (areGapsWanted)
        {
            // Read outside the lock: a slow disk must not hold up those who hand messages in.
            IReadOnlyList<Gap> gaps = store.Gaps(Losses.Batch);
            lock (_lock) _losses.Publish(gaps);
        }


        int share = Math.Max(8, Backlog.BatchCount / Math.Max(1, wanted.Count));
        foreach (OutboxStream stream in wanted) Load(store, stream, share);
    }

    private bool IsWanted(OutboxStream stream, long now)
        => stream.HasBacklog && stream.StoreId != 0 && stream.MaySend(now) && (_backlog.IsLow || _backlog.IsAhead(stream));

    private void Load(IOutboxStore store, OutboxStream stream, int count)
    {
        Backlog.Entry[] entries = new Backlog.Entry[count];
        BacklogMessage[] messages = new BacklogMessage[count];
        long after;
        lock (_lock)
        {
            after = stream.LoadedTo;
            for (int i = 0; i < count; i++) messages[i] = (entries[i] = _backlog.Rent()).Message;
        }

        int read = store.Load(stream.StoreId, after, messages, Backlog.BatchBytes);
        lock (_lock)
        {
            for (int i = 0; i < count; i++)
            {
                // A row that is about to go is of a message that the broker has.
                if (i >= read || _backlog.Holds(messages[i].Id) || _live.HoldsRow(messages[i].Id) || _rowsToDelete.Contains(messages[i].Id)) _backlog.Return(entries[i]);
                else _backlog.Add(entries[i], stream);
            }

            // A message that has left the ring meanwhile may lie before what was read.
            if (stream.LoadedTo != after) return;
            if (read == 0) stream.HasBacklog = false;
            else stream.LoadedTo = messages[read - 1].Id;
        }
    }
}
