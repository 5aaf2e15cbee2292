using EdgeInfer.Configuration;
using EdgeInfer.Tests.Releasing;
using EdgeInfer.Updates;

namespace EdgeInfer.Tests.Updates;

/// <summary>A release that has passed its probe and waits for its window, in a day that begins at 12:00.</summary>
public sealed class UpdateWindowTests : IDisposable
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly SleepTime _time = new(ReleaseRig.Start);
    private readonly DeviceRig _device;
    private TimeSpan _asleep;

    public UpdateWindowTests() => _device = new(_time);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Before_its_window_a_release_waits_and_says_so_and_goes_live_as_that_opens()
    {
        AssertWaits(Start("12:30", "13:00"), "12:30-13:00");
        AssertWaits(At(12, 29), "12:30-13:00");
        Assert.Single(_device.Probed);
        Assert.Equal("", _device.Now.Path);
        AssertLive(At(12, 30));
    }

    [Fact]
    public void Within_its_window_a_release_goes_live_at_once()
    {
        AssertLive(Start("11:00", "12:01"));
        Assert.Equal(ReleaseRig.Start, _time.GetUtcNow());
    }

    [Fact]
    public void After_its_window_closed_a_release_waits_for_that_of_the_next_day()
    {
        // 12:00 is the first minute after it.
        AssertWaits(Start("11:00", "12:00"), "11:00-12:00");
        AssertWaits(At(10, 59), "11:00-12:00");
        AssertLive(At(11, 0));
        Assert.Equal(23, (_time.GetUtcNow() - ReleaseRig.Start).TotalHours, precision: 1);
    }

    [Fact]
    public void A_window_over_midnight_is_closed_by_day_and_opens_in_the_evening()
    {
        AssertWaits(Start("23:00", "04:00"), "23:00-04:00");
        AssertWaits(At(22, 59), "23:00-04:00");
        AssertLive(At(23, 0));
    }

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(3, 59, true)]
    [InlineData(4, 0, false)]
    public void A_window_over_midnight_is_open_until_the_morning(int hour, int minute, bool isOpen)
    {
        _time.Advance(TimeSpan.FromHours(12 + hour) + minute * s_minute);
        UpdateReport report = Start("23:00", "04:00");
        if (isOpen) AssertLive(report);
        else AssertWaits(report, "23:00-04:00");
    }

    [Fact]
    public void A_window_is_meant_in_the_devices_local_time()
    {
        _time.SetLocalTimeZone(TimeZoneInfo.CreateCustomTimeZone("two hours ahead", TimeSpan.FromHours(2), null, null));
        AssertWaits(Start("14:30", "15:00"), "14:30-15:00");
        AssertWaits(At(12, 29), "14:30-15:00");
        AssertLive(At(12, 30));
    }

    [Fact]
    public void A_window_never_opens_on_a_clock_that_nobody_keeps_and_does_once_somebody_keeps_it()
    {
        _device.IsClockSynced = false;
        UpdateReport waits = Start("12:30", "13:00");
        for (int minute = 29; minute <= 45; minute++)
        {
            Assert.Equal(("window", "it waits for the window 12:30-13:00, and for a clock that is kept by a time source"), (waits.Job!.State, waits.Job.Reason));
            waits = At(12, minute);
        }

        _device.IsClockSynced = true;
        AssertLive(At(12, 46));
    }

    [Fact]
    public void A_clock_that_is_kept_only_after_the_window_closed_opens_none_before_the_next_day()
    {
        _device.IsClockSynced = false;
        Start("12:30", "13:00");
        At(13, 0);
        _device.IsClockSynced = true;
        AssertWaits(At(13, 1), "12:30-13:00");
        AssertWaits(At(12, 29), "12:30-13:00");
        AssertLive(At(12, 30));
    }

    [Fact]
    public void What_was_approved_goes_live_within_its_window_and_not_before()
    {
        _device.Options = _device.Options with { NeedsApproval = true };
        Assert.StartsWith("it waits for approval", Start("12:30", "13:00").Job!.Reason, StringComparison.Ordinal);
        _device.Service!.Of("parts").Approve(1);
        _asleep = _time.NextSleep(s_minute);
        AssertWaits(_device.Report, "12:30-13:00");
        AssertWaits(At(12, 29), "12:30-13:00");
        AssertLive(At(12, 30));
    }

    private static void AssertWaits(UpdateReport report, string window)
        => Assert.Equal(("window", $"it waits for the window {window}", null), (report.Job!.State, report.Job.Reason, report.Trial));

    private void AssertLive(UpdateReport report)
    {
        Assert.Equal("trial", report.Job!.State);
        Assert.Contains("/1-", _device.Now.Path, StringComparison.Ordinal);
    }

    // Until the release waits or serves: then its update sleeps for a while.
    private UpdateReport Start(string opens, string closes)
    {
        // No look comes in between, and the first is at once.
        _device.Options = _device.Options with { Poll = TimeSpan.FromDays(7), Spread = TimeSpan.Zero, Window = new UpdateWindow(TimeOnly.Parse(opens), TimeOnly.Parse(closes)) };
        _device.Publish(1);
        _device.Start();
        _asleep = _time.NextSleep(s_minute);
        return _device.Report;
    }

    // The next time that it is so late in UTC, a sleep at a time, and what has come of it by then.
    private UpdateReport At(int hour, int minute)
    {
        DateTimeOffset then = new(_time.GetUtcNow().Date + TimeSpan.FromHours(hour) + minute * s_minute, TimeSpan.Zero);
        if (then < _time.GetUtcNow()) then += TimeSpan.FromDays(1);
        while (_time.GetUtcNow() < then)
        {
            _time.Advance(_asleep);
            _asleep = _time.NextSleep(s_minute);
        }

        return _device.Report;
    }
}
