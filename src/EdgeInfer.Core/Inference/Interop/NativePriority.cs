using System.Runtime.InteropServices;

namespace EdgeInfer.Inference.Interop;

/// <summary>Priority of the calling thread; .NET's own setting does nothing on Linux.</summary>
internal static partial class NativePriority
{
    private const int Process = 0;
    private const int Lowest = 19;

    /// <summary>
    /// The thread gets what the others leave. Linux takes "process 0" for the calling thread alone, threads that it makes inherit it, and
    /// nobody without rights can take it back. Where a sandbox forbids the call the priority stays.
    /// </summary>
    public static void Lower() => _ = Set(Process, 0, Lowest);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int Set(int which, uint who, int priority);
}
