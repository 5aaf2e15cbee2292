using System.Runtime.InteropServices;

namespace EdgeInfer.Benchmarks;

/// <summary>A clock that counts the processor time of the calling thread, so that other work on the machine does not show.</summary>
internal sealed partial class ThreadCpuTime : TimeProvider
{
    private const int ClockThreadCpuTime = 3;

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override unsafe long GetTimestamp()
    {
        Timespec time;
        _ = ClockGetTime(ClockThreadCpuTime, &time);
        return time.Seconds * 1_000_000_000 + time.Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static unsafe partial int ClockGetTime(int clock, Timespec* time);

    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
