using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Posix.Interop;

/// <summary><c>unistd.h</c> and <c>sys/eventfd.h</c>: pipes and what wakes a poll. Nothing here is inherited by a child unasked.</summary>
internal static unsafe partial class Pipes
{
    /// <summary>The most bytes that a pipe which poll called writable takes without blocking (PIPE_BUF).</summary>
    internal const int AtomicBytes = 4096;

    private const int CloseOnExec = 0x80000;

    /// <summary>A pipe.</summary>
    /// <exception cref="IOException">No descriptors are left.</exception>
    internal static (SafeFileHandle Reading, SafeFileHandle Writing) Open()
    {
        int* ends = stackalloc int[2];
        if (Pipe2(ends, CloseOnExec) != 0) throw Failure("pipe2");
        return (new(ends[0], ownsHandle: true), new(ends[1], ownsHandle: true));
    }

    /// <summary>What becomes readable by <see cref="Wake"/>.</summary>
    /// <exception cref="IOException">No descriptors are left.</exception>
    internal static SafeFileHandle OpenEvent()
    {
        int descriptor = EventFd(0, CloseOnExec);
        return descriptor < 0 ? throw Failure("eventfd") : new(descriptor, ownsHandle: true);
    }

    /// <summary>Makes an event readable for good.</summary>
    internal static void Wake(SafeFileHandle wakeEvent)
    {
        ulong one = 1;
        _ = Write(wakeEvent, &one, sizeof(ulong));
    }

    /// <summary>Reads what is there.</summary>
    /// <returns>Bytes, 0 at the end, or −1 and errno.</returns>
    internal static int Read(SafeFileHandle pipe, Span<byte> into)
    {
        fixed (byte* bytes = into) return (int)Read(pipe, bytes, (nuint)into.Length);
    }

    /// <summary>Writes; at most <see cref="AtomicBytes"/> at once never block after poll.</summary>
    /// <returns>Bytes, or −1 and errno.</returns>
    internal static int Write(SafeFileHandle pipe, ReadOnlySpan<byte> from)
    {
        fixed (byte* bytes = from) return (int)Write(pipe, bytes, (nuint)from.Length);
    }

    internal static IOException Failure(string call)
        => new($"{call} failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe2(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle pipe, void* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle pipe, void* bytes, nuint count);
}
