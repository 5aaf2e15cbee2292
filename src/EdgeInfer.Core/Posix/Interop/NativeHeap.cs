using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary>The C library's heap.</summary>
internal static partial class NativeHeap
{
    /// <summary>
    /// Gives free memory back to the system. glibc keeps what each thread's models and pictures have left behind; where the C library
    /// has no such call (musl), nothing happens.
    /// </summary>
    public static void Trim()
    {
        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Nothing is kept that could be given back.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint padBytes);
}
