using System.Runtime.InteropServices;
using EdgeInfer.Diagnostics;
using SQLitePCL;

namespace EdgeInfer.Delivery.Store;

/// <summary>What SQLite said, for who has to tell kinds of failure apart.</summary>
/// <param name="code">The primary result code.</param>
/// <param name="said">SQLite's own words.</param>
internal sealed class SqliteResultException(int code, string said) : Exception(said)
{
    /// <summary>The primary result code.</summary>
    public int Code { get; } = code;
}

/// <summary>Turns SQLite's results and the system's errors into what an operator can act on.</summary>
internal static class StoreFaults
{
    private const int PrimaryMask = 0xff;
    private const int CorruptFileSystem = 10 | (33 << 8);
    private const int ErrnoNotPermitted = 1;
    private const int ErrnoAccess = 13;
    private const int ErrnoNoSpace = 28;
    private const int ErrnoReadOnly = 30;
    private const int ErrnoQuota = 122;

    /// <summary>The exception for a result.</summary>
    /// <param name="result">Extended result code.</param>
    /// <param name="system">errno; 0 where there is none.</param>
    /// <param name="path">The database.</param>
    /// <param name="doing">Past participle: what could not be done to it.</param>
    /// <param name="said">SQLite's own words; empty where there are none.</param>
    public static OutboxStoreException Of(int result, int system, string path, string doing, string said = "")
    {
        int code = result & PrimaryMask;
        SqliteResultException inner = new(code, said.Length > 0 ? said : $"SQLite result {result}");
        bool isBroken = result == CorruptFileSystem
            || code is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH or raw.SQLITE_FORMAT;
        return new OutboxStoreException(isBroken ? Broken(path, inner.Message) : Unusable(code, system, path, doing, inner.Message), isBroken, inner);
    }

    /// <summary>The exception for what the file system refuses outside SQLite.</summary>
    public static OutboxStoreException Of(Exception failure, string path, string doing)
        => new(Unusable(0, failure is UnauthorizedAccessException ? ErrnoAccess : failure.HResult, path, doing, failure.Message, isSystemSaid: true), false, failure);

    /// <summary>The database is damaged.</summary>
    public static Fault Broken(string path, string said)
        => new(FaultKind.InputOutput, path, $"the store of waiting results is damaged ({said})", "check the storage device (dmesg, fsck); it is set aside, and a new one is begun");

    /// <summary>Another agent works here.</summary>
    public static OutboxStoreException InUse(string folder, Exception? inner = null)
        => new(new Fault(FaultKind.Unavailable, folder, "another agent uses this state folder", "end it, or give each agent a runtime.state_folder of its own"), false, inner);

    private static Fault Unusable(int code, int system, string path, string doing, string said, bool isSystemSaid = false)
    {
        string what = $"the store of waiting results cannot be {doing}: ";
        string reason = system == 0 || isSystemSaid ? said : $"{said}: {Marshal.GetPInvokeErrorMessage(system)}";
        if (system == ErrnoQuota) return new(FaultKind.InputOutput, path, what + "the user's disk quota is used up", "free space there, or lower outbox.size");
        if (code == raw.SQLITE_FULL || system == ErrnoNoSpace) return new(FaultKind.InputOutput, path, what + "no space is left on the file system", "free space there, or lower outbox.size");
        if (system == ErrnoReadOnly) return new(FaultKind.InputOutput, path, what + "the file system is read-only", "mount it writable (dmesg says why it is not), or set runtime.state_folder");
        if (code == raw.SQLITE_READONLY) return new(FaultKind.InputOutput, path, what + "this user may not write it", CureOfFolder(path));
        if (system is ErrnoAccess or ErrnoNotPermitted) return new(FaultKind.InputOutput, path, what + reason, CureOfFolder(path));
        return code switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL
                => new(FaultKind.Unavailable, path, "another program has the store of waiting results open", "end that program; to look into the store, copy its files"),
            raw.SQLITE_NOMEM => new(FaultKind.Unavailable, path, what + "no memory is left", "free memory"),
            raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH => new(FaultKind.InputOutput, path, what + reason, CureOfFolder(path)),
            0 or raw.SQLITE_IOERR => new(FaultKind.InputOutput, path, what + reason, "check the storage device (dmesg, fsck), or set runtime.state_folder"),
            _ => new(FaultKind.Internal, path, what + reason, "report this with the log"),
        };
    }

    private static string CureOfFolder(string path) => $"check the owner and mode of {Path.GetDirectoryName(path)}, or set runtime.state_folder";
}
