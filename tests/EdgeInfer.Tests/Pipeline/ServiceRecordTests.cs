using EdgeInfer.Pipeline;

namespace EdgeInfer.Tests.Pipeline;

public sealed class ServiceRecordTests
{
    [Fact]
    public void A_record_begins_empty()
        => Assert.Equal(new(0, 0, 0, null, null), new ServiceRecord().Read());

    // Nearest rank: of 100 ordered values the 95th.
    [Fact]
    public void Its_95th_percentile_is_the_nearest_rank()
    {
        ServiceRecord record = new();
        for (int i = 100; i >= 1; i--) record.Add(i);
        Assert.Equal((100, 95.0), (record.Read().Results, record.Read().P95Milliseconds));
    }

    [Fact]
    public void One_result_is_its_own_percentile()
    {
        ServiceRecord record = new();
        record.Add(7.5);
        Assert.Equal(7.5, record.Read().P95Milliseconds);
    }

    [Fact]
    public void Only_the_newest_durations_count_and_all_results()
    {
        ServiceRecord record = new();
        for (int i = 0; i < 1000; i++) record.Add(900);
        for (int i = 0; i < ServiceRecord.Window; i++) record.Add(4);
        Assert.Equal((1000 + ServiceRecord.Window, 4.0), (record.Read().Results, record.Read().P95Milliseconds));
    }

    [Fact]
    public void Failures_are_counted_and_the_newest_is_named()
    {
        ServiceRecord record = new();
        record.AddError("first");
        record.AddError("second");
        record.AddNotNumber();
        Assert.Equal(new(0, 2, 1, null, "second"), record.Read());
    }

    [Fact]
    public void A_result_allocates_nothing()
    {
        ServiceRecord record = new();
        record.Add(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 2000; i++) record.Add(i);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
