using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Diagnostics;

public sealed class DurationQuantilesTests
{
    [Fact]
    public void Without_durations_there_is_no_percentile() => Assert.Null(new DurationQuantiles().Percentile(0.95));

    [Theory]
    [InlineData(0.5, 500)]
    [InlineData(0.95, 950)]
    [InlineData(0.99, 990)]
    [InlineData(1, 1000)]
    [InlineData(0, 1)]
    public void A_percentile_is_at_most_a_step_above_the_true_one(double share, double milliseconds)
    {
        DurationQuantiles quantiles = new();
        for (int i = 1000; i >= 1; i--) quantiles.AddMilliseconds(i);
        Assert.Equal(1000, quantiles.Count);
        Assert.InRange(quantiles.Percentile(share)!.Value.TotalMilliseconds, milliseconds, milliseconds * 1.032);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(int.MaxValue)]
    public void One_duration_is_its_own_percentile_within_a_step(int ticks)
    {
        DurationQuantiles quantiles = new();
        quantiles.Add(TimeSpan.FromTicks(ticks));
        Assert.InRange(quantiles.Percentile(0.95)!.Value.Ticks, ticks, ticks + (long)ticks / 32);
    }

    [Fact]
    public void Durations_below_nothing_and_beyond_the_last_step_count_at_the_ends()
    {
        DurationQuantiles quantiles = new();
        quantiles.Add(TimeSpan.FromSeconds(-1));
        Assert.Equal(TimeSpan.Zero, quantiles.Percentile(1));
        quantiles.Add(TimeSpan.FromDays(1));
        Assert.Equal(214, quantiles.Percentile(1)!.Value.TotalSeconds, 1.0);
    }

    [Fact]
    public void Adding_allocates_nothing()
    {
        DurationQuantiles quantiles = new();
        quantiles.AddMilliseconds(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) quantiles.AddMilliseconds(i);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
