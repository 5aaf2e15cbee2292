namespace EdgeInfer.Delivery;

/// <summary>What the writer puts into the store in one transaction.</summary>
internal sealed partial class Outbox
{
    /// <summary>One transaction with all that is due; nothing where nothing is.</summary>
    private void WriteGroup(IOutboxStore store)
    {
        OutboxGroup group = Collect();
        if (group.IsEmpty) return;
        try
        {
            if (group.SizeBytes is { } bytes) store.Resize(bytes);
            store.Begin();
            Register(store, group);
            for (int i = 0; i < group.Count; i++)
            {
                RingMessage message = _live.Ring.Read(_slots[i]);
                _rows[i] = store.Append(new(group.StreamIds[i], message.Boot, message.Sequence, message.At, message.Payload));
                group.Appended++;
                if (_live[_slots[i]].IsHeld) store.Hold(_rows.AsSpan(i, 1));
            }

            foreach (int slot in group.Refused) AddDeadLetter(store, slot);
            foreach (Backlog.Entry entry in _finished) TakeOut(store, entry);
            store.Delete(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(group.Rows));
            foreach (Gap loss in group.Losses) Declare(store, loss);
            foreach (Gap published in group.Published) store.DeleteGap(published);
            foreach (long boot in group.Ended) store.EndRun(boot);
            store.Commit(row => group.Dropped.Add(row));
        }
        catch (OutboxStoreException)
        {
            store.Rollback();
            store.Unload(_rows.AsSpan(0, group.Appended));
            lock (_lock) Undo(group);
            throw;
        }

        lock (_lock) Finish(group);
        Written();
    }

    private OutboxGroup Collect()
    {
        lock (_lock)
        {
            OutboxGroup group = new();
            long now = Now();
            _finished.Clear();
            group.Count = _live.CollectForStore(_slots, GroupUpTo(now), _isUp);
            if (_isResizing) group.SizeBytes = _settings.Options.SizeBytes;
            _isResizing = false;
            if (_hasUnregistered) group.Unregistered.AddRange(_streams.Where(static s => !s.IsRegistered));
            _hasUnregistered = false;
            for (int i = 0; i < group.Count; i++)
            {
                OutboxStream stream = _live[_slots[i]].Stream;
                if (!stream.IsRegistered && !group.Unregistered.Contains(stream)) group.Unregistered.Add(stream);
                group.Streams.Add(stream);
            }

            if (_recovered > 0 && !_live.HasFromBefore(_settings.Boot)) _recovered = 0;
            if (_recovered == 0 && _unended.Count > 0) group.Ended.AddRange(_unended);

            // What is only cleaned up waits for others; a sync that is due anyway takes it along.
            if (!group.IsEmpty || IsPendingDue(now)) CollectPending(group);
            group.Finished = _finished.Count;
            return group;
        }
    }

    private void CollectPending(OutboxGroup group)
    {
        _pendingSince = 0;
        Span<int> refused = stackalloc int[64];
        foreach (int slot in refused[.._live.CollectRefused(refused)])
        {
            group.Refused.Add(slot);
            if (!_live[slot].Stream.IsRegistered && !group.Unregistered.Contains(_live[slot].Stream)) group.Unregistered.Add(_live[slot].Stream);
        }

        _backlog.CollectFinished(_finished);
        group.Rows.AddRange(_rowsToDelete);
        _rowsToDelete.Clear();
        group.Losses = _losses.TakeNoticed();
        group.Published = _losses.TakePublished();
    }

    private void Register(IOutboxStore store, OutboxGroup group)
    {
        foreach (OutboxStream stream in group.Unregistered)
        {
            StreamFacts facts = stream.Facts;
            int id = store.Open(facts, _settings.Boot);

            // It may be another by now, which is registered next.
            lock (_lock) (stream.StoreId, stream.IsRegistered) = (id, ReferenceEquals(stream.Facts, facts));
        }

        foreach (OutboxStream stream in group.Streams) group.StreamIds.Add(stream.StoreId);
    }

    private void AddDeadLetter(IOutboxStore store, int slot)
    {
        RingMessage message = _live.Ring.Read(slot);
        LiveSlot known = _live[slot];
        store.AddDeadLetter(new(known.Stream.StoreId, message.Boot, message.Sequence, message.At, message.Payload), known.RowId, Reason(known.Reason));
    }

    private static void TakeOut(IOutboxStore store, Backlog.Entry entry)
    {
        BacklogMessage message = entry.Message;
        switch (entry.State)
        {
            case BacklogState.Refused:
                store.AddDeadLetter(new(message.Stream, message.Boot, message.Sequence, message.At, message.Payload), message.Id, Reason(entry.Reason));
                break;
            case BacklogState.Expired:
                store.AddLoss(entry.Stream.Facts.Name, message.Boot, message.Sequence, message.Sequence, LossReason.Expired);
                store.Delete([message.Id]);
                break;
            default:
                store.Delete([message.Id]);
                break;
        }
    }

    private static string Reason(byte reason) => reason == 0 ? LossReason.TooLarge : $"0x{reason:X2}";

    private static void Declare(IOutboxStore store, Gap loss)
    {
        if (loss.AtMost is { } most) store.AddLossOfAtMost(loss.Stream, loss.Boot, most, loss.Reason);
        else store.AddLoss(loss.Stream, loss.Boot, loss.FromSequence!.Value, loss.ToSequence!.Value, loss.Reason);
    }

    /// <summary>The group is on the disk.</summary>
    private void Finish(OutboxGroup group)
    {
        for (int i = 0; i < group.Count; i++)
        {
            int slot = _slots[i];
            if (!_live.MarkStored(slot, _rows[i]))
            {
                _rowsToDelete.Add(_rows[i]);
                Pending(Now());
            }
            else if (!_live[slot].IsHeld)
            {
                // What the quota has taken already is declared lost: it is not sent any more.
                if (group.Dropped.Contains(_rows[i])) _live.Release(slot);
                else BecomeBacklog(slot);
            }
        }

        foreach (Gap loss in group.Losses) Declared(loss);
        _losses.Count(group.Dropped.Count + group.Refused.Count + _finished.Count(static e => e.State != BacklogState.Delivered));

        foreach (int slot in group.Refused) _live.Release(slot);
        _backlog.Forget(_finished);
        foreach (long boot in group.Ended) _unended.Remove(boot);
    }

    private void Undo(OutboxGroup group)
    {
        for (int i = 0; i < group.Count; i++) _live.MarkStored(_slots[i], 0);
        foreach (OutboxStream stream in group.Unregistered) stream.IsRegistered = false;
        _hasUnregistered |= group.Unregistered.Count > 0;
        _isResizing |= group.SizeBytes is not null;
        _rowsToDelete.AddRange(group.Rows);
        _losses.PutBack(group.Losses);
        _losses.PutBackPublished(group.Published);
        Pending(Now());
    }
}
