using EdgeInfer.Configuration;
using EdgeInfer.Durability;
using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Delivery.Store;

/// <summary>Messages that survive a power cut, in SQLite: <c>outbox.db</c> of the state folder.</summary>
internal sealed class OutboxStore : IOutboxStore
{
    private readonly FileStream _lock;
    private readonly SqliteDatabase _database;
    private readonly OutboxClock _clock;
    private readonly StreamTable _streams;
    private readonly MessageTable _messages;
    private readonly GapTable _gaps;
    private readonly DeadLetterTable _deadLetters;
    private readonly StoreQuota _quota;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly StoreExpiry _expiry;
    private readonly StoreSpace _space;
    private readonly Lock _countsGate = new();
    private StoreCounts _counts;
    private bool _isInGroup;

    private OutboxStore(FileStream lockFile, SqliteDatabase database, OutboxOptions options, OutboxClock clock, long boot)
    {
        (_lock, _database, _clock) = (lockFile, database, clock);
        _streams = new StreamTable(database, boot);
        _messages = new MessageTable(database, _streams);
        _gaps = new GapTable(database);
        _deadLetters = new DeadLetterTable(database, options.SizeBytes);
        _quota = new StoreQuota(database, _streams, _messages, _gaps, clock, options.SizeBytes);
        _expiry = new StoreExpiry(_streams, _messages, _gaps, clock);
        _space = new StoreSpace(database, _quota);
        _begin = database.Prepare("BEGIN IMMEDIATE");
        _commit = database.Prepare("COMMIT");
        database.Undone = Undo;
        Publish(_quota.UsedPages);
    }

    /// <summary>Opens the store of a state folder, whatever is found there; what is damaged or not ours is set aside and a new one begun.</summary>
    /// <param name="folder">The state folder; made where it is missing.</param>
    /// <param name="options">How much it may hold.</param>
    /// <param name="clock">Says how old messages are.</param>
    /// <param name="boot">The number of this start.</param>
    /// <param name="incident">Set where something was set aside; the losses are in the store.</param>
    /// <param name="isKnownBroken">The database was found damaged while it was in use: it is set aside without being looked at.</param>
    /// <exception cref="OutboxStoreException">No store can be had here now: another agent uses it, or the folder or file cannot be written.</exception>
    public static OutboxStore Open(string folder, OutboxOptions options, OutboxClock clock, long boot, out StoreIncident? incident, bool isKnownBroken = false)
    {
        StoreFiles files = new(folder);
        FileStream lockFile = TakeLock(folder, files);
        SqliteDatabase? database = null;
        try
        {
            StoreOpening opening = new(files, clock, boot);
            database = opening.Open(isKnownBroken, out incident);
            try
            {
                return new OutboxStore(lockFile, database, options, clock, boot);
            }
            catch (OutboxStoreException e) when (e.IsBroken && incident is null)
            {
                // The check was cut short, or does not see this.
                database.KeepLog(true);
                database.Dispose();
                database = opening.Open(isKnownBroken: true, out incident);
                incident = incident! with { Fault = e.Fault };
                return new OutboxStore(lockFile, database, options, clock, boot);
            }
        }
        catch (Exception e)
        {
            database?.Dispose();
            lockFile.Dispose();
            // Setting aside did not help, and would not the next time.
            if (e is OutboxStoreException { IsBroken: true } broken) throw new OutboxStoreException(broken.Fault, false, broken);
            throw;
        }
    }

    /// <inheritdoc/>
    public StoreCounts Counts
    {
        get
        {
            lock (_countsGate) return _counts;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<AgentRun> Runs() => _streams.Runs();

    /// <inheritdoc/>
    public IReadOnlyList<StoredStream> Streams()
    {
        List<StoredStream> streams = [];
        foreach (StreamEntry entry in _streams.Entries) streams.Add(new StoredStream(entry.Id, entry.Facts, entry.LastBoot));
        return streams;
    }

    /// <inheritdoc/>
    public long CountOf(int stream) => _streams[stream].Count;

    /// <inheritdoc/>
    public IReadOnlyList<StoredKey> Newest(int stream, int most) => _messages.Newest(stream, most);

    /// <inheritdoc/>
    public void Begin()
    {
        if (_isInGroup) throw new InvalidOperationException("a group of changes is open");
        _streams.Save();
        _messages.Save();
        _gaps.Save();
        _deadLetters.Save();
        _quota.Save();
        _isInGroup = true;
        _begin.Run();
    }

    /// <inheritdoc/>
    public void Commit(Action<long>? dropped = null)
    {
        RequireGroup();
        long usedPages = _quota.Keep();
        // Written to a file without a name, all would be lost with the next start, and nobody would know.
        if (!File.Exists(_database.Path)) throw _database.Broken("its file is gone");
        _commit.Run();
        _isInGroup = false;
        _space.HasChanged();
        Publish(usedPages);
        if (dropped is null) return;
        foreach (long id in _quota.Dropped) dropped(id);
    }

    /// <inheritdoc/>
    public void Rollback()
    {
        if (!_isInGroup) return;
        _database.Rollback();
        Undo();
    }

    /// <inheritdoc/>
    public void BeginRun(long boot, Guid kernel)
    {
        RequireGroup();
        _streams.BeginRun(boot, kernel);
    }

    /// <inheritdoc/>
    public void EndRun(long boot)
    {
        RequireGroup();
        _streams.EndRun(boot);
    }

    /// <inheritdoc/>
    public int Open(StreamFacts facts, long boot)
    {
        RequireGroup();
        return _streams.Open(facts, boot);
    }

    /// <inheritdoc/>
    public long Append(in StoredMessage message)
    {
        RequireGroup();
        long id = _messages.Append(message);
        _quota.Added(message.Payload.Length);
        return id;
    }

    /// <inheritdoc/>
    public void Delete(ReadOnlySpan<long> ids)
    {
        RequireGroup();
        foreach (long id in ids) _messages.Delete(id);
    }

    /// <inheritdoc/>
    public int Load(int stream, long after, ReadOnlySpan<BacklogMessage> into, int mostBytes) => _messages.Load(stream, after, into, mostBytes);

    /// <inheritdoc/>
    public void Hold(ReadOnlySpan<long> ids) => _messages.Hold(ids);

    /// <inheritdoc/>
    public void Resize(long bytes)
    {
        _quota.Resize(bytes);
        _deadLetters.Resize(bytes);
    }

    /// <inheritdoc/>
    public void Unload(ReadOnlySpan<long> ids) => _messages.Unload(ids);

    /// <inheritdoc/>
    public int Expire(Func<DeliveryClass, TimeSpan> oldest, int most)
    {
        RequireGroup();
        return _expiry.Expire(oldest, most);
    }

    /// <inheritdoc/>
    public void AddLoss(string stream, long boot, long fromSequence, long toSequence, string reason)
    {
        RequireGroup();
        _gaps.Add(stream, boot, fromSequence, toSequence, reason, _clock.Now().UtcMilliseconds);
    }

    /// <inheritdoc/>
    public void AddLossOfAtMost(string stream, long boot, long atMost, string reason)
    {
        RequireGroup();
        _gaps.AddAtMost(stream, boot, atMost, reason, _clock.Now().UtcMilliseconds);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Gap> Gaps(int most) => _gaps.Oldest(most);

    /// <inheritdoc/>
    public void DeleteGap(Gap published)
    {
        RequireGroup();
        _gaps.Remove(published);
    }

    /// <inheritdoc/>
    public void AddDeadLetter(in StoredMessage message, long id, string reason)
    {
        RequireGroup();
        StreamFacts stream = _streams[message.Stream].Facts;
        if (id != 0) _messages.Delete(id);
        _deadLetters.Add(stream, message, reason);
        // 0x95: Packet too large.
        string loss = reason is "0x95" or LossReason.TooLarge ? LossReason.TooLarge : LossReason.Refused;
        _gaps.Add(stream.Name, message.Boot, message.Sequence, message.Sequence, loss, _clock.Now().UtcMilliseconds);
    }

    /// <inheritdoc/>
    public bool GiveSpaceBack() => !_isInGroup && _space.GiveBack(Counts.Messages == 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        Rollback();
        _database.Dispose();
        _lock.Dispose();
    }

    private static FileStream TakeLock(string folder, StoreFiles files)
    {
        try
        {
            DurableFolder.Make(folder);
            return new FileStream(files.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (e.HResult == PosixFile.WouldBlock)
        {
            throw StoreFaults.InUse(folder, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreFaults.Of(e, files.Database, "opened");
        }
    }

    private void RequireGroup()
    {
        if (!_isInGroup) throw new InvalidOperationException("no group of changes is open");
    }

    private void Undo()
    {
        if (!_isInGroup) return;
        _isInGroup = false;
        _streams.Restore();
        _messages.Restore();
        _gaps.Restore();
        _deadLetters.Restore();
    }

    private void Publish(long usedPages)
    {
        long messages = 0;
        foreach (StreamEntry stream in _streams.Entries) messages += stream.Count;
        long bytes = messages == 0 ? 0 : usedPages * StoreSchema.PageBytes;
        lock (_countsGate) _counts = new StoreCounts(messages, bytes, _gaps.Count, _deadLetters.Count);
    }
}
