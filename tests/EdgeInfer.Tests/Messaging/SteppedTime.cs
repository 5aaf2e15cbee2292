using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Messaging;

/// <summary>A clock that a test moves, and that tells what a session waits for: so a test moves it when the wait has begun, never before.</summary>
internal sealed class SteppedTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);
    private readonly Channel<TimeSpan> _asked = Channel.CreateUnbounded<TimeSpan>();

    public SteppedTime()
        : this(new DateTimeOffset(2027, 6, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>By how much somebody has set the wall clock; timers and timestamps do not care.</summary>
    public TimeSpan Step { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Step;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        if (period == Timeout.InfiniteTimeSpan && dueTime > TimeSpan.Zero) _asked.Writer.TryWrite(dueTime);
        return timer;
    }

    /// <summary>How long the next wait that has begun is to be.</summary>
    public async Task<TimeSpan> Wait() => await _asked.Reader.ReadAsync().AsTask().WaitAsync(SessionProbe.Patience);

    /// <summary>Lets each pause between attempts pass until an attempt begins, whose time for connecting is longer than any piece of a pause.</summary>
    /// <returns>How long the pauses were.</returns>
    public async Task<TimeSpan> Attempt()
    {
        for (TimeSpan passed = TimeSpan.Zero; ;)
        {
            TimeSpan piece = await Wait();
            if (piece > s_longestPause) return passed;
            passed += piece;
            Advance(piece);
        }
    }
}
