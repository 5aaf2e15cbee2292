using EdgeInfer.Delivery;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Delivery;

public sealed class OutboxTests
{
    [Fact]
    public void While_the_line_keeps_up_messages_go_out_in_order_and_nothing_is_written()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Pass(0);
        int commits = rig.Store.Commits;
        for (int i = 1; i <= 200; i++)
        {
            rig.Accept();
            Assert.Equal([$$"""belt/prediction {"seq":{{i}}}"""], rig.Take());
            rig.Settle();
            rig.Pass(0.1);
        }

        Assert.Equal(commits, rig.Store.Commits);
        Assert.Equal(0, rig.Ring.Used);
        Assert.Equal((200L, 200L), (rig.Outbox.Status().Accepted, rig.Outbox.Status().Delivered));
    }

    [Fact]
    public void Offline_messages_share_one_write_a_second_and_leave_the_ring()
    {
        using OutboxRig rig = new();
        int commits = rig.Store.Commits;
        for (int i = 0; i < 150; i++)
        {
            rig.Accept();
            rig.Pass(1 / 15.0);
        }

        Assert.InRange(rig.Store.Commits - commits, 8, 10);
        Assert.InRange(rig.Ring.Used, 0, 16);
        Assert.Equal(150, rig.Ring.Used + rig.Store.Rows.Count);
    }

    [Fact]
    public void Offline_a_hundred_messages_do_not_wait_for_the_second_to_end()
    {
        using OutboxRig rig = new();
        rig.Accept(100);
        rig.Pass(0.01);
        Assert.Equal(100, rig.Store.Rows.Count);
    }

    [Fact]
    public void After_an_outage_live_messages_go_before_late_ones_and_late_ones_in_order_as_history()
    {
        using OutboxRig rig = new();
        rig.Accept(40);
        rig.Pass(1.1);
        rig.Pass(20);
        rig.Up();
        rig.Pass(0);
        rig.Accept();
        List<string> sent = rig.Drain();
        Assert.Equal("""belt/prediction {"seq":41}""", sent[0]);
        Assert.Equal(Enumerable.Range(1, 40).Select(i => $$"""belt/history {"seq":{{i}},"historical":true}"""), sent.Skip(1));
        rig.Pass(1.1);
        Assert.Empty(rig.Store.Rows);
        Assert.Equal(0, rig.Ring.Used);
    }

    [Fact]
    public void After_a_short_outage_late_messages_go_to_their_own_topic()
    {
        using OutboxRig rig = new();
        rig.Accept(3);
        rig.Pass(1.1);
        rig.Up();
        rig.Pass(0);
        Assert.Equal(["""belt/prediction {"seq":1}""", """belt/prediction {"seq":2}""", """belt/prediction {"seq":3}"""], rig.Drain());
    }

    [Fact]
    public void What_was_on_its_way_when_the_connection_ended_is_sent_again_first_and_in_order()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Accept(5);
        rig.Take();
        rig.Settle();
        rig.Down();
        rig.Up();
        Assert.Equal(["2", "3", "4", "5"], rig.Take().Select(m => m[^2..^1]));
    }

    [Fact]
    public void A_message_stored_while_it_was_on_its_way_is_taken_out_once_it_is_acknowledged()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Accept(2);
        rig.Take();
        rig.Pass(3);
        rig.Accept();
        rig.Pass(0.01);
        Assert.Equal(2, rig.Store.Rows.Count);
        rig.Settle();
        rig.Pass(1.1);
        Assert.Equal([2L], rig.Store.Rows.Select(r => r.Seq).Except([3L]));
        rig.Settle();
        rig.Drain();
        rig.Pass(1.1);
        Assert.Empty(rig.Store.Rows);
        Assert.Equal(0, rig.Ring.Used);
    }

    [Fact]
    public void A_stored_message_that_comes_back_from_a_broken_line_is_sent_once_from_the_store()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Accept(4);
        rig.Take();
        rig.Pass(3);
        rig.Accept();
        rig.Pass(0.01);
        rig.Down();
        rig.Pass(1.1);
        rig.Up();
        rig.Pass(0);
        Assert.Equal([1, 2, 3, 4, 5], rig.Drain().Select(m => int.Parse(m.Split("\"seq\":")[1].TrimEnd('}').Split(',')[0], System.Globalization.CultureInfo.InvariantCulture)));
        rig.Pass(1.1);
        Assert.Empty(rig.Store.Rows);
    }

    [Fact]
    public void A_durable_message_is_sent_once_it_is_on_the_disk_within_50_ms()
    {
        using OutboxRig rig = new();
        OutboxStream press = rig.Open("press", isDurable: true);
        rig.Up();
        rig.Pass(0);
        rig.Accept(1, press);
        Assert.Empty(rig.Take());
        rig.Pass(0.02);
        Assert.Single(rig.Store.Rows);
        Assert.Equal(["""press/prediction {"seq":1}"""], rig.Take());
        rig.Settle();
        rig.Pass(1.1);
        Assert.Empty(rig.Store.Rows);
    }

    [Fact]
    public void A_stream_that_the_broker_does_not_allow_is_held_for_five_minutes_and_the_others_go_on()
    {
        using OutboxRig rig = new();
        OutboxStream press = rig.Open("press");
        rig.Up();
        rig.Accept(2);
        rig.Take(1);
        rig.Settle(0x87);
        Assert.Empty(rig.Take());
        Assert.Contains("0x87", Assert.Single(rig.Outbox.Status().Held).Cause, StringComparison.Ordinal);
        rig.Accept(1, press);
        Assert.Equal(["""press/prediction {"seq":1}"""], rig.Take());
        rig.Settle();
        rig.Pass(1.1);
        for (int i = 0; i < 10; i++) rig.Pass(29.5);
        Assert.Empty(rig.Take());
        rig.Pass(10);
        rig.Pass(0);

        // One is tried alone.
        Assert.Equal(["""belt/history {"seq":1,"historical":true}"""], rig.Take());
        rig.Settle();
        Assert.Equal(["""belt/history {"seq":2,"historical":true}"""], rig.Take());
        Assert.Empty(rig.Outbox.Status().Held);
    }

    [Fact]
    public void What_the_broker_refuses_for_good_becomes_a_dead_letter_and_a_gap()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Accept(2);
        rig.Take(1);
        rig.Settle(0x99);
        Assert.Equal(["""belt/prediction {"seq":2}"""], rig.Take());
        rig.Settle();
        rig.Pass(1.1);
        Assert.Equal([(1L, "0x99")], rig.Store.Dead);
        string gap = Assert.Single(rig.Take());
        Assert.StartsWith("gap ", gap, StringComparison.Ordinal);
        Assert.Contains("\"stream\":\"belt\",\"boot\":1,\"from_seq\":1,\"to_seq\":1,\"reason\":\"refused\"", gap, StringComparison.Ordinal);
        rig.Settle();
        rig.Pass(1.1);
        Assert.Empty(rig.Store.Declared);
    }

    [Fact]
    public void A_message_larger_than_the_broker_takes_becomes_a_dead_letter()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Accept();
        rig.Take();
        rig.RefuseAsTooLarge();
        rig.Pass(1.1);
        Assert.Equal(1, rig.Outbox.Status().Lost);
        Assert.Equal([(1L, "too_large")], rig.Store.Dead);
        Assert.Equal(0, rig.Ring.Used);
    }

    [Fact]
    public void Another_refusal_holds_the_stream_for_seconds()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Accept();
        rig.Take();
        rig.Settle(0x97);
        Assert.Empty(rig.Take());
        rig.Pass(1.1);
        rig.Pass(0);
        Assert.Single(rig.Take());
    }

    [Fact]
    public void A_whole_window_that_is_refused_counts_as_one_refusal()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Accept(16);
        Assert.Equal(16, rig.Take().Count);
        rig.Settle(0x97, all: true);

        // The first pause is at most a second, the sixteenth would be a minute.
        rig.Pass(1.1);
        rig.Pass(0);
        Assert.Single(rig.Take());
    }

    [Fact]
    public void Messages_that_come_back_from_a_broken_line_go_before_those_behind_them_that_were_read_already()
    {
        using OutboxRig rig = new(inFlight: 8);
        rig.Up();
        rig.Accept(8);
        rig.Take();
        for (int i = 0; i < 10; i++)
        {
            rig.Accept(12);
            rig.Pass(0.5);
        }

        // All are in the store by now, the eight on their way too, and the first of the others have been read from it.
        rig.Down();
        rig.Pass(1.1);
        rig.Up();
        rig.Pass(0);
        int[] order = [.. rig.Drain().Select(m => int.Parse(m.Split("\"seq\":")[1].TrimEnd('}').Split(',')[0], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(128, order.Length);
        Assert.Equal(order.Order(), order);
    }

    [Fact]
    public void A_full_disk_leaves_the_agent_running_and_what_the_ring_cannot_hold_is_declared()
    {
        using OutboxRig rig = new();
        rig.Store.IsFull = true;
        for (int i = 0; i < 300; i++)
        {
            rig.Accept();
            rig.Pass(0.1);
        }

        OutboxStatus status = rig.Outbox.Status();
        Assert.False(status.HasStore);
        Assert.Contains("full", status.Cause, StringComparison.Ordinal);
        Assert.Equal((256, 44L), (status.Waiting, status.Lost));
        rig.Store.IsFull = false;
        rig.Pass(61);
        rig.Pass(1.1);
        Assert.True(rig.Outbox.Status().HasStore);
        Assert.Equal((1L, 44L), (rig.Store.Declared[0].FromSequence, rig.Store.Declared[0].ToSequence));
        Assert.Equal(256, rig.Store.Rows.Count);
        rig.Up();
        rig.Pass(0);
        Assert.Equal(257, rig.Drain().Count);
    }

    [Fact]
    public void Without_a_store_losses_are_published_from_memory()
    {
        using OutboxRig rig = new(ring: new(4)) { CannotOpen = new(new(FaultKind.InputOutput, "/var/lib/edgeinfer", "cannot be written", ""), isBroken: false) };
        rig.Store.IsFull = true;
        rig.Accept(6);
        rig.Pass(2);
        rig.Up();
        rig.Pass(0);
        List<string> sent = rig.Drain();
        Assert.Contains(sent, m => m.Contains("\"from_seq\":1,\"to_seq\":2,\"reason\":\"overload\"", StringComparison.Ordinal));
        Assert.Equal(5, sent.Count);
        Assert.Equal(0, rig.Ring.Used);
    }

    [Fact]
    public void A_damaged_store_is_opened_anew_and_what_is_still_in_memory_is_kept()
    {
        using OutboxRig rig = new();
        rig.Accept(2);
        rig.Store.IsBroken = true;
        rig.Pass(1.1);
        Assert.True(rig.Store.IsDisposed);
        rig.Store.IsBroken = false;
        rig.Pass(0.1);
        rig.Pass(1.1);
        Assert.Equal(2, rig.Store.Rows.Count);
    }

    [Fact]
    public void A_message_too_large_for_the_ring_is_declared_lost()
    {
        using OutboxRig rig = new();
        Assert.True(rig.Outbox.Accept(rig.Belt, 1, new byte[1001]));
        rig.Pass(1.1);
        Assert.Equal("too_large", Assert.Single(rig.Store.Declared).Reason);
    }

    [Fact]
    public void A_killed_process_loses_nothing_and_declares_nothing()
    {
        FakeStore store = new();
        FakeRing ring = new();
        OutboxRig killed = new(1, store, ring);
        killed.Up();
        killed.Accept(5);
        killed.Take(2);
        store.Rollback();
        using OutboxRig next = new(2, store, ring, new(HasOutlived: true, Torn: 0, Boot: 1), time: killed.Time);
        next.Up();
        Assert.Equal(["1", "2", "3", "4", "5"], next.Drain().Select(m => m[^2..^1]));
        next.Pass(1.1);
        Assert.Empty(store.Declared);
        Assert.True(store.AllRuns[0].HasEnded);
    }

    [Fact]
    public void What_a_killed_process_left_in_the_ring_goes_behind_what_is_in_the_store()
    {
        FakeStore store = new();
        FakeRing ring = new();
        OutboxRig killed = new(1, store, ring);
        killed.Accept(3);
        killed.Pass(1.1);
        killed.Accept(2);
        using OutboxRig next = new(2, store, ring, new(HasOutlived: true, Torn: 0, Boot: 1), time: killed.Time);
        next.Up();
        Assert.Empty(next.Take());
        next.Pass(0.1);
        next.Accept();
        Assert.Equal(["1", "1", "2", "3", "4", "5"], next.Drain().Select(m => m[^2..^1]));
        Assert.Equal(0, ring.Used);
    }

    [Fact]
    public void A_start_that_the_power_cut_ended_before_it_noted_itself_is_declared_too()
    {
        FakeStore store = new();
        OutboxRig first = new(1, store);
        first.Dispose();
        using OutboxRig third = new(3, store, new FakeRing(), kernel: Guid.NewGuid());
        Gap gap = Assert.Single(store.Declared);
        Assert.Equal(("belt", 2L, 256L), (gap.Stream, gap.Boot, gap.AtMost!.Value));
    }

    [Fact]
    public void After_a_power_cut_each_stream_that_was_open_declares_at_most_a_ring_full()
    {
        FakeStore store = new();
        OutboxRig cut = new(1, store);
        cut.Up();
        cut.Accept(5);
        using OutboxRig next = new(2, store, new FakeRing(), kernel: Guid.NewGuid());
        Gap gap = Assert.Single(store.Declared);
        Assert.Equal(("belt", 1L, 256L, "power_cut"), (gap.Stream, gap.Boot, gap.AtMost!.Value, gap.Reason));
        next.Up();
        next.Pass(0);
        Assert.Contains("\"at_most\":256", Assert.Single(next.Drain()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_clean_stop_puts_what_is_left_on_the_disk_and_nothing_is_declared_afterwards()
    {
        FakeStore store = new();
        FakeRing ring = new();
        OutboxRig rig = new(1, store, ring);
        rig.Up();
        rig.Accept(5);
        rig.Take(2);
        rig.Down();
        rig.Dispose();
        Assert.Equal(5, store.Rows.Count);
        Assert.Equal(0, ring.Used);
        Assert.False(rig.Outbox.Accept(rig.Belt, 6, "{}"u8));
        using OutboxRig next = new(2, store, new FakeRing(), kernel: Guid.NewGuid());
        next.Up();
        next.Pass(0);
        Assert.Equal(5, next.Drain().Count);
        Assert.Empty(store.Declared);
    }

    [Fact]
    public void What_is_older_than_it_may_be_expires_as_a_gap_and_the_rest_says_how_long_it_is_of_use()
    {
        using OutboxRig rig = new();
        rig.Accept();
        rig.Pass(1.1);
        rig.Time.Advance(TimeSpan.FromHours(23));
        rig.Accept();
        rig.Pass(1.1);
        rig.Time.Advance(TimeSpan.FromHours(1));
        rig.Up();
        rig.Pass(0);
        Assert.Equal(["""belt/history {"seq":2,"historical":true}"""], rig.Take());
        Assert.InRange(rig.LastExpiry, (23 * 3600) - 3u, 23 * 3600u);
        rig.Settle();
        rig.Pass(1.1);
        Assert.Equal("expired", Assert.Single(rig.Store.Declared).Reason);
    }

    [Theory]
    [InlineData(3650)]
    [InlineData(-3650)]
    [InlineData(-20000)]
    [InlineData(1 / 24.0)]
    public void A_step_of_the_clock_expires_nothing_and_makes_nothing_late(double days)
    {
        using OutboxRig rig = new();
        rig.Accept();
        rig.Pass(1.1);
        rig.ClockStep = TimeSpan.FromDays(days);
        rig.Up();
        rig.Pass(0);
        Assert.Equal(["""belt/prediction {"seq":1}"""], rig.Take());
    }

    [Fact]
    public void The_age_over_a_restart_of_an_unsynced_machine_is_unknown_and_expires_nothing()
    {
        FakeStore store = new();
        OutboxRig rig = new(1, store) { IsSynced = false };
        rig.Accept();
        rig.Down();
        rig.Dispose();
        using OutboxRig next = new(2, store, new FakeRing(), kernel: Guid.NewGuid()) { IsSynced = false };
        next.ClockStep = TimeSpan.FromDays(18000);
        next.Up();
        next.Pass(0);
        Assert.Equal(["""belt/history {"seq":1,"historical":true}"""], next.Take());
    }

    [Fact]
    public void Late_messages_leave_half_of_the_window_and_keep_to_their_rate()
    {
        using OutboxRig rig = new(inFlight: 4, options: new() { RatePerSecond = 40 });
        rig.Accept(100);
        rig.Pass(0.01);
        rig.Up();
        rig.Pass(0);
        Assert.Equal(2, rig.Take().Count);
        rig.Accept();
        Assert.Equal(["""belt/prediction {"seq":101}"""], rig.Take());
        rig.Settle(all: true);
        int sent = 0;
        for (int i = 0; i < 100; i++)
        {
            rig.Pass(0.01);
            sent += rig.Take().Count;
            if (rig.OnTheWay > 0) rig.Settle(all: true);
        }

        Assert.InRange(sent, 36, 44);
    }

    [Fact]
    public void The_writer_sleeps_while_nothing_is_due()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Pass(0);
        Assert.Equal(Timeout.Infinite, rig.Outbox.Step());
        rig.Accept();
        rig.Take();
        rig.Settle();

        // It looks once more whether the line has kept up.
        Assert.InRange(rig.Outbox.Step(), 1, 2000);
        rig.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(Timeout.Infinite, rig.Outbox.Step());
    }

    [Fact]
    public void A_backlog_is_drained_without_the_writer_spinning()
    {
        using OutboxRig rig = new();
        rig.Accept(200);
        rig.Pass(1.1);
        rig.Up();
        int steps = rig.Steps, commits = rig.Store.Commits;
        rig.Run(3000, _ =>
        {
            if (rig.Take().Count > 0) rig.Settle(all: true);
        });
        Assert.Empty(rig.Store.Rows);
        Assert.InRange(rig.Steps - steps, 1, 100);
        Assert.InRange(rig.Store.Commits - commits, 1, 4);
    }

    [Fact]
    public void Another_rate_holds_from_the_reload_on()
    {
        using OutboxRig rig = new(options: new() { RatePerSecond = 20 });
        rig.Accept(200);
        rig.Pass(1.1);
        rig.Outbox.Change(new("press-3", 1, new() { RatePerSecond = 2000 }, new("edgeinfer/press-3/gap"), 16));
        rig.Up();
        rig.Pass(0.1);
        rig.Pass(0.1);
        int taken = 0;
        for (int i = 0; i < 10; i++)
        {
            taken += rig.Take().Count;
            rig.Settle(all: true);
            rig.Pass(0.1);
        }

        // 20 a second would be 20 of the first second.
        Assert.True(taken > 60, $"{taken} were sent");
    }

    [Fact]
    public void Two_starts_that_could_not_be_counted_do_not_take_each_others_results_for_the_same()
    {
        FakeStore store = new();
        FakeRing ring = new();
        OutboxRig first = new(0, store);
        first.Accept(3, of: "first");
        first.Pass(1.1);
        OutboxRig second = new(0, store, ring);
        second.Accept(2, of: "second");
        using OutboxRig next = new(1, store, ring, new(HasOutlived: true, Torn: 0, Boot: 0));
        next.Up();
        next.Pass(1.1);
        List<string> sent = next.Drain();
        Assert.Equal(3, sent.Count(m => m.Contains("\"first\"", StringComparison.Ordinal)));
        Assert.Equal(2, sent.Count(m => m.Contains("\"second\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Losses_that_a_killed_agent_could_not_write_down_are_declared_by_the_next_one()
    {
        FakeRing ring = new();
        OutboxRig killed = new(ring: ring);
        killed.Store.IsFull = true;
        killed.Accept(300);
        killed.Pass(1.1);

        using OutboxRig next = new(boot: 2, ring: ring, past: new(HasOutlived: true, Torn: 0, Boot: 1));
        next.Pass(1.1);
        next.Up();
        next.Pass(1.1);
        List<string> sent = next.Drain();
        Assert.Equal(256, sent.Count(m => m.Contains("\"seq\"", StringComparison.Ordinal)));
        string gap = Assert.Single(sent, m => m.StartsWith("gap ", StringComparison.Ordinal));
        Assert.Contains("\"boot\":1,\"at_most\":44,\"reason\":\"overload\"", gap, StringComparison.Ordinal);
        Assert.Empty(ring.RecoveredLosses);
    }

    [Fact]
    public void The_next_late_messages_are_read_as_soon_as_those_in_memory_run_out()
    {
        using OutboxRig rig = new(options: new() { RatePerSecond = 100_000 });
        rig.Accept(250);
        rig.Pass(1.1);
        rig.Up();
        rig.Pass(0.1);
        int delivered = 0;
        int wait = 0;
        for (int turn = 0; turn < 200; turn++)
        {
            List<string> taken = rig.Take(8);
            delivered += taken.Count;

            // The writer's thread looks when it meant to or when it is asked; no time passes.
            if (rig.Outbox.TakeSignal() || wait == 0) wait = rig.Outbox.Step();
            if (taken.Count > 0) rig.Settle(all: true);
        }

        Assert.Equal(250, delivered);
    }
}
