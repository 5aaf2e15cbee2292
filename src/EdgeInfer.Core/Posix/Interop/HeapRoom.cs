using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary>
/// Room in the C library's heap, taken in one go for what is about to make thousands of small allocations on this thread. glibc grows the heap of every
/// thread but the first by no more than what is asked for, a page and a system call at a time (<c>sysmalloc</c>): ONNX Runtime's start alone asks 1600 times.
/// Memory that is not written to costs nothing; what is left over goes back in the end.
/// </summary>
internal readonly unsafe struct HeapRoom : IDisposable
{
    // Less than what glibc maps by itself (128 KiB, and more only later), more than what it keeps per thread (1 KiB).
    private const int BlockBytes = 96 * 1024;
    private const int WedgeBytes = 2048;

    // Behind the room: without it the room would be the heap's end, which is given back as soon as it is free.
    private readonly void* _wedge;

    private HeapRoom(void* wedge) => _wedge = wedge;

    /// <summary>Takes room; to be disposed of when the small allocations are made.</summary>
    /// <param name="bytes">About so much; up to 8 MiB.</param>
    public static HeapRoom Take(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, 8 << 20);
        void** blocks = stackalloc void*[bytes / BlockBytes];
        for (int i = 0; i < bytes / BlockBytes; i++) blocks[i] = NativeMemory.Alloc(BlockBytes);
        void* wedge = NativeMemory.Alloc(WedgeBytes);
        for (int i = 0; i < bytes / BlockBytes; i++) NativeMemory.Free(blocks[i]);
        return new(wedge);
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_wedge);
}
