using EdgeInfer.Pipeline;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Pipeline;

public sealed class FrameAgesTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Nothing_is_said_before_the_first_result() => Assert.Null(new FrameAges(_time).Read());

    [Fact]
    public void Median_and_largest_are_those_of_the_last_ten_seconds()
    {
        FrameAges ages = new(_time);
        ages.Add(900);
        _time.Advance(TimeSpan.FromSeconds(6));
        foreach (double age in (double[])[30, 10, 20]) ages.Add(age);
        Assert.Equal(new FrameAgeReport(20, 900), ages.Read());
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(new FrameAgeReport(20, 30), ages.Read());
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(ages.Read());
    }

    [Fact]
    public void A_growing_delay_shows_and_the_newest_results_alone_count()
    {
        FrameAges ages = new(_time);
        for (int i = 1; i <= 2000; i++) ages.Add(i);
        Assert.Equal(new FrameAgeReport(2000 - FrameAges.Limit / 2, 2000), ages.Read());
    }

    [Fact]
    public void Adding_allocates_nothing()
    {
        FrameAges ages = new(_time);
        ages.Add(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) ages.Add(i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
