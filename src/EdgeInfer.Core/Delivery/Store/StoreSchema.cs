namespace EdgeInfer.Delivery.Store;

/// <summary>The tables, their versions, and how SQLite is told to work.</summary>
internal static class StoreSchema
{
    /// <summary>Bytes a page: the block of most file systems, so that no write is done in halves.</summary>
    public const int PageBytes = 4096;

    /// <summary>PRAGMA application_id: "EIob".</summary>
    public const int ApplicationId = 0x45496f62;

    // A step leads from the version that is its index to the next; each is done in the transaction that notes the new version.
    private static ReadOnlySpan<string> Steps => new[]
    {
        """
        CREATE TABLE stream(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, topic TEXT NOT NULL, history TEXT NOT NULL,
                            class INTEGER NOT NULL, boot INTEGER NOT NULL);
        CREATE TABLE run(boot INTEGER PRIMARY KEY, kernel BLOB NOT NULL, ended INTEGER NOT NULL);
        CREATE TABLE message(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL,
                             monotonic INTEGER NOT NULL, utc INTEGER NOT NULL, synced INTEGER NOT NULL, kernel BLOB, crc INTEGER NOT NULL, payload BLOB NOT NULL);
        CREATE INDEX message_stream ON message(stream);
        CREATE TABLE gap(id INTEGER PRIMARY KEY, stream TEXT NOT NULL, boot INTEGER NOT NULL, reason TEXT NOT NULL,
                         first INTEGER, last INTEGER, at_most INTEGER, utc INTEGER NOT NULL);
        CREATE INDEX gap_range ON gap(stream, boot, reason, first);
        CREATE TABLE dead_letter(id INTEGER PRIMARY KEY, stream TEXT NOT NULL, topic TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL,
                                 utc INTEGER NOT NULL, reason TEXT NOT NULL, payload BLOB NOT NULL);
        """,
    };

    /// <summary>PRAGMA user_version of what this program writes.</summary>
    public static int Version => Steps.Length;

    /// <summary>Before anything else touches the file: these hold for a connection, or must be there before the first table.</summary>
    /// <remarks>
    /// Locked for as long as it is open, which also keeps the index of the log in memory instead of a third file. A small cache: rows are
    /// written once and read once. Deleted content is not overwritten (Debian's SQLite does by default): flash would pay for it.
    /// </remarks>
    public static void Prepare(SqliteDatabase database)
    {
        database.WaitWhileBusy(TimeSpan.FromMilliseconds(500));
        database.Execute("PRAGMA locking_mode=EXCLUSIVE");
        database.Execute("PRAGMA synchronous=FULL");
        database.Execute("PRAGMA cache_size=-512");
        database.Execute("PRAGMA mmap_size=0");
        database.Execute("PRAGMA temp_store=MEMORY");
        database.Execute("PRAGMA secure_delete=OFF");
        database.Execute("PRAGMA foreign_keys=OFF");
        database.Execute("PRAGMA trusted_schema=OFF");
        database.Execute("PRAGMA cell_size_check=ON");
    }

    /// <summary>Turns the write-ahead log on.</summary>
    /// <remarks>
    /// It is merged when it has 1000 pages (4 MB): rarer would make a start after a power cut longer and the files larger; more often
    /// would write pages twice that are freed soon, and cost syncs. A longer log, from a large group, is cut back to that.
    /// </remarks>
    public static void UseLog(SqliteDatabase database)
    {
        database.Execute("PRAGMA journal_mode=WAL");
        database.Execute("PRAGMA wal_autocheckpoint=1000");
        database.Execute("PRAGMA journal_size_limit=4194304");
    }

    /// <summary>Brings the tables to this program's version.</summary>
    /// <param name="database">The database.</param>
    /// <param name="alsoDo">Done in the same transaction.</param>
    public static void Migrate(SqliteDatabase database, Action? alsoDo)
    {
        long from = database.Number("PRAGMA user_version");
        if (from >= Version) return;
        database.Execute("BEGIN IMMEDIATE");
        for (int version = (int)from; version < Version; version++)
            foreach (string statement in Steps[version].Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) database.Execute(statement);
        database.Execute($"PRAGMA application_id={ApplicationId}");
        database.Execute($"PRAGMA user_version={Version}");
        alsoDo?.Invoke();
        database.Execute("COMMIT");
    }
}
