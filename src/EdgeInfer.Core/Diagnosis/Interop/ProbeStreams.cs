using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Diagnosis.Interop;

/// <summary><c>unistd.h</c> and <c>sys/resource.h</c>: a process that is about to run code which may end it.</summary>
internal static unsafe partial class ProbeStreams
{
    private const int Output = 1;
    private const int Errors = 2;
    private const int CoreSize = 4;

    /// <summary>
    /// Takes standard output for itself: what native code prints from now on goes to standard error, where it can be a reason but breaks
    /// nothing. A death leaves no core file.
    /// </summary>
    /// <returns>What was standard output.</returns>
    /// <exception cref="IOException">No descriptors are left.</exception>
    public static SafeFileHandle TakeOutput()
    {
        ulong* none = stackalloc ulong[2];
        none[0] = none[1] = 0;
        _ = SetLimit(CoreSize, none);
        int own = Duplicate(Output);
        if (own < 0 || Duplicate(Errors, Output) < 0) throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
        return new(own, ownsHandle: true);
    }

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int descriptor, int asDescriptor);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong* limits);
}
