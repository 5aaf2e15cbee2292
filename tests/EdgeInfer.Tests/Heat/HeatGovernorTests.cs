using EdgeInfer.Configuration;
using EdgeInfer.Heat;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Heat;

public sealed class HeatGovernorTests
{
    private readonly FakeTimeProvider _time = new(new(2026, 11, 25, 18, 0, 0, TimeSpan.Zero));
    private readonly RecordingLogger _log = new();

    [Fact]
    public void A_cool_device_keeps_its_full_rate()
    {
        HeatGovernor governor = Governor();
        for (int i = 0; i < 1000; i++) Assert.Equal(1, Next(governor, 77).Rate);
        Assert.Equal("", _log.Text);
    }

    [Fact]
    public void A_hot_one_goes_down_a_step_every_30_seconds_to_a_quarter_and_says_why()
    {
        HeatGovernor governor = Governor();
        double[] rates = [.. Enumerable.Range(0, 30).Select(_ => Next(governor, 83.4).Rate)];
        Assert.Equal([.. Enumerable.Repeat(1.0, 6), .. Enumerable.Repeat(0.75, 6), .. Enumerable.Repeat(0.5, 6), .. Enumerable.Repeat(0.25, 12)], rates);
        Assert.Equal(0.25, governor.Rate.Now);
        Assert.StartsWith("heat: inference goes on at 3/4 of the rate: cpu-thermal: 83.4 °C, above the limit of 77 °C; cool the device (a heat sink, a fan, more air), or lower fps", _log.Text, StringComparison.Ordinal);
        GovernorState last = Next(governor, 83.4);
        Assert.Equal((77.0, "cpu-thermal: 83.4 °C, above the limit of 77 °C; cool the device (a heat sink, a fan, more air), or lower fps"), (last.LimitCelsius, last.Cause));
        Assert.Equal(new(2026, 11, 25, 18, 1, 30, TimeSpan.Zero), last.Since);
        Assert.Equal(3, _log.Text.Split('\n').Length);
    }

    [Fact]
    public void A_short_peak_moves_nothing()
    {
        HeatGovernor governor = Governor();
        for (int i = 0; i < 100; i++) Assert.Equal(1, Next(governor, i % 6 == 0 ? 76 : 84).Rate);
    }

    [Fact]
    public void Between_the_limit_and_five_degrees_below_nothing_moves()
    {
        HeatGovernor governor = Governor();
        for (int i = 0; i < 7; i++) Next(governor, 80);
        for (int i = 0; i < 1000; i++) Assert.Equal(0.75, Next(governor, i % 2 == 0 ? 72.1 : 77).Rate);
    }

    [Fact]
    public void A_device_that_has_cooled_down_goes_up_a_step_every_two_minutes()
    {
        HeatGovernor governor = Governor();
        for (int i = 0; i < 13; i++) Next(governor, 80);
        Assert.Equal(0.5, governor.Rate.Now);
        double[] rates = [.. Enumerable.Range(0, 60).Select(_ => Next(governor, 60).Rate)];
        Assert.Equal([.. Enumerable.Repeat(0.5, 24), .. Enumerable.Repeat(0.75, 24), .. Enumerable.Repeat(1.0, 12)], rates);
        Assert.Null(Next(governor, 60).Cause);
        Assert.EndsWith("heat: inference goes on at the full rate: the device has been cool enough for 120 s", _log.Text, StringComparison.Ordinal);
    }

    // A board of one heat capacity: 35 °C around it, 50 °C more at full load, time constant 60 s. Full rate settles at 85 °C, three
    // quarters at 73 °C, in the band.
    [Fact]
    public void On_a_boards_temperature_curve_it_settles_and_stays()
    {
        HeatGovernor governor = Governor();
        List<double> rates = Simulate(governor, _ => 35, _ => 1, rise: 50, hours: 2);
        Assert.Equal(1, Changes(rates));
        Assert.Equal(0.75, rates[^1]);
    }

    // 62 °C more: three quarters are too hot (81.5 °C), a half is cool (66 °C). No step fits, so it tries again, each time later: at last
    // every 32 min, which is 7 times in 4 hours.
    [Fact]
    public void Where_no_step_fits_it_tries_ever_less_often()
    {
        HeatGovernor governor = Governor();
        List<double> rates = Simulate(governor, _ => 35, _ => 1, rise: 62, hours: 8);
        int half = rates.Count / 2;
        Assert.True(Changes(rates) <= 36, $"{Changes(rates)} steps in 8 hours");
        Assert.True(Changes(rates[half..]) <= 14, $"{Changes(rates[half..])} steps in the last 4 hours");
        Assert.All(rates[half..], r => Assert.InRange(r, 0.5, 0.75));
    }

    [Fact]
    public void In_the_cool_of_the_night_it_is_back_at_full_rate()
    {
        HeatGovernor governor = Governor();
        List<double> rates = Simulate(governor, hour => hour < 4 ? 40 : 15, _ => 1, rise: 50, hours: 8);
        Assert.Contains(0.5, rates[..(rates.Count / 2)]);
        Assert.Equal(1, rates[^1]);
        Assert.Null(Next(governor, 60).Cause);
    }

    [Fact]
    public void Hot_and_throttled_at_once_is_one_step()
    {
        HeatGovernor governor = Governor();
        for (int i = 0; i < 7; i++) Next(governor, 85, ThrottleReasons.Throttled | ThrottleReasons.FrequencyCapped);
        Assert.Equal(0.75, governor.Rate.Now);
        Assert.Contains("85 °C, above the limit of 77 °C, and the frequency is capped; cool", _log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ThrottleReasons.UnderVoltage, 0.75, "the supply voltage is too low; use the maker's power supply and a short cable; power cameras from a hub of their own; or lower fps")]
    [InlineData(ThrottleReasons.Throttled, 0.75, "the processor is throttled; ")]
    [InlineData(ThrottleReasons.SoftLimit, 1, "")]
    [InlineData(ThrottleReasons.OverCurrent, 1, "")]
    public void What_the_firmware_says_counts_at_any_temperature_where_it_is_grave(object reason, double rate, string cause)
    {
        HeatGovernor governor = Governor();
        for (int i = 0; i < 7; i++) Next(governor, 45, (ThrottleReasons)reason);
        Assert.Equal(rate, governor.Rate.Now);
        Assert.Contains(cause, _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_without_a_limit_of_its_own_has_none_unless_one_is_set()
    {
        HeatGovernor automatic = Governor();
        HeatGovernor set = Governor(new() { LimitCelsius = 70 });
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal((null, 1.0), Limit(automatic.Consider(Reading(95, slowsAt: null))));
            set.Consider(Reading(71, slowsAt: null));
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal((70.0, 0.25), Limit(set.Consider(Reading(71, slowsAt: 99))));
    }

    [Fact]
    public void Of_several_zones_the_one_nearest_to_its_own_limit_counts()
    {
        HeatGovernor governor = Governor();
        HeatReading reading = new() { Zones = [new("gpu", 90, 105), new("soc", 84, 85), new("board", 99)] };
        Assert.Equal(82, governor.Consider(reading).LimitCelsius);
    }

    [Fact]
    public void A_thermometer_that_is_gone_does_not_leave_the_device_slow_for_good()
    {
        HeatGovernor governor = Governor();
        for (int i = 0; i < 7; i++) Next(governor, 85);
        for (int i = 0; i <= 24; i++)
        {
            governor.Consider(HeatReading.Nothing);
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(1, governor.Rate.Now);
    }

    [Fact]
    public void Turned_off_it_gives_way_at_once_and_stays_so()
    {
        HeatGovernor governor = Governor();
        for (int i = 0; i < 7; i++) Next(governor, 85);
        governor.Use(new() { IsGoverned = false });
        Assert.Equal(1, governor.Rate.Now);
        Assert.EndsWith("runtime.heat.limit is off now", _log.Text, StringComparison.Ordinal);
        for (int i = 0; i < 100; i++) Assert.Equal((null, 1.0), Limit(Next(governor, 99, ThrottleReasons.Throttled)));
        governor.Use(new());
        for (int i = 0; i < 7; i++) Next(governor, 85);
        Assert.Equal(0.75, governor.Rate.Now);
    }

    private static (double? Limit, double Rate) Limit(GovernorState state) => (state.LimitCelsius, state.Rate);

    private static int Changes(List<double> rates) => rates.Zip(rates.Skip(1)).Count(pair => pair.First != pair.Second);

    private static HeatReading Reading(double celsius, ThrottleReasons? now = null, double? slowsAt = 80)
        => new() { Zones = [new("cpu-thermal", celsius, slowsAt)], Hottest = new("cpu-thermal", celsius, slowsAt), Now = now };

    private HeatGovernor Governor(HeatOptions? options = null) => new(options ?? new(), _time, _log);

    private GovernorState Next(HeatGovernor governor, double celsius, ThrottleReasons? now = null)
    {
        GovernorState state = governor.Consider(Reading(celsius, now));
        _time.Advance(TimeSpan.FromSeconds(5));
        return state;
    }

    private List<double> Simulate(HeatGovernor governor, Func<double, double> around, Func<double, double> load, double rise, double hours)
    {
        const double Seconds = 5;
        const double TimeConstant = 60;
        double celsius = around(0);
        List<double> rates = [];
        for (double t = 0; t < hours * 3600; t += Seconds)
        {
            double settles = around(t / 3600) + rise * load(t / 3600) * governor.Rate.Now;
            celsius += (settles - celsius) * (1 - Math.Exp(-Seconds / TimeConstant));
            rates.Add(Next(governor, celsius).Rate);
        }

        return rates;
    }
}
