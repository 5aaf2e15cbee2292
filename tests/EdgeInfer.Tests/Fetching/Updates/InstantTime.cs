using System.Collections.Concurrent;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>Time in which deadlines never end and every pause is over at once; the clock goes on by the pause.</summary>
/// <param name="deadlines">How long deadlines are; whatever else is waited for is a pause.</param>
internal sealed class InstantTime(params TimeSpan[] deadlines) : TimeProvider
{
    private long _ticks = TimeSpan.FromDays(1).Ticks;

    /// <summary>The pauses, in order.</summary>
    public ConcurrentQueue<TimeSpan> Pauses { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == Timeout.InfiniteTimeSpan || deadlines.Contains(dueTime)) return new Timer();
        Pauses.Enqueue(dueTime);
        Interlocked.Add(ref _ticks, dueTime.Ticks);
        ThreadPool.QueueUserWorkItem(_ => callback(state));
        return new Timer();
    }

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
