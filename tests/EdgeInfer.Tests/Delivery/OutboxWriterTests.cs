using EdgeInfer.Configuration;
using EdgeInfer.Delivery;

namespace EdgeInfer.Tests.Delivery;

/// <summary>When the writer works, and when it sleeps.</summary>
public sealed class OutboxWriterTests
{
    [Fact]
    public void A_backlog_behind_a_full_window_does_not_keep_the_writer_awake()
    {
        using OutboxRig rig = new(inFlight: 4);
        rig.Accept(100);
        rig.Pass(1.1);
        rig.Accept(4);
        rig.Up();
        Assert.Equal(4, rig.Take().Count);
        rig.Run(1000);
        Assert.InRange(rig.Steps, 1, 6);
    }

    [Theory]
    [InlineData(500, 3000)]
    [InlineData(100_000, 400)]
    public void A_backlog_is_drained_at_its_rate_by_a_writer_that_is_only_called_when_there_is_something_to_do(int rate, int milliseconds)
    {
        using OutboxRig rig = new(options: new() { RatePerSecond = rate });
        for (int i = 0; i < 10; i++)
        {
            rig.Accept(100);
            rig.Pass(0.1);
        }

        rig.Up();
        int sent = 0;
        rig.Run(milliseconds, _ =>
        {
            sent += rig.Take().Count;
            if (rig.OnTheWay > 0) rig.Settle(all: true);
        });
        Assert.Equal(1000, sent);
        Assert.InRange(rig.Steps, 1, 250);
    }

    [Fact]
    public void A_message_that_a_lagging_line_keeps_is_stored_without_another_one_coming()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Run(100);
        rig.Accept();
        rig.Take();
        rig.Run(4000);
        Assert.Single(rig.Store.Rows);
        Assert.InRange(rig.Steps, 1, 6);
    }

    [Fact]
    public void A_flow_that_the_line_keeps_up_with_calls_the_writer_less_than_once_a_second()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Run(100);
        rig.Run(30_000, i =>
        {
            if (i % 66 == 0) rig.Accept();
            rig.Take();
            if (i % 66 == 2) rig.SettleEach(_ => 0);
        });
        Assert.InRange(rig.Steps, 0, 30);
        rig.SettleEach(_ => 0);
        rig.Run(5000);
        int steps = rig.Steps;
        rig.Run(60_000);
        Assert.Equal(steps, rig.Steps);
    }

    [Fact]
    public void Durable_messages_are_stored_within_50_ms_of_each_being_accepted()
    {
        using OutboxRig rig = new();
        OutboxStream press = rig.Open("press", isDurable: true);
        rig.Up();
        rig.Run(100);
        for (int i = 0; i < 20; i++)
        {
            rig.Accept(1, press);
            rig.Run(49);
            Assert.Single(rig.Take());
            rig.Settle();
            rig.Run(7 * i);
        }
    }

    [Fact]
    public void Offline_at_fifteen_a_second_there_is_at_most_one_commit_a_second_whatever_else_is_to_be_written()
    {
        using OutboxRig rig = new();
        rig.Run(10);
        int commits = rig.Store.Commits;
        rig.Run(60_000, i =>
        {
            if (i % 66 == 0) rig.Accept();
            if (i % 66 != 33) return;
            Assert.True(rig.Outbox.Accept(rig.Belt, rig.Belt.NextSequence, new byte[1001]));
        });
        Assert.InRange(rig.Store.Commits - commits, 50, 61);
    }

    [Fact]
    public void A_burst_on_a_slow_line_goes_to_the_disk_before_the_ring_is_full()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Run(10);
        rig.Run(800, i =>
        {
            if (i % 2 == 0) rig.Accept();
            rig.Take();
        });
        Assert.Equal(0, rig.Outbox.Status().Lost);
        Assert.Equal(400, rig.Ring.Used + rig.Store.Rows.Count(r => r.Seq > 16));
    }

    [Fact]
    public void A_window_wider_than_the_ring_leaves_room_for_what_is_accepted_next()
    {
        using OutboxRig rig = new(inFlight: 1024);
        rig.Up();
        rig.Run(10);
        rig.Run(8000, i =>
        {
            if (i % 10 == 0) rig.Accept();
            rig.Take();
        });
        Assert.Equal(0, rig.Outbox.Status().Lost);
    }

    [Fact]
    public void Large_messages_go_to_the_disk_before_their_bytes_fill_the_ring()
    {
        using OutboxRig rig = new(ring: new(mostBytes: 4000));
        rig.Run(10);
        byte[] large = new byte[700];
        rig.Run(4000, i =>
        {
            if (i % 66 == 0) Assert.True(rig.Outbox.Accept(rig.Belt, rig.Belt.NextSequence, large));
        });
        Assert.Equal(0, rig.Outbox.Status().Lost);
    }

    [Fact]
    public void Large_messages_on_their_way_leave_room_in_the_ring()
    {
        using OutboxRig rig = new(ring: new(mostBytes: 4000));
        rig.Up();
        rig.Run(10);
        byte[] large = new byte[700];
        rig.Run(4000, i =>
        {
            if (i % 66 == 0) Assert.True(rig.Outbox.Accept(rig.Belt, rig.Belt.NextSequence, large));
            rig.Take();
        });
        Assert.Equal(0, rig.Outbox.Status().Lost);
    }

    [Fact]
    public void Late_messages_of_a_stream_that_is_not_allowed_do_not_keep_those_of_others()
    {
        using OutboxRig rig = new();
        OutboxStream press = rig.Open("press");
        for (int i = 0; i < 4; i++)
        {
            rig.Accept(50);
            rig.Accept(50, press);
            rig.Pass(0.1);
        }

        rig.Up();
        int delivered = 0;
        rig.Run(60_000, _ =>
        {
            delivered += rig.Take().Count(m => m.StartsWith("press", StringComparison.Ordinal));
            rig.SettleEach(topic => topic.Contains("belt", StringComparison.Ordinal) ? (byte)0x87 : (byte)0);
        });
        Assert.Equal(200, delivered);
    }

    [Fact]
    public void A_store_that_breaks_again_at_once_is_not_made_anew_without_end()
    {
        using OutboxRig rig = new();
        rig.Store.IsBroken = true;
        rig.Accept();
        rig.Run(50_000, i =>
        {
            if (i % 1000 == 0) rig.Accept();
        });
        Assert.InRange(rig.Openings, 2, 4);
    }
}
