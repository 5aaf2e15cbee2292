using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace EdgeInfer.Delivery.Store.Interop;

/// <summary>The part of sqlite3.h that SQLitePCLRaw lacks, or has only with delegates, which a process that maps no executable memory cannot make.</summary>
internal static unsafe partial class SqliteCalls
{
    private const string Library = "e_sqlite3";

    /// <summary>errno of the last call to the system that failed within SQLite; 0 where there was none.</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_system_errno")]
    internal static partial int SystemError(sqlite3 database);

    /// <summary>Lets whatever runs on a database be asked every so many instructions whether it is to end.</summary>
    internal static void EndWhen(sqlite3 database, int instructions, in GCHandle deadline)
        => ProgressHandler(database, instructions, &IsOver, GCHandle.ToIntPtr(deadline));

    /// <summary>Asks no more.</summary>
    internal static void EndNever(sqlite3 database) => ProgressHandler(database, 0, null, 0);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int IsOver(nint deadline) => ((StoreDeadline)GCHandle.FromIntPtr(deadline).Target!).IsOver ? 1 : 0;

    [LibraryImport(Library, EntryPoint = "sqlite3_progress_handler")]
    private static partial void ProgressHandler(sqlite3 database, int instructions, delegate* unmanaged[Cdecl]<nint, int> handler, nint argument);
}

/// <summary>How long something may take.</summary>
/// <param name="clock">Clock.</param>
/// <param name="most">From now.</param>
internal sealed class StoreDeadline(OutboxClock clock, TimeSpan most)
{
    private readonly long _end = clock.MonotonicMilliseconds + (long)most.TotalMilliseconds;

    /// <summary>Whether that has passed.</summary>
    public bool IsOver => clock.MonotonicMilliseconds >= _end;
}
