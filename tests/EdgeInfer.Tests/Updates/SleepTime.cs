using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Updates;

/// <summary>
/// A clock that tells for how long somebody goes to sleep on it, so that a test moves it on just then and just as far: however busy the machine is,
/// whoever sleeps wakes at the moment it wanted.
/// </summary>
internal sealed class SleepTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly BlockingCollection<TimeSpan> _sleeps = [];

    /// <summary>The next sleep that has an end and is no longer than this; waits until somebody begins it.</summary>
    public TimeSpan NextSleep(TimeSpan? longest = null)
    {
        while (_sleeps.TryTake(out TimeSpan sleep, s_patience))
            if (longest is null || sleep <= longest) return sleep;
        throw new TimeoutException("nobody goes to sleep");
    }

    /// <summary>Sleeps that nobody asked for are forgotten.</summary>
    public void Forget()
    {
        while (_sleeps.TryTake(out _))
        {
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime != Timeout.InfiniteTimeSpan) _sleeps.Add(dueTime);
        return timer;
    }
}
