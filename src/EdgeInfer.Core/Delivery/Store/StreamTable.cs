namespace EdgeInfer.Delivery.Store;

/// <summary>A stream, and what is known of its messages without asking the database.</summary>
/// <param name="id">Its number.</param>
/// <param name="facts">The stream.</param>
/// <param name="lastBoot">The agent's last start in which it was open.</param>
internal sealed class StreamEntry(int id, StreamFacts facts, long lastBoot)
{
    private long _savedCount;
    private (StreamFacts Facts, long LastBoot) _saved = (facts, lastBoot);

    /// <summary>Its number.</summary>
    public int Id { get; } = id;

    /// <summary>The stream.</summary>
    public StreamFacts Facts { get; set; } = facts;

    /// <summary>The agent's last start in which it was open.</summary>
    public long LastBoot { get; set; } = lastBoot;

    /// <summary>Its messages.</summary>
    public long Count { get; set; }

    /// <summary>Its oldest messages, read ahead for the quota.</summary>
    public OldestMessages Oldest { get; } = new();

    /// <summary>Its messages that went for lack of room and are not yet declared lost.</summary>
    public DroppedRun? Dropped { get; set; }

    /// <summary>Messages up to here are of unknown age.</summary>
    public long AgelessUpTo { get; set; }

    /// <summary>Keeps what <see cref="Restore"/> brings back.</summary>
    public void Save() => (_savedCount, _saved) = (Count, (Facts, LastBoot));

    /// <summary>Brings back what was saved.</summary>
    public void Restore()
    {
        (Count, (Facts, LastBoot)) = (_savedCount, _saved);
        Oldest.Clear();
        Dropped = null;
        AgelessUpTo = 0;
    }
}

/// <summary>Neighbouring messages of a stream that went together.</summary>
internal readonly record struct DroppedRun(long Boot, long First, long Last);

/// <summary>The tables of streams and starts. Streams are few: all are held in memory.</summary>
internal sealed class StreamTable
{
    // Enough to say of any waiting message under which start of the kernel it was accepted.
    private const int MostRuns = 4096;
    // A stream without messages is needed for a power cut of the last start, which may itself have been cut short.
    private const int BootsKept = 3;

    private readonly SqliteDatabase _database;
    private readonly long _boot;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _update;
    private readonly SqliteStatement _deleteOld;
    private readonly SqliteStatement _insertRun;
    private readonly SqliteStatement _endRun;
    private readonly SqliteStatement _deleteRuns;
    private readonly List<StreamEntry> _entries = [];
    private readonly Dictionary<long, Guid> _kernels = [];
    private readonly List<StreamEntry> _saved = [];

    /// <summary>Reads what is there; counting messages reads their index once.</summary>
    public StreamTable(SqliteDatabase database, long boot)
    {
        _database = database;
        _boot = boot;
        _insert = database.Prepare("INSERT INTO stream(name, topic, history, class, boot) VALUES(?1, ?2, ?3, ?4, ?5) RETURNING id");
        _update = database.Prepare("UPDATE stream SET topic=?2, history=?3, class=?4, boot=?5 WHERE id=?1");
        _deleteOld = database.Prepare("DELETE FROM stream WHERE id=?1");
        _insertRun = database.Prepare("INSERT OR REPLACE INTO run(boot, kernel, ended) VALUES(?1, ?2, 0)");
        _endRun = database.Prepare("UPDATE run SET ended=1 WHERE boot=?1");
        _deleteRuns = database.Prepare($"DELETE FROM run WHERE boot NOT IN (SELECT boot FROM run ORDER BY boot DESC LIMIT {MostRuns})");
        Read();
    }

    /// <summary>Every stream; as a list, whose enumerator is not allocated.</summary>
    public List<StreamEntry> Entries => _entries;

    /// <summary>The kernel's start that an agent's start ran under; null where it is not known.</summary>
    public Guid? KernelOf(long boot) => _kernels.TryGetValue(boot, out Guid kernel) ? kernel : null;

    /// <summary>A stream by its number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public StreamEntry this[int id] => Find(id) ?? throw new ArgumentOutOfRangeException(nameof(id), id, "no such stream");

    /// <summary>A stream by its number; null where there is none.</summary>
    public StreamEntry? Find(int id)
    {
        foreach (StreamEntry entry in _entries)
            if (entry.Id == id) return entry;
        return null;
    }

    /// <summary>Starts before this one, oldest first.</summary>
    public List<AgentRun> Runs()
    {
        List<AgentRun> runs = [];
        using SqliteStatement rows = _database.PrepareOnce("SELECT boot, kernel, ended FROM run WHERE boot<?1 ORDER BY boot");
        rows.Bind(1, _boot);
        while (rows.Step()) runs.Add(new AgentRun(rows.Number(0), KernelIn(rows.Bytes(1)), rows.Number(2) != 0));
        return runs;
    }

    /// <summary>Notes a start, and drops what no later one will ask for.</summary>
    public void BeginRun(long boot, Guid kernel)
    {
        Span<byte> bytes = stackalloc byte[16];
        kernel.TryWriteBytes(bytes);
        _insertRun.Bind(1, boot).Bind(2, bytes).Run();
        _kernels[boot] = kernel;
        if (_kernels.Count > MostRuns) _deleteRuns.Run();
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].Count > 0 || _entries[i].LastBoot > boot - BootsKept) continue;
            _deleteOld.Bind(1, _entries[i].Id).Run();
            _entries.RemoveAt(i);
        }
    }

    /// <summary>A start has ended in peace.</summary>
    public void EndRun(long boot) => _endRun.Bind(1, boot).Run();

    /// <summary>A stream's number, added where it is new.</summary>
    public int Open(StreamFacts facts, long boot)
    {
        foreach (StreamEntry entry in _entries)
        {
            if (entry.Facts.Name != facts.Name) continue;
            if (entry.Facts == facts && entry.LastBoot == boot) return entry.Id;
            _update.Bind(1, entry.Id).Bind(2, facts.Topic).Bind(3, facts.HistoryTopic).Bind(4, (long)facts.Class).Bind(5, boot).Run();
            (entry.Facts, entry.LastBoot) = (facts, boot);
            return entry.Id;
        }

        _insert.Bind(1, facts.Name).Bind(2, facts.Topic).Bind(3, facts.HistoryTopic).Bind(4, (long)facts.Class).Bind(5, boot);
        _insert.Step();
        int id = (int)_insert.Number(0);
        _insert.Reset();
        _entries.Add(new StreamEntry(id, facts, boot));
        return id;
    }

    /// <summary>Keeps what <see cref="Restore"/> brings back.</summary>
    public void Save()
    {
        _saved.Clear();
        _saved.AddRange(_entries);
        foreach (StreamEntry entry in _saved) entry.Save();
    }

    /// <summary>Brings back what was saved.</summary>
    public void Restore()
    {
        _entries.Clear();
        _entries.AddRange(_saved);
        foreach (StreamEntry entry in _entries) entry.Restore();
    }

    private void Read()
    {
        using (SqliteStatement rows = _database.PrepareOnce("SELECT id, name, topic, history, class, boot FROM stream ORDER BY id"))
        {
            while (rows.Step())
            {
                if (rows.Number(4) is < (long)DeliveryClass.Prediction or > (long)DeliveryClass.Update) throw _database.Broken("a stream of a class that there is not");
                _entries.Add(new StreamEntry((int)rows.Number(0), new StreamFacts(rows.Text(1), rows.Text(2), rows.Text(3), (DeliveryClass)rows.Number(4)), rows.Number(5)));
            }
        }

        using (SqliteStatement rows = _database.PrepareOnce("SELECT stream, count(*) FROM message GROUP BY stream"))
        {
            while (rows.Step())
            {
                if (Find((int)rows.Number(0)) is not { } entry)
                    throw _database.Broken("messages of a stream that it does not know");
                entry.Count = rows.Number(1);
            }
        }

        using (SqliteStatement rows = _database.PrepareOnce("SELECT boot, kernel FROM run"))
            while (rows.Step()) _kernels[rows.Number(0)] = KernelIn(rows.Bytes(1));
    }

    private static Guid KernelIn(ReadOnlySpan<byte> bytes) => bytes.Length == 16 ? new Guid(bytes) : Guid.Empty;
}
