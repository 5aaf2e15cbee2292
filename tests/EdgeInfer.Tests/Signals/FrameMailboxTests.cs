using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Signals;

public sealed class FrameMailboxTests
{
    private readonly FramePool _pool = new(3, 1024);

    [Fact]
    public void A_newer_frame_displaces_the_waiting_one_and_returns_it()
    {
        using FrameMailbox mailbox = new();
        mailbox.Offer(Frame(1));
        mailbox.Offer(Frame(2));

        Assert.Equal(1, mailbox.Displaced);
        Assert.Equal(2, _pool.FreeCount);
        Assert.True(mailbox.TryTake(TimeSpan.Zero, out FrameLease taken));
        Assert.Equal(2, taken.Data[0]);
        taken.Dispose();
        Assert.Equal(3, _pool.FreeCount);
    }

    [Fact]
    public void An_empty_mailbox_gives_nothing_when_the_time_is_up()
    {
        using FrameMailbox mailbox = new();
        Assert.False(mailbox.TryTake(TimeSpan.Zero, out FrameLease taken));
        Assert.True(taken.IsEmpty);
    }

    [Fact]
    public void A_taker_without_limit_waits_until_a_frame_comes()
    {
        using FrameMailbox mailbox = new();
        using ManualResetEventSlim isTaking = new();
        int seen = 0;
        Thread pipeline = new(() =>
        {
            isTaking.Set();
            while (!mailbox.IsEnded)
            {
                if (!mailbox.TryTake(Timeout.InfiniteTimeSpan, out FrameLease taken)) continue;
                seen = taken.Data[0];
                taken.Dispose();
            }
        });
        pipeline.Start();
        isTaking.Wait();
        mailbox.Offer(Frame(5));
        mailbox.End();
        pipeline.Join();
        Assert.Equal(5, seen);
    }

    [Fact]
    public void The_last_frame_can_be_taken_after_the_end()
    {
        using FrameMailbox mailbox = new();
        mailbox.Offer(Frame(7));
        mailbox.End();
        Assert.False(mailbox.IsEnded);
        Assert.True(mailbox.TryTake(TimeSpan.Zero, out FrameLease taken));
        Assert.Equal(7, taken.Data[0]);
        taken.Dispose();
        Assert.True(mailbox.IsEnded);
        Assert.False(mailbox.TryTake(Timeout.InfiniteTimeSpan, out _));
    }

    [Fact]
    public void A_lossless_mailbox_makes_the_source_wait_and_loses_nothing()
    {
        using FrameMailbox mailbox = new(isLossless: true);
        Thread source = new(() =>
        {
            for (byte i = 0; i < 50; i++) mailbox.Offer(FrameWhenFree(i));
            mailbox.End();
        });
        source.Start();
        List<int> seen = [];
        while (!mailbox.IsEnded)
        {
            if (!mailbox.TryTake(TimeSpan.FromSeconds(30), out FrameLease taken)) continue;
            seen.Add(taken.Data[0]);
            taken.Dispose();
        }

        source.Join();
        Assert.Equal(Enumerable.Range(0, 50), seen);
        Assert.Equal(0, mailbox.Displaced);
    }

    [Fact]
    public void A_closed_mailbox_returns_frames_and_refuses_new_ones()
    {
        FrameMailbox mailbox = new();
        mailbox.Offer(Frame(1));
        mailbox.Dispose();
        Assert.Equal(3, _pool.FreeCount);
        Assert.False(mailbox.Offer(Frame(2)));
        Assert.Equal(3, _pool.FreeCount);
    }

    [Fact]
    public void A_lease_is_stale_once_returned()
    {
        FrameLease lease = Frame(1);
        lease.Dispose();
        Assert.Throws<InvalidOperationException>(() => lease.Data.Length);
    }

    [Fact]
    public void Handing_a_frame_over_allocates_nothing()
    {
        using FrameMailbox mailbox = new();
        Pass(mailbox);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Pass(mailbox);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Pass(FrameMailbox mailbox)
    {
        mailbox.Offer(Frame(1));
        mailbox.TryTake(TimeSpan.Zero, out FrameLease taken);
        taken.Dispose();
    }

    private FrameLease Frame(byte content)
    {
        Frame frame = _pool.Rent()!;
        _pool.Memory(frame, 1)[0] = content;
        return _pool.Publish(frame, 1);
    }

    private FrameLease FrameWhenFree(byte content)
    {
        SpinWait wait = default;
        while (_pool.FreeCount == 0) wait.SpinOnce();
        return Frame(content);
    }
}
