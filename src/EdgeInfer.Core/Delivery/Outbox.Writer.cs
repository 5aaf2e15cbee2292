using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Delivery;

/// <summary>A store that was opened, and what was found wrong with the one before.</summary>
/// <param name="Store">The store; owned by whoever asked.</param>
/// <param name="Notice">What an operator should know; null where there is nothing.</param>
internal sealed record OpenedStore(IOutboxStore Store, Fault? Notice);

/// <summary>The writer: the one thread that touches the store.</summary>
internal sealed partial class Outbox
{
    /// <summary>While nothing is sent, messages wait this long for others to share their sync with.</summary>
    private const long GroupMilliseconds = 1000;

    /// <summary>So many share one at most.</summary>
    private const int GroupCount = 100;

    /// <summary>Durable messages wait for others only so long, within the 50 ms that they may take.</summary>
    private const long DurableGroupMilliseconds = 20;

    /// <summary>The line lags when its oldest message is older, or when more than <see cref="GroupCount"/> wait.</summary>
    private const long LagMilliseconds = 2000;
    private const long ExpiryMilliseconds = 60_000;

    /// <summary>Each new database costs syncs, and one that breaks again at once shows a device that damages them all.</summary>
    private const long BrokenMilliseconds = 60_000;
    private const int MostExpired = 1000;

    /// <summary>Rows of a stream looked through after a kill: what was stored while the longest silence of a broker lasts.</summary>
    private const int MostMatched = 4096;
    private const long Never = long.MaxValue;

    private readonly Func<bool, OpenedStore> _openStore;
    private readonly RingPast _past;
    private readonly Backoff _reopening;
    private readonly AutoResetEvent _signal = new(false);
    private readonly int[] _slots = new int[256];
    private readonly long[] _rows = new long[256];
    private readonly List<OutboxStream> _earlierStreams = [];
    private readonly List<Backlog.Entry> _finished = [];
    private List<long> _unended = [];
    private int _recovered;
    private Thread? _thread;
    private IOutboxStore? _store;
    private Fault? _storeFault;
    private string? _notice;
    private long _storeDue;
    private long _writerDue;
    private long _expiryDue;
    private long _brokenDue;
    private bool _hasRun;
    private bool _hasUnregistered;
    private bool _isResizing;
    private byte _storeEpoch;
    private bool _isKnownBroken;
    private bool _hasSpareSpace;

    /// <summary>Whether messages can be put on the disk now; under the lock.</summary>
    private bool IsStoreUsable => _store is not null && _storeFault is null;

    /// <summary>Starts the writer.</summary>
    public void Start()
    {
        _thread = new Thread(Write) { IsBackground = true, Name = "outbox" };
        _thread.Start();
    }

    /// <summary>Takes no more messages; what is in memory goes to the disk. Where the disk cannot take it, it stays in the ring.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isClosed) return;
            _isClosed = _isClosing = true;
            _isUp = false;
        }

        Signal();
        _thread?.Join();
        if (_thread is null) Close();
        _signal.Dispose();
        _live.Ring.Dispose();
    }

    /// <summary>Does all that is due.</summary>
    /// <returns>How many milliseconds until something is due again; <see cref="Timeout.Infinite"/> for nothing known.</returns>
    internal int Step()
    {
        OpenStoreWhenDue();
        if (_store is { } store && Now() >= _storeDue)
        {
            try
            {
                WriteGroup(store);
                FillBacklog(store);
                Maintain(store);
                lock (_lock) Healed();
            }
            catch (OutboxStoreException e)
            {
                Fail(e);
            }
        }

        bool hasNews, isSendable;
        int wait;
        lock (_lock)
        {
            long now = Now();
            if (!IsStoreUsable && _isUp) _losses.PublishNoticed();
            isSendable = _isUp && (_live.HasSendable(now) || _losses.HasSendable(now) || (_backlog.HasSendable(now) && _backlog.NextAllowed(now) <= now));
            hasNews = _hasNews;
            _hasNews = false;
            long due = Due(now);
            _writerDue = due;
            wait = due == Never ? Timeout.Infinite : (int)Math.Clamp(due - now, 0, int.MaxValue);
        }

        if (isSendable) WakeLine();
        if (hasNews) StateChanged?.Invoke();
        return wait;
    }

    /// <summary>Whether the writer was called since it was last asked: for whoever steps it by hand.</summary>
    internal bool TakeSignal() => _signal.WaitOne(0);

    private void Write()
    {
        int wait = 0;
        while (true)
        {
            _signal.WaitOne(wait);
            lock (_lock)
            {
                if (_isClosed) break;
            }

            wait = Step();
        }

        Close();
    }

    private long Now() => _clock.MonotonicMilliseconds;

    private void Signal()
    {
        try
        {
            _signal.Set();
        }
        catch (ObjectDisposedException)
        {
            // Between the end of Dispose and the last caller nobody waits any more.
        }
    }

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
            IReadOnlyList<(long Id, long Boot, long Sequence)> newest = store.Newest(stored.Id, MostMatched);
            lock (_lock)
            {
                foreach ((long id, long boot, long sequence) in newest)
                    if (_live.TryMatch(stored.Facts.Name, boot, sequence, id)) held.Add(id);
            }

            store.Hold(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(held));
        }
    }

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
        LiveMessages.Slot known = _live[slot];
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

        _losses.Count(group.Dropped.Count + group.Refused.Count + _finished.Count(static e => e.State != BacklogState.Delivered));
        foreach (Gap loss in group.Losses) Declared(loss);
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
                if (i >= read || _backlog.Holds(messages[i].Id) || _live.HoldsRow(messages[i].Id)) _backlog.Return(entries[i]);
                else _backlog.Add(entries[i], stream);
            }

            // A message that has left the ring meanwhile may lie before what was read.
            if (stream.LoadedTo != after) return;
            if (read == 0) stream.HasBacklog = false;
            else stream.LoadedTo = messages[read - 1].Id;
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

    private void Fail(OutboxStoreException e)
    {
        bool isNews;
        lock (_lock)
        {
            isNews = _storeFault?.What != e.Fault.What;
            _storeFault = e.Fault;
            _isKnownBroken |= e.IsBroken;
            _hasNews |= isNews;
            long now = Now();
            _storeDue = e.IsBroken ? Math.Max(now, _brokenDue) : now + (long)_reopening.Next().TotalMilliseconds;
            if (e.IsBroken) _brokenDue = now + BrokenMilliseconds;

            // They would wait for a store that may never come, and keep the ring from others.
            Span<int> refused = stackalloc int[256];
            foreach (int slot in refused[.._live.CollectRefused(refused)]) GiveUpRefused(slot, _live[slot].Reason);
        }

        if (isNews) LogStore(_logger, e.Fault);
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

    [LoggerMessage(EventId = 4502, Level = LogLevel.Warning, Message = "outbox: {Fault}")]
    private static partial void LogNotice(ILogger logger, Fault fault);
}
