using EdgeInfer.Sources.Camera;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Tests.Sources.Camera;

public sealed class CaptureClockTests
{
    private const long Now = 12_345_678_901_000; // 12345.678901 s after boot

    [Fact]
    public void A_monotonic_stamp_gives_the_age()
        => Assert.Equal(TimeSpan.FromMicroseconds(678_901 - 600_000), CaptureClock.Age(Stamped(12_345, 600_000, V4l2Values.BufferFlagTimestampMonotonic), Now));

    [Theory]
    [InlineData(0x0000u)] // V4L2_BUF_FLAG_TIMESTAMP_UNKNOWN
    [InlineData(0x4000u)] // V4L2_BUF_FLAG_TIMESTAMP_COPY
    public void A_stamp_of_another_clock_says_nothing(uint flags) => Assert.Equal(TimeSpan.Zero, CaptureClock.Age(Stamped(12_345, 600_000, flags), Now));

    [Fact]
    public void A_stamp_ahead_of_now_is_no_negative_age()
        => Assert.Equal(TimeSpan.Zero, CaptureClock.Age(Stamped(12_346, 0, V4l2Values.BufferFlagTimestampMonotonic), Now));

    [Fact]
    public void A_driver_that_stamps_nothing_gives_no_age()
        => Assert.Equal(TimeSpan.Zero, CaptureClock.Age(Stamped(0, 0, V4l2Values.BufferFlagTimestampMonotonic), Now));

    private static V4l2Buffer Stamped(long seconds, long microseconds, uint flags) => new() { TimestampSeconds = seconds, TimestampMicroseconds = microseconds, Flags = flags };
}
