using EdgeInfer.Pipeline;

namespace EdgeInfer.Tests.Pipeline;

public sealed class RateMeterTests
{
    [Fact]
    public void The_rate_is_events_over_the_seconds_between_two_readings()
    {
        RateMeter meter = new(1000);
        Assert.Equal(0, meter.Read(0, 1));
        Assert.Equal(15, meter.Read(30, 2001));
        Assert.Equal(5, meter.Read(35, 3001));
    }

    [Fact]
    public void Readings_in_quick_succession_keep_the_last_rate()
    {
        RateMeter meter = new(1000);
        meter.Read(0, 1);
        meter.Read(30, 2001);
        Assert.Equal(15, meter.Read(31, 2100));
    }
}
