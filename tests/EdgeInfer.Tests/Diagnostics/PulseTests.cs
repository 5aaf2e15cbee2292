using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Diagnostics;

/// <summary>How long the present step of a thread has taken.</summary>
public sealed class PulseTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private readonly FakeTimeProvider _time = new();
    private readonly Pulse _pulse;

    public PulseTests() => _pulse = new(_time);

    [Fact]
    public void A_thread_that_has_not_begun_is_not_late()
    {
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Null(_pulse.Overdue(s_limit));
    }

    [Fact]
    public void A_step_is_late_once_it_takes_longer_than_it_may_and_the_next_one_is_not()
    {
        _pulse.Step();
        _time.Advance(s_limit);
        Assert.Null(_pulse.Overdue(s_limit));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(11), _pulse.Overdue(s_limit));
        _pulse.Step();
        Assert.Null(_pulse.Overdue(s_limit));
    }

    [Fact]
    public void Loading_may_take_longer_than_a_step_and_not_for_ever()
    {
        _pulse.Step();
        _pulse.Load();
        _time.Advance(Pulse.LongestLoad);
        Assert.Null(_pulse.Overdue(s_limit));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Pulse.LongestLoad + TimeSpan.FromSeconds(1), _pulse.Overdue(s_limit));
        _pulse.Step();
        _time.Advance(s_limit + TimeSpan.FromSeconds(1));
        Assert.NotNull(_pulse.Overdue(s_limit));
    }

    [Fact]
    public void A_thread_that_rests_is_not_late()
    {
        _pulse.Step();
        _pulse.Rest();
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Null(_pulse.Overdue(s_limit));
    }
}
