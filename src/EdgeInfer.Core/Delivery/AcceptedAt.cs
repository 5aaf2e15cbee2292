namespace EdgeInfer.Delivery;

/// <summary>When a message was accepted, by both clocks.</summary>
/// <param name="Kernel">The kernel's start that <paramref name="MonotonicMilliseconds"/> counts from.</param>
/// <param name="MonotonicMilliseconds">Of CLOCK_MONOTONIC.</param>
/// <param name="UtcMilliseconds">Since 1970, as the clock was set then.</param>
/// <param name="IsSynced">Whether that clock was kept by a time source.</param>
internal readonly record struct AcceptedAt(Guid Kernel, long MonotonicMilliseconds, long UtcMilliseconds, bool IsSynced);

/// <summary>
/// Ages of messages that steps of the clock cannot change: within one start of the kernel the monotonic clock says them. Over a
/// restart only two synced clocks can; where one was not, the age is not known.
/// </summary>
/// <param name="time">Clock; its timestamps are CLOCK_MONOTONIC.</param>
/// <param name="isSynced">Whether the clock is kept by a time source now.</param>
/// <param name="kernel">This start of the kernel: <c>/proc/sys/kernel/random/boot_id</c>.</param>
internal sealed class OutboxClock(TimeProvider time, Func<bool> isSynced, Guid kernel)
{
    /// <summary>This start of the kernel.</summary>
    public Guid Kernel => kernel;

    /// <summary>Milliseconds of CLOCK_MONOTONIC.</summary>
    public long MonotonicMilliseconds => (long)(time.GetTimestamp() * (1000.0 / time.TimestampFrequency));

    /// <summary>Now, by both clocks.</summary>
    public AcceptedAt Now() => new(kernel, MonotonicMilliseconds, time.GetUtcNow().ToUnixTimeMilliseconds(), isSynced());

    /// <summary>How old a message is, never negative; null where nothing can tell.</summary>
    public TimeSpan? Age(in AcceptedAt at)
    {
        if (at.Kernel == kernel) return TimeSpan.FromMilliseconds(Math.Max(0, MonotonicMilliseconds - at.MonotonicMilliseconds));
        if (!at.IsSynced || !isSynced()) return null;
        return TimeSpan.FromMilliseconds(Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds() - at.UtcMilliseconds));
    }
}
