using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Diagnostics;

public sealed class DurationHistogramTests
{
    private readonly DurationHistogram _histogram = new([0.001, 0.01, 0.1]);

    [Theory]
    [InlineData(0, "1,1,1,1")]
    [InlineData(1000, "1,1,1,1")]
    [InlineData(1001, "0,1,1,1")]
    [InlineData(10_000, "0,1,1,1")]
    [InlineData(99_999, "0,0,1,1")]
    [InlineData(100_001, "0,0,0,1")]
    [InlineData(3_600_000_000, "0,0,0,1")]
    public void A_duration_counts_in_every_bucket_whose_bound_it_does_not_exceed(long microseconds, string cumulative)
    {
        _histogram.Add(TimeSpan.FromMicroseconds(microseconds));
        Assert.Equal(cumulative, string.Join(',', _histogram.Read().Cumulative));
        Assert.Equal(microseconds / 1e6, _histogram.Read().SumSeconds, 9);
    }

    [Fact]
    public void A_duration_below_zero_counts_as_none_and_takes_nothing_off_the_sum()
    {
        _histogram.AddMilliseconds(20);
        _histogram.AddMilliseconds(-5000);
        DurationReading reading = _histogram.Read();
        Assert.Equal((2, 0.02), (reading.Count, reading.SumSeconds));
        Assert.Equal([1, 1, 2, 2], reading.Cumulative);
    }

    [Fact]
    public void Adding_allocates_nothing()
    {
        _histogram.AddMilliseconds(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) _histogram.AddMilliseconds(i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Whoever_reads_while_another_thread_adds_sees_buckets_that_never_fall_and_in_the_end_all_of_them()
    {
        const int Count = 200_000;
        CancellationToken stop = TestContext.Current.CancellationToken;
        Task adding = Task.Run(() =>
        {
            for (int i = 0; i < Count; i++) _histogram.AddMilliseconds(i % 200);
        }, stop);
        long last = 0;
        while (!adding.IsCompleted)
        {
            DurationReading reading = _histogram.Read();
            Assert.Equal(reading.Cumulative.Order(), reading.Cumulative);
            Assert.True(reading.Count >= last);
            last = reading.Count;
        }

        await adding;
        Assert.Equal(Count, _histogram.Read().Count);
    }

    [Fact]
    public void The_fixed_bounds_ascend_and_none_is_there_twice()
    {
        foreach (double[] bounds in new[] { DurationHistogram.StageBounds, DurationHistogram.AgeBounds })
        {
            Assert.Equal(bounds.Order(), bounds);
            Assert.Distinct(bounds);
        }
    }
}
