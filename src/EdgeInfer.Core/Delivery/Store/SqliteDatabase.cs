using System.Runtime.InteropServices;
using EdgeInfer.Delivery.Store.Interop;
using SQLitePCL;

namespace EdgeInfer.Delivery.Store;

/// <summary>
/// One connection. Whatever fails undoes the transaction that is open and throws <see cref="OutboxStoreException"/>. One thread at a time.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    private const int OpenReadWrite = 0x2;
    private const int OpenReadOnly = 0x1;
    private const int OpenCreate = 0x4;
    // One thread at a time: SQLite's own locks would cost and guard nothing.
    private const int OpenNoMutex = 0x8000;
    private const int NoCheckpointOnClose = 1006;
    // Counted in SQLite's instructions: some microseconds between two looks at the clock.
    private const int InstructionsBetweenLooks = 10_000;

    private readonly sqlite3 _handle;
    private readonly List<SqliteStatement> _statements = [];

    private SqliteDatabase(sqlite3 handle, string path)
    {
        _handle = handle;
        Path = path;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Called when a transaction was undone by a failure.</summary>
    public Action? Undone { get; set; }

    /// <summary>Whether a transaction is open.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Rows that the last change touched.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Opens a file; nothing is read yet.</summary>
    public static SqliteDatabase Open(string path, bool mayCreate = false, bool isReadOnly = false)
    {
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        int flags = OpenNoMutex | (isReadOnly ? OpenReadOnly : OpenReadWrite) | (mayCreate ? OpenCreate : 0);
        int result = raw.sqlite3_open_v2(path, out sqlite3 handle, flags, null);
        if (result != raw.SQLITE_OK)
        {
            int extended = handle is null || handle.IsInvalid ? result : raw.sqlite3_extended_errcode(handle);
            int system = handle is null || handle.IsInvalid ? 0 : SqliteCalls.SystemError(handle);
            handle?.Dispose();
            throw StoreFaults.Of(extended, system, path, "opened");
        }

        _ = raw.sqlite3_extended_result_codes(handle, 1);
        SqliteDatabase database = new(handle, path);
        // What opens is read-only where the file may not be written: found here, or the first result would find it.
        if (isReadOnly || raw.sqlite3_db_readonly(handle, "main") == 0) return database;
        database.Dispose();
        throw StoreFaults.Of(raw.SQLITE_READONLY, 0, path, "opened");
    }

    /// <summary>A statement that is kept until the database is closed.</summary>
    public SqliteStatement Prepare(string sql)
    {
        // SQLITE_PREPARE_PERSISTENT: kept for long.
        int result = raw.sqlite3_prepare_v3(_handle, sql, 1, out sqlite3_stmt statement);
        if (result != raw.SQLITE_OK) throw NotPrepared(result);
        SqliteStatement prepared = new(this, statement, IsEnd(sql));
        _statements.Add(prepared);
        return prepared;
    }

    /// <summary>Runs one statement; its rows are passed over.</summary>
    public void Execute(string sql)
    {
        using SqliteStatement once = PrepareOnce(sql);
        while (once.Step()) continue;
    }

    /// <summary>The first column of a statement's first row; 0 where there is none.</summary>
    public long Number(string sql)
    {
        using SqliteStatement once = PrepareOnce(sql);
        return once.Step() ? once.Number(0) : 0;
    }

    /// <summary>As <see cref="Number"/>.</summary>
    public string Text(string sql)
    {
        using SqliteStatement once = PrepareOnce(sql);
        return once.Step() ? once.Text(0) : "";
    }

    /// <summary>A statement that its user disposes of.</summary>
    public SqliteStatement PrepareOnce(string sql)
    {
        int result = raw.sqlite3_prepare_v3(_handle, sql, 0, out sqlite3_stmt statement);
        return result == raw.SQLITE_OK ? new SqliteStatement(this, statement, IsEnd(sql)) : throw NotPrepared(result);
    }

    private static bool IsEnd(string sql) => sql.StartsWith("COMMIT", StringComparison.Ordinal);

    // Every statement is right for the schema: where one is refused, the schema is not what its version says.
    private OutboxStoreException NotPrepared(int result) => Failed(result == raw.SQLITE_ERROR ? raw.SQLITE_CORRUPT : result, "read");

    /// <summary>Runs something that ends unfinished when its time is over.</summary>
    /// <returns>Whether it has finished.</returns>
    public bool RunWithin(StoreDeadline deadline, Action run)
    {
        GCHandle handle = GCHandle.Alloc(deadline);
        try
        {
            SqliteCalls.EndWhen(_handle, InstructionsBetweenLooks, handle);
            run();
            return true;
        }
        catch (OutboxStoreException e) when (e.InnerException is SqliteResultException { Code: raw.SQLITE_INTERRUPT })
        {
            return false;
        }
        finally
        {
            SqliteCalls.EndNever(_handle);
            handle.Free();
        }
    }

    /// <summary>Undoes the transaction that is open, if any.</summary>
    public void Rollback()
    {
        foreach (SqliteStatement statement in _statements) statement.Reset();
        // By itself SQLite has undone it after some errors.
        if (IsInTransaction) _ = raw.sqlite3_exec(_handle, "ROLLBACK");
    }

    /// <summary>How often a busy file is asked for again.</summary>
    public void WaitWhileBusy(TimeSpan most) => _ = raw.sqlite3_busy_timeout(_handle, (int)most.TotalMilliseconds);

    /// <summary>Whether closing leaves the write-ahead log as it is.</summary>
    public void KeepLog(bool isKept) => _ = raw.sqlite3_db_config(_handle, NoCheckpointOnClose, isKept ? 1 : 0, out _);

    /// <summary>Closes; the write-ahead log is merged and removed where that can be done.</summary>
    public void Dispose()
    {
        foreach (SqliteStatement statement in _statements) statement.Dispose();
        _statements.Clear();
        _handle.Dispose();
    }

    /// <summary>Undoes what is open and builds the exception for content that cannot be.</summary>
    internal OutboxStoreException Broken(string said)
    {
        Rollback();
        Undone?.Invoke();
        return new OutboxStoreException(StoreFaults.Broken(Path, said), true);
    }

    /// <summary>Undoes what is open and builds the exception for a result.</summary>
    /// <param name="result">The result.</param>
    /// <param name="doing">Past participle: what could not be done.</param>
    /// <param name="lastError">errno as it is, where SQLite itself has noted none.</param>
    internal OutboxStoreException Failed(int result, string doing, int lastError = 0)
    {
        int system = (result & 0xff) is raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN ? SqliteCalls.SystemError(_handle) : 0;
        if (system == 0 && (result & 0xff) == raw.SQLITE_IOERR) system = lastError;
        string said = raw.sqlite3_errmsg(_handle).utf8_to_string() ?? "";
        Rollback();
        Undone?.Invoke();
        return StoreFaults.Of(result, system, Path, doing, said);
    }
}
