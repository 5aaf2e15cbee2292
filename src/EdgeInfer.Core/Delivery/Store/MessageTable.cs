namespace EdgeInfer.Delivery.Store;

/// <summary>The oldest messages of a stream, read ahead; used up in order.</summary>
internal sealed class OldestMessages
{
    /// <summary>Read at a time.</summary>
    public const int Most = 32;

    private readonly (long Id, long Boot, long Sequence)[] _messages = new (long, long, long)[Most];
    private int _next;
    private int _count;

    /// <summary>The last one that was ever read ahead; 0 for none.</summary>
    public long ReadUpTo { get; private set; }

    /// <summary>Whether all are used up.</summary>
    public bool IsEmpty => _next == _count;

    /// <summary>The first.</summary>
    public (long Id, long Boot, long Sequence) First => _messages[_next];

    /// <summary>Adds one behind the others.</summary>
    public void Add(long id, long boot, long sequence)
    {
        if (IsEmpty) _next = _count = 0;
        _messages[_count++] = (id, boot, sequence);
        ReadUpTo = id;
    }

    /// <summary>The first is used.</summary>
    public void Skip() => _next++;

    /// <summary>Begins at the oldest again.</summary>
    public void Clear()
    {
        _next = _count = 0;
        ReadUpTo = 0;
    }
}

/// <summary>The table of messages. What is loaded is known here alone.</summary>
internal sealed class MessageTable
{
    // Rows that are looked at in one search: the next one goes on behind those of unknown age.
    private const int MostLooked = 4096;

    private readonly StreamTable _streams;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _delete;
    private readonly SqliteStatement _load;
    private readonly SqliteStatement _oldest;
    private readonly SqliteStatement _ages;
    private readonly SqliteDatabase _database;
    private readonly HashSet<long> _loaded = [];
    private readonly List<long> _loadedDeleted = [];
    private long _lastId;

    public MessageTable(SqliteDatabase database, StreamTable streams)
    {
        _database = database;
        _streams = streams;
        _insert = database.Prepare("INSERT INTO message(id, stream, boot, seq, monotonic, utc, synced, kernel, crc, payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        _delete = database.Prepare("DELETE FROM message WHERE id=?1 RETURNING stream");
        _load = database.Prepare("SELECT id, boot, seq, monotonic, utc, synced, kernel, crc, payload FROM message WHERE stream=?1 AND id>?2 ORDER BY id LIMIT ?3");
        _oldest = database.Prepare($"SELECT id, boot, seq FROM message WHERE stream=?1 AND id>?2 ORDER BY id LIMIT {OldestMessages.Most}");
        _ages = database.Prepare("SELECT id, boot, seq, monotonic, utc, synced, kernel FROM message WHERE stream=?1 AND id>?2 ORDER BY id");
        _lastId = database.Number("SELECT max(id) FROM message");
    }

    /// <summary>Adds a message.</summary>
    /// <returns>Its number, larger than all before.</returns>
    public long Append(in StoredMessage message)
    {
        StreamEntry stream = _streams[message.Stream];
        AcceptedAt at = message.At;
        _insert.Bind(1, _lastId + 1).Bind(2, message.Stream).Bind(3, message.Boot).Bind(4, message.Sequence)
            .Bind(5, at.MonotonicMilliseconds).Bind(6, at.UtcMilliseconds).Bind(7, at.IsSynced ? 1 : 0);
        // The start says it: written only where that is not so.
        if (_streams.KernelOf(message.Boot) == at.Kernel) _insert.BindNothing(8);
        else BindKernel(at.Kernel);
        _insert.Bind(9, MessageCheck.Of(message.Boot, message.Sequence, message.Payload)).Bind(10, message.Payload).Run();
        stream.Count++;
        return ++_lastId;
    }

    /// <summary>Takes a message out.</summary>
    /// <returns>Its stream; null where it is not there.</returns>
    public StreamEntry? Delete(long id)
    {
        _delete.Bind(1, id);
        if (!_delete.Step()) return null;
        StreamEntry stream = StreamOf((int)_delete.Number(0));
        _delete.Reset();
        stream.Count--;
        if (_loaded.Remove(id)) _loadedDeleted.Add(id);
        return stream;
    }

    /// <summary>As <see cref="IOutboxStore.Load"/>.</summary>
    public int Load(int stream, long after, ReadOnlySpan<BacklogMessage> into, int mostBytes)
    {
        int count = 0;
        int bytes = 0;
        _load.Bind(1, stream).Bind(2, after).Bind(3, into.Length);
        while (count < into.Length && bytes < mostBytes && _load.Step())
        {
            ReadOnlySpan<byte> payload = _load.Bytes(8);
            StoredMessage message = new(stream, _load.Number(1), _load.Number(2), ReadAge(_load), payload);
            // SQLite checks its own structure, not what it is given to keep.
            if (_load.Number(7) != MessageCheck.Of(message.Boot, message.Sequence, payload)) throw Damaged();
            into[count].Fill(_load.Number(0), message);
            _loaded.Add(into[count].Id);
            bytes += payload.Length;
            count++;
        }

        _load.Reset();
        return count;
    }

    /// <summary>As <see cref="IOutboxStore.Newest"/>.</summary>
    public IReadOnlyList<StoredKey> Newest(int stream, int most)
    {
        List<StoredKey> newest = [];
        using SqliteStatement rows = _database.PrepareOnce("SELECT id, boot, seq, crc FROM message WHERE stream=?1 ORDER BY id DESC LIMIT ?2");
        rows.Bind(1, stream).Bind(2, most);
        while (rows.Step()) newest.Add(new(rows.Number(0), rows.Number(1), rows.Number(2), (uint)rows.Number(3)));
        return newest;
    }

    /// <summary>Messages that count as loaded.</summary>
    public void Hold(ReadOnlySpan<long> ids)
    {
        foreach (long id in ids) _loaded.Add(id);
    }

    /// <summary>Messages that are loaded no more.</summary>
    public void Unload(ReadOnlySpan<long> ids)
    {
        foreach (long id in ids) _loaded.Remove(id);
        // They may be older than what has been read ahead.
        foreach (StreamEntry stream in _streams.Entries) stream.Oldest.Clear();
    }

    /// <summary>The oldest message of a stream that is not loaded.</summary>
    public bool TryOldest(StreamEntry stream, out (long Id, long Boot, long Sequence) oldest)
    {
        while (stream.Count > 0)
        {
            if (stream.Oldest.IsEmpty && !ReadAhead(stream)) break;
            oldest = stream.Oldest.First;
            if (!_loaded.Contains(oldest.Id)) return true;
            stream.Oldest.Skip();
        }

        oldest = default;
        return false;
    }

    /// <summary>Finds messages of a stream that are older than they may be, oldest first.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="clock">Says how old.</param>
    /// <param name="mayBe">How old they may be.</param>
    /// <param name="into">Filled from its start.</param>
    /// <returns>How many were found.</returns>
    public int FindExpired(StreamEntry stream, OutboxClock clock, TimeSpan mayBe, Span<(long Id, long Boot, long Sequence)> into)
    {
        int count = 0;
        int looked = 0;
        bool isFirst = true;
        _ages.Bind(1, stream.Id).Bind(2, stream.AgelessUpTo);
        while (count < into.Length && looked++ < MostLooked && _ages.Step())
        {
            long id = _ages.Number(0);
            TimeSpan? age = clock.Age(ReadAge(_ages));
            if (age is null)
            {
                // Looked at once; those behind it may have an age.
                if (isFirst) stream.AgelessUpTo = id;
                continue;
            }

            isFirst = false;
            if (age <= mayBe) break;
            if (!_loaded.Contains(id)) into[count++] = (id, _ages.Number(1), _ages.Number(2));
        }

        _ages.Reset();
        return count;
    }

    /// <summary>A group of changes begins.</summary>
    public void Save() => _loadedDeleted.Clear();

    /// <summary>It was undone.</summary>
    public void Restore()
    {
        foreach (long id in _loadedDeleted) _loaded.Add(id);
        _loadedDeleted.Clear();
    }

    private OutboxStoreException Damaged()
    {
        _load.Reset();
        return _database.Broken("a message is not as it was written");
    }

    private bool ReadAhead(StreamEntry stream)
    {
        _oldest.Bind(1, stream.Id).Bind(2, stream.Oldest.ReadUpTo);
        while (_oldest.Step()) stream.Oldest.Add(_oldest.Number(0), _oldest.Number(1), _oldest.Number(2));
        return !stream.Oldest.IsEmpty;
    }

    // Columns 1 (boot) and 3 to 6.
    private AcceptedAt ReadAge(SqliteStatement row)
    {
        ReadOnlySpan<byte> kernel = row.Bytes(6);
        Guid started = kernel.Length == 16 ? new Guid(kernel) : _streams.KernelOf(row.Number(1)) ?? Guid.Empty;
        return new AcceptedAt(started, row.Number(3), row.Number(4), row.Number(5) != 0);
    }

    private StreamEntry StreamOf(int id) => _streams.Find(id) ?? throw _database.Broken("a message of a stream that it does not know");

    private void BindKernel(Guid kernel)
    {
        Span<byte> bytes = stackalloc byte[16];
        kernel.TryWriteBytes(bytes);
        _insert.Bind(8, bytes);
    }
}
