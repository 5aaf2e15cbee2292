using EdgeInfer.Hosting;

namespace EdgeInfer.Tests.Hosting;

/// <summary>WATCHDOG_USEC and WATCHDOG_PID, as sd_watchdog_enabled(3) says.</summary>
public sealed class WatchTimesTests
{
    [Theory]
    [InlineData("60000000", null, 60.0)]
    [InlineData("60000000", "31", 60.0)]
    [InlineData("60000000", "32", null)]
    [InlineData("0", null, null)]
    [InlineData("-1", null, null)]
    [InlineData("soon", null, null)]
    [InlineData("", null, null)]
    [InlineData("18446744073709551615", null, null)]
    public void The_watchdogs_time_is_read_where_it_is_meant_for_this_process(string microseconds, string? process, double? seconds)
    {
        Dictionary<string, string> variables = new() { ["WATCHDOG_USEC"] = microseconds };
        if (process is not null) variables["WATCHDOG_PID"] = process;
        Assert.Equal(seconds, WatchTimes.Of(variables, 31).Watchdog?.TotalSeconds);
    }

    [Theory]
    [InlineData(60, 5, 60)]
    [InlineData(8, 2, 8)]
    [InlineData(2, 0.5, 4)]
    [InlineData(600, 5, 600)]
    public void A_step_may_take_as_long_as_the_watchdog_waits_and_the_manager_hears_four_times_meanwhile(double watchdog, double interval, double step)
    {
        WatchTimes times = new(TimeSpan.FromSeconds(watchdog));
        Assert.Equal((interval, step), (times.Interval.TotalSeconds, times.LongestStep.TotalSeconds));
    }

    [Fact]
    public void Without_a_watchdog_a_minute_counts_as_long()
        => Assert.Equal((5.0, 60.0), (WatchTimes.Of(new Dictionary<string, string>(), 31).Interval.TotalSeconds, default(WatchTimes).LongestStep.TotalSeconds));
}
