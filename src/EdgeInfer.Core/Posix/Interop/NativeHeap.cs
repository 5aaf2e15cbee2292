using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary>The C library's heap.</summary>
internal static partial class NativeHeap
{
    // <malloc.h>: M_ARENA_MAX.
    private const int ArenaMax = -8;

    /// <summary>
    /// Lets the threads made from now on share the heaps that are there, instead of up to eight for each processor: what a thread leaves behind, another
    /// can use, and the heap of the first thread grows in larger steps. Where the C library has no such call (musl), nothing happens.
    /// </summary>
    public static void Share()
    {
        try
        {
            _ = MallocOption(ArenaMax, 1);
        }
        catch (EntryPointNotFoundException)
        {
            // One heap for all threads as it is.
        }
    }

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

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallocOption(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint padBytes);
}
