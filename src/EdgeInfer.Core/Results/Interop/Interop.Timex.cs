using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeInfer.Results.Interop;

/// <summary><c>sys/timex.h</c> of 64-bit Linux.</summary>
internal static partial class Timex
{
    /// <summary>Bit of <see cref="State.Status"/>: nobody disciplines the clock.</summary>
    public const int StatusUnsynchronised = 0x0040;

    /// <summary>Bit of <see cref="State.Status"/>: the hardware's clock is at fault.</summary>
    public const int StatusClockError = 0x1000;

    /// <summary>
    /// NTP_PHASE_LIMIT of the kernel: the bound of the error grows by 500 µs a second while nobody disciplines the clock, and at this one,
    /// about nine hours after the last time, the kernel itself calls it unsynchronised.
    /// </summary>
    public const long LargestErrorMicroseconds = 16_000_000;

    /// <summary>Returned where the clock is not synchronised.</summary>
    public const int TimeError = 5;

    /// <summary>Reads (with <see cref="State.Modes"/> 0, which needs no right) the state of the kernel's clock.</summary>
    /// <returns>The clock's state, or −1 and errno.</returns>
    [LibraryImport("libc", EntryPoint = "adjtimex", SetLastError = true)]
    public static partial int Adjust(ref State state);

    /// <summary><c>struct timex</c>: 208 bytes, of which the first five fields are named.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct State
    {
        public uint Modes;
        public nint Offset;
        public nint Frequency;
        public nint MaximumError;
        public nint EstimatedError;
        public int Status;
        public int Padding;
        public Rest Others;
    }

    [InlineArray(20)]
    public struct Rest
    {
        private long _first;
    }
}
