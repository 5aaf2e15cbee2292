using System.Runtime.InteropServices;
using System.Text;
using SQLitePCL;

namespace EdgeInfer.Delivery.Store;

/// <summary>A prepared statement. Parameters count from 1, columns from 0.</summary>
/// <param name="database">Its database.</param>
/// <param name="handle">SQLite's.</param>
/// <param name="isEnd">Whether it ends a transaction.</param>
internal sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle, bool isEnd) : IDisposable
{
    private const int LongestStackText = 256;

    /// <summary>Binds a number.</summary>
    public SqliteStatement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(handle, parameter, value));
        return this;
    }

    /// <summary>Binds a number or nothing.</summary>
    public SqliteStatement Bind(int parameter, long? value) => value is { } number ? Bind(parameter, number) : BindNothing(parameter);

    /// <summary>Binds nothing.</summary>
    public SqliteStatement BindNothing(int parameter)
    {
        Check(raw.sqlite3_bind_null(handle, parameter));
        return this;
    }

    /// <summary>Binds bytes; they are copied.</summary>
    public SqliteStatement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(handle, parameter, 0) : raw.sqlite3_bind_blob(handle, parameter, value));
        return this;
    }

    /// <summary>Binds text; it is copied.</summary>
    public SqliteStatement Bind(int parameter, string value)
    {
        int most = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> bytes = most <= LongestStackText ? stackalloc byte[most] : new byte[most];
        Check(raw.sqlite3_bind_text(handle, parameter, bytes[..Encoding.UTF8.GetBytes(value, bytes)]));
        return this;
    }

    /// <summary>Goes to the next row.</summary>
    /// <returns>False at the end; the statement is reset then.</returns>
    public bool Step()
    {
        int result = raw.sqlite3_step(handle);
        if (result == raw.SQLITE_ROW) return true;
        if (result != raw.SQLITE_DONE)
        {
            // Of a commit, SQLite keeps no errno: it is asked for before anything else can change it.
            int system = Marshal.GetLastSystemError();
            bool isWritten = database.IsInTransaction || raw.sqlite3_stmt_readonly(handle) == 0 || isEnd;
            OutboxStoreException failure = database.Failed(result, isWritten ? "written" : "read", system);
            Reset();
            throw failure;
        }

        Reset();
        return false;
    }

    /// <summary>Runs to the end.</summary>
    public void Run()
    {
        while (Step()) continue;
    }

    /// <summary>Makes it ready to run again; what is bound stays.</summary>
    public void Reset() => _ = raw.sqlite3_reset(handle);

    /// <summary>A number.</summary>
    public long Number(int column) => raw.sqlite3_column_int64(handle, column);

    /// <summary>A number or nothing.</summary>
    public long? NumberOrNothing(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL ? null : Number(column);

    /// <summary>Text.</summary>
    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string() ?? "";

    /// <summary>Bytes, valid until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK) throw database.Failed(result, "written");
    }
}
