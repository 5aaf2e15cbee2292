using EdgeInfer.Diagnostics;
using EdgeInfer.Tests.Slots;
using EdgeInfer.Updates;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Updates;

public sealed class LaterTryTests
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _time = new();
    private readonly LaterTry _later;

    public LaterTryTests() => _later = new(new Backoff(s_first, s_longest, new Random(1), BackoffJitter.Full), _time);

    [Fact]
    public void Nothing_is_due_before_something_failed()
        => Assert.Equal((false, false, Timeout.InfiniteTimeSpan), (_later.IsOutstanding, _later.IsDue, _later.Wait));

    [Fact]
    public void What_failed_is_due_once_its_wait_is_over_and_stays_so()
    {
        _later.Put();
        TimeSpan wait = _later.Wait;
        Assert.InRange(wait, s_first, 2 * s_first);
        Assert.Equal((true, false), (_later.IsOutstanding, _later.IsDue));
        _time.Advance(wait - TimeSpan.FromMilliseconds(1));
        Assert.False(_later.IsDue);
        _time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal((true, TimeSpan.Zero), (_later.IsDue, _later.Wait));
    }

    [Fact]
    public void What_cannot_be_tried_when_it_is_due_is_put_off_anew_and_never_waits_for_nothing()
    {
        for (int i = 0; i < 100; i++)
        {
            _later.Put();
            Assert.InRange(_later.Wait, s_first, s_longest);
            _time.Advance(_later.Wait);
        }
    }

    [Fact]
    public void A_clock_that_is_set_back_by_years_changes_nothing()
    {
        // The calendar is set, and what is counted in between goes on.
        StandingTime ahead = new(new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        LaterTry later = new(new Backoff(TimeSpan.FromHours(1), TimeSpan.FromHours(2), new Random(1), BackoffJitter.Full), ahead);
        later.Put();
        ahead.Now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.InRange(later.Wait, TimeSpan.FromMinutes(50), TimeSpan.FromHours(2));
    }

    [Fact]
    public void After_a_success_nothing_is_due_and_the_next_failure_waits_as_the_first()
    {
        for (int i = 0; i < 20; i++) _later.Put();
        _later.Done();
        Assert.False(_later.IsOutstanding);
        _later.Put();
        Assert.InRange(_later.Wait, s_first, 2 * s_first);
    }
}
