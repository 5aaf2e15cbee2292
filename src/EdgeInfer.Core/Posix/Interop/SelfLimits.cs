using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Posix.Interop;

/// <summary><c>unistd.h</c>, <c>sys/resource.h</c> and <c>sys/prctl.h</c>: what a process takes away from itself before it runs code that may end it.</summary>
internal static unsafe partial class SelfLimits
{
    private const int Output = 1;
    private const int Errors = 2;
    private const int DataSize = 2;
    private const int CoreSize = 4;
    private const int SetDumpable = 4;

    /// <summary>
    /// Takes standard output for itself: what native code prints from now on goes to standard error, where it can be a reason but breaks
    /// nothing. A death leaves no core file.
    /// </summary>
    /// <returns>What was standard output.</returns>
    /// <exception cref="IOException">No descriptors are left.</exception>
    internal static SafeFileHandle TakeOutput()
    {
        _ = Limit(CoreSize, 0);
        int own = Duplicate(Output);
        if (own < 0 || Duplicate(Errors, Output) < 0) throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
        return new(own, ownsHandle: true);
    }

    /// <summary>Memory of its own that this process may have at most (RLIMIT_DATA): an allocation beyond it fails.</summary>
    /// <returns>Whether the kernel took it.</returns>
    internal static bool LimitData(long bytes) => Limit(DataSize, (ulong)bytes);

    /// <summary>No core is dumped, not to a handler of the system either, and nobody else of this user reads this process's memory.</summary>
    internal static void HideMemory() => _ = Control(SetDumpable, 0, 0, 0, 0);

    private static bool Limit(int resource, ulong most)
    {
        ulong* limits = stackalloc ulong[2];
        limits[0] = limits[1] = most;
        return SetLimit(resource, limits) == 0;
    }

    // Inherited by a child, unlike what .NET opens.
    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    internal static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int descriptor, int asDescriptor);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong* limits);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int operation, nuint first, nuint second, nuint third, nuint fourth);
}
