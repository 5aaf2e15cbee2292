using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary><c>poll.h</c>. Looked up by name in libc, so that a preloaded library can stand in.</summary>
internal static unsafe partial class Poll
{
    /// <summary>There is something to read, or the end.</summary>
    public const short In = 0x001;

    /// <summary>There is room to write.</summary>
    public const short Out = 0x004;

    /// <summary>Something is wrong; reported unasked.</summary>
    public const short Error = 0x008;

    /// <summary>The other side is gone; reported unasked.</summary>
    public const short HangUp = 0x010;

    /// <summary>Waits until a descriptor is ready.</summary>
    /// <param name="descriptors">Their <c>struct pollfd</c>; one with a negative number is passed over.</param>
    /// <param name="count">How many.</param>
    /// <param name="timeoutMilliseconds">−1 waits without end.</param>
    /// <returns>How many are ready, 0 at the time's end, or −1 and errno.</returns>
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Wait(Descriptor* descriptors, nuint count, int timeoutMilliseconds);

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Descriptor
    {
        public int Number;
        public short Wanted;
        public short Found;
    }
}
