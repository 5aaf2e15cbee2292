using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Signals;

public sealed class FramePoolTests
{
    [Fact]
    public void A_pool_gives_no_more_frames_than_it_has()
    {
        using FramePool pool = new(2, 100);
        Frame first = pool.Rent()!;
        Assert.NotNull(pool.Rent());
        Assert.Null(pool.Rent());
        pool.Abandon(first);
        Assert.Same(first, pool.Rent());
    }

    [Fact]
    public void A_growing_frame_keeps_what_was_in_it()
    {
        using FramePool pool = new(1, 100_000);
        Frame frame = pool.Rent()!;
        pool.Memory(frame, 3)[2] = 42;
        Span<byte> grown = pool.Memory(frame, 90_000);
        Assert.True(grown.Length >= 90_000);
        Assert.Equal(42, grown[2]);
    }

    [Fact]
    public void A_frame_beyond_the_limit_is_refused_before_memory_is_taken()
    {
        using FramePool pool = new(1, 100);
        Frame frame = pool.Rent()!;
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Memory(frame, 101).Length);
    }

    [Fact]
    public void A_frame_held_over_the_pools_end_stays_readable_until_it_returns()
    {
        FramePool pool = new(1, 100);
        Frame frame = pool.Rent()!;
        pool.Memory(frame, 1)[0] = 9;
        FrameLease lease = pool.Publish(frame, 1);
        pool.Dispose();
        Assert.Equal(9, lease.Data[0]);
        lease.Dispose();
        Assert.Null(pool.Rent());
    }
}
