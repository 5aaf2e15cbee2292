using System.Diagnostics;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>Puts a driver's timestamps on the program's clock.</summary>
internal static class CaptureClock
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>
    /// How long ago a buffer was captured; zero where the driver does not stamp with CLOCK_MONOTONIC or its stamp lies ahead.
    /// </summary>
    /// <param name="buffer">As dequeued.</param>
    /// <param name="monotonicNanoseconds">CLOCK_MONOTONIC now.</param>
    public static TimeSpan Age(in V4l2Buffer buffer, long monotonicNanoseconds)
    {
        if ((buffer.Flags & V4l2Values.BufferFlagTimestampMask) != V4l2Values.BufferFlagTimestampMonotonic) return TimeSpan.Zero;
        if (buffer.TimestampSeconds == 0 && buffer.TimestampMicroseconds == 0) return TimeSpan.Zero;
        long captured = buffer.TimestampSeconds * NanosecondsPerSecond + buffer.TimestampMicroseconds * 1000;
        return captured >= monotonicNanoseconds ? TimeSpan.Zero : TimeSpan.FromTicks((monotonicNanoseconds - captured) / 100);
    }

    /// <summary>CLOCK_MONOTONIC, the clock of V4L2's stamps, which <see cref="Stopwatch"/> reads on Linux; nanoseconds.</summary>
    public static long MonotonicNanoseconds()
        => Stopwatch.Frequency == NanosecondsPerSecond
            ? Stopwatch.GetTimestamp()
            : (long)(Stopwatch.GetTimestamp() * ((double)NanosecondsPerSecond / Stopwatch.Frequency));
}
