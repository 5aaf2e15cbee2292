using System.Runtime.InteropServices;

namespace EdgeInfer.Messaging.Interop;

/// <summary><c>poll.h</c>.</summary>
internal static partial class Poll
{
    /// <summary>There is something to read, or the end.</summary>
    public const short In = 0x001;

    /// <summary>Waits until the descriptor is ready.</summary>
    /// <param name="descriptor">One <c>struct pollfd</c>.</param>
    /// <param name="count">1.</param>
    /// <param name="timeoutMilliseconds">−1 waits without end.</param>
    /// <returns>1, 0 at the time's end, or −1 and errno.</returns>
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Wait(ref Descriptor descriptor, nuint count, int timeoutMilliseconds);

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Descriptor
    {
        public int Number;
        public short Wanted;
        public short Found;
    }
}
