using EdgeInfer.Heat;
using EdgeInfer.Pipeline;

namespace EdgeInfer.Tests.Pipeline;

public sealed class GovernedRateTests
{
    private const long Second = 1_000_000;
    private readonly RateFactor _factor = new();
    private long _now;

    [Theory]
    [InlineData(30, 5.0, 0.75, 3.75)]
    [InlineData(30, 5.0, 0.5, 2.5)]
    [InlineData(30, 5.0, 0.25, 1.25)]
    [InlineData(12, null, 0.75, 9)]
    [InlineData(12, null, 0.25, 3)]
    public void A_pipeline_runs_at_the_fraction_of_its_rate_and_back_at_all_of_it(int camera, double? wanted, double factor, double governed)
    {
        GovernedRate rate = new(wanted, _factor, Second);
        double full = wanted ?? camera;
        Assert.InRange(Run(rate, camera, 20), full * 20 - 1, full * 20 + 1);
        _factor.Now = factor;
        Assert.InRange(Run(rate, camera, 20), governed * 20 - 1, governed * 20 + 1);
        _factor.Now = 1;
        Assert.InRange(Run(rate, camera, 20), full * 20 - 2, full * 20 + 1);
    }

    [Fact]
    public void The_fraction_is_one_of_the_rate_that_was_reached_where_that_is_less()
    {
        GovernedRate rate = new(30, _factor, Second);
        Assert.Equal(80, Run(rate, 4, 20));
        _factor.Now = 0.5;
        Assert.InRange(Run(rate, 4, 20), 39, 41);
        _factor.Now = 0.25;
        Assert.InRange(Run(rate, 4, 20), 19, 21);
    }

    [Fact]
    public void There_is_a_result_every_five_seconds_at_least()
    {
        GovernedRate rate = new(0.5, _factor, Second);
        Run(rate, 30, 20);
        _factor.Now = 0.25;
        Assert.InRange(Run(rate, 30, 100), 20, 21);
    }

    [Fact]
    public void A_slower_pipeline_is_left_as_it_is()
    {
        GovernedRate rate = new(0.1, _factor, Second);
        _factor.Now = 0.25;
        Assert.InRange(Run(rate, 30, 100), 10, 11);
    }

    [Fact]
    public void A_pipeline_at_full_speed_that_begins_in_the_heat_is_measured_first()
    {
        _factor.Now = 0.5;
        GovernedRate rate = new(null, _factor, Second);
        Assert.InRange(Run(rate, 20, 1), 9, 20);
        Assert.InRange(Run(rate, 20, 20), 199, 201);
    }

    [Fact]
    public void A_pause_of_the_source_is_not_its_rate()
    {
        GovernedRate rate = new(null, _factor, Second);
        Run(rate, 10, 20);
        _now += 3 * Second;
        Run(rate, 10, 1);
        _now += 60 * Second;
        Run(rate, 10, 1);
        _factor.Now = 0.5;
        Assert.InRange(Run(rate, 10, 20), 90, 104);
    }

    [Fact]
    public void No_frame_costs_memory()
    {
        GovernedRate rate = new(5, _factor, Second);
        Run(rate, 30, 2);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(rate, 30, 10);
        _factor.Now = 0.5;
        Run(rate, 30, 10);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private int Run(GovernedRate rate, int camera, int seconds)
    {
        int passed = 0;
        for (int i = 0; i < camera * seconds; i++)
        {
            if (rate.TryPass(_now)) passed++;
            _now += Second / camera;
        }

        return passed;
    }
}
