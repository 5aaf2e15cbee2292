using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Sources.Camera;

public sealed class SequenceCountTests
{
    [Fact]
    public void A_gap_is_as_many_frames_as_are_missing()
    {
        SequenceCount count = default;
        long[] lost = [.. new uint[] { 7, 8, 11, 12 }.Select(s => count.Next(s))];
        Assert.Equal([0, 0, 2, 0], lost);
        Assert.Equal(6, count.Frames);
    }

    [Fact]
    public void The_drivers_number_wraps_without_a_gap()
    {
        SequenceCount count = default;
        count.Next(uint.MaxValue);
        Assert.Equal(0, count.Next(0));
        Assert.Equal(1, count.Next(2));
    }

    [Fact]
    public void A_new_open_starts_no_gap_and_goes_on_counting()
    {
        SequenceCount count = default;
        count.Next(500);
        count.Restart();
        Assert.Equal(0, count.Next(3));
        Assert.Equal(2, count.Frames);
    }

    [Fact]
    public void A_driver_that_numbers_every_frame_zero_loses_none()
    {
        SequenceCount count = default;
        for (int i = 0; i < 5; i++) Assert.Equal(0, count.Next(0));
        Assert.Equal(5, count.Frames);
    }

    [Fact]
    public void A_driver_that_starts_to_count_anew_loses_none()
    {
        SequenceCount count = default;
        count.Next(900);
        Assert.Equal(0, count.Next(0));
        Assert.Equal(0, count.Next(1));
    }
}
