using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Delivery;

/// <summary>The store's life: opened, left when it is damaged, tried again, and closed; on the writer's thread.</summary>
internal sealed partial class Outbox
{
    private void OpenStoreWhenDue()
    {
        if (_store is not null || Now() < _storeDue) return;
        try
        {
            OpenedStore opened = _openStore(_isKnownBroken);
            try
            {
                Enter(opened.Store);
            }
            catch
            {
                opened.Store.Dispose();
                throw;
            }

            lock (_lock)
            {
                _store = opened.Store;
                _hasNews = true;
                _isKnownBroken = false;
                _notice = opened.Notice?.ToString() ?? _notice;
                Healed();
            }

            Written();
            if (opened.Notice is { } notice) LogNotice(_logger, notice);
        }
        catch (OutboxStoreException e)
        {
            Fail(e);
        }
    }

    /// <summary>Notes this start in the store, declares what earlier ones have lost, and learns what waits in it.</summary>
    private void Enter(IOutboxStore store)
    {
        store.Begin();
        if (!_hasRun)
        {
            _unended = OutboxRecovery.DeclareLost(store, _past, _live.Ring.Capacity, _settings.Boot);
            store.BeginRun(_settings.Boot, _clock.Kernel);
        }
        else if (!store.Runs().Any(r => r.Boot == _settings.Boot))
        {
            store.BeginRun(_settings.Boot, _clock.Kernel);
        }

        store.Commit();
        if (!_hasRun && _recovered > 0) MatchRecovered(store);
        _hasRun = true;
        lock (_lock)
        {
            _hasUnregistered = true;
            foreach (StoredStream stored in store.Streams())
            {
                if (store.CountOf(stored.Id) == 0) continue;
                OutboxStream? open = _streams.Find(s => s.Facts.Name == stored.Facts.Name);
                if (open is null) _earlierStreams.Add(open = new(stored.Facts, isDurable: false, NumbersOf(stored.Facts.Name), new Random(stored.Id)));
                open.StoreId = stored.Id;
                open.HasBacklog = true;
            }
        }
    }

    /// <summary>
    /// Finds the messages that a killed process had in its ring and in the store: one on its way while the line lagged, or of a group whose
    /// commit it did not see. Stored once more, they would be sent twice, and could be both sent and taken by the quota.
    /// </summary>
    private void MatchRecovered(IOutboxStore store)
    {
        foreach (StoredStream stored in store.Streams())
        {
            if (store.CountOf(stored.Id) == 0) continue;
            List<long> held = [];
            IReadOnlyList<StoredKey> newest = store.Newest(stored.Id, MostMatched);
            lock (_lock)
            {
                foreach (StoredKey row in newest)
                    if (_live.TryMatch(stored.Facts.Name, row)) held.Add(row.Id);
            }

            store.Hold(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(held));
        }
    }

    private void Maintain(IOutboxStore store)
    {
        long now = Now();
        if (now >= _expiryDue)
        {
            _expiryDue = now + ExpiryMilliseconds;
            if (store.Counts.Messages > 0)
            {
                store.Begin();
                int expired = store.Expire(c => _settings.RetentionOf(c), MostExpired);
                int dropped = 0;

                // Where nothing has changed it costs nothing; undone, the next search would begin at the oldest again.
                store.Commit(_ => dropped++);
                lock (_lock) _losses.Count(expired + dropped);
                if (expired == MostExpired) _expiryDue = now;
            }
        }

        if (store.Counts.Messages > 0) _hasSpareSpace = true;
        else if (_hasSpareSpace) _hasSpareSpace = store.GiveSpaceBack();
    }

    private void Healed()
    {
        if (_storeFault is not null) _hasNews = true;
        _storeFault = null;
        _reopening.Reset();
    }

    /// <summary>A group is on the disk: what could not be written before can be now.</summary>
    private void Written()
    {
        if (_loggedFault is not null) LogHealed(_logger);
        _loggedFault = null;
    }

    private void Fail(OutboxStoreException e)
    {
        lock (_lock)
        {
            _hasNews |= _storeFault?.What != e.Fault.What;
            _storeFault = e.Fault;
            _isKnownBroken |= e.IsBroken;
            long now = Now();
            _storeDue = e.IsBroken ? Math.Max(now, _brokenDue) : now + (long)_reopening.Next().TotalMilliseconds;
            if (e.IsBroken) _brokenDue = now + BrokenMilliseconds;

            // They would wait for a store that may never come, and keep the ring from others.
            Span<int> refused = stackalloc int[256];
            foreach (int slot in refused[.._live.CollectRefused(refused)]) GiveUpRefused(slot, _live[slot].Reason);
        }

        // Nothing to write looks like a disk that is well: it is said to be when something has been written.
        if (_loggedFault != e.Fault.What) LogStore(_logger, e.Fault);
        _loggedFault = e.Fault.What;
        if (e.IsBroken) LeaveStore(_store);
    }

    private void LeaveStore(IOutboxStore? store)
    {
        lock (_lock)
        {
            _store = null;
            _storeEpoch++;
            _live.ForgetStore();
            _backlog.Clear();
            _losses.ForgetStore();
            _rowsToDelete.Clear();
            _rowsToUnload.Clear();
            _earlierStreams.Clear();
            foreach (OutboxStream stream in _streams) (stream.StoreId, stream.IsRegistered, stream.LoadedTo, stream.HasBacklog) = (0, false, 0, false);
        }

        try
        {
            store?.Dispose();
        }
        catch (OutboxStoreException e)
        {
            LogStore(_logger, e.Fault);
        }
    }

    private void Close()
    {
        lock (_lock) _hasUnregistered = false;

        // A last try, whenever the next was to be.
        if (_store is null) _storeDue = 0;
        OpenStoreWhenDue();
        if (_store is not { } store) return;
        try
        {
            WriteGroup(store);
            bool isEmpty;
            lock (_lock)
            {
                Span<int> stored = stackalloc int[256];
                foreach (int slot in stored[.._live.CollectStored(stored)]) BecomeBacklog(slot);
                isEmpty = _live.Count == 0;
            }

            if (isEmpty)
            {
                store.Begin();
                store.EndRun(_settings.Boot);
                foreach (long boot in _unended) store.EndRun(boot);
                store.Commit();
            }
        }
        catch (OutboxStoreException e)
        {
            LogStore(_logger, e.Fault);
        }

        LeaveStore(store);
    }

    [LoggerMessage(EventId = 4501, Level = LogLevel.Error, Message = "outbox: {Fault}; results are kept in memory alone")]
    private static partial void LogStore(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 4503, Level = LogLevel.Information, Message = "outbox: the disk takes results again")]
    private static partial void LogHealed(ILogger logger);

    [LoggerMessage(EventId = 4502, Level = LogLevel.Warning, Message = "outbox: {Fault}")]
    private static partial void LogNotice(ILogger logger, Fault fault);
}
