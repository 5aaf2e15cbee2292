using System.Text;
using EdgeInfer.Delivery;

namespace EdgeInfer.Tests.Delivery;

/// <summary>Each message accepted is delivered or declared lost, not both, and the status counts as much.</summary>
public sealed class OutboxLossTests
{
    [Fact]
    public void A_stored_message_on_its_way_is_not_taken_by_the_quota()
    {
        FakeStore store = new() { MostRows = 20 };
        using OutboxRig rig = new(store: store, inFlight: 4);
        OutboxStream press = rig.Open("press");
        rig.Up();
        rig.Accept(4, press);
        rig.Take();
        rig.Run(3000);
        Assert.Equal(4, store.Rows.Count);
        rig.Run(6000, i =>
        {
            if (i % 100 == 0) rig.Accept();
        });
        Assert.InRange(store.Rows.Count, 20, 60);
        rig.Settle(all: true);
        rig.Run(2000);
        List<int> delivered = [.. Numbers(rig.Drain().Where(static m => m.StartsWith("belt", StringComparison.Ordinal)))];
        Assert.NotEmpty(store.AllDeclared);
        Assert.All(store.AllDeclared, static g => Assert.Equal("belt", g.Stream));
        for (int n = 1; n <= 60; n++) Assert.True(delivered.Contains(n) != store.AllDeclared.Exists(g => g.FromSequence <= n && g.ToSequence >= n), $"{n}");
    }

    [Fact]
    public void What_the_quota_takes_of_a_group_that_is_being_written_for_a_broken_line_is_not_sent_when_the_line_comes_back()
    {
        FakeStore store = new() { MostRows = 3 };
        using OutboxRig rig = new(store: store);
        rig.Accept(10);
        store.OnCommit = () =>
        {
            store.OnCommit = null;
            rig.Up();
            rig.Take();
        };
        rig.Run(1100);
        rig.Run(100, _ => rig.Take());
        List<int> delivered = [.. Numbers(rig.TakenOfAll)];
        rig.SettleEach(_ => 0);
        rig.Run(1100);
        Assert.Equal(delivered.Count, delivered.Distinct().Count());
        Assert.DoesNotContain(delivered, n => store.AllDeclared.Any(g => g.FromSequence <= n && g.ToSequence >= n));
    }

    [Fact]
    public void A_delivered_message_is_not_read_back_while_its_row_waits_to_be_taken_out()
    {
        using OutboxRig rig = new();
        OutboxStream press = rig.Open("press", isDurable: true);
        rig.Accept(150, press);
        rig.Run(1100);
        rig.Up();
        rig.Accept(1, press);
        rig.Run(3000, _ =>
        {
            rig.Take();
            rig.SettleEach(static _ => 0);
        });
        Assert.Equal(Enumerable.Range(1, 151), Numbers(rig.TakenOfAll).Order());
        Assert.Empty(rig.Store.Rows);
    }

    [Fact]
    public void What_is_on_its_way_when_its_group_is_written_for_a_broken_line_is_not_sent_again_once_it_is_acknowledged()
    {
        using OutboxRig rig = new();
        rig.Accept(3);
        rig.Run(990);

        // The session takes before it says that the line is there.
        Assert.Equal(3, rig.Take().Count);
        rig.Run(200);
        rig.Up();
        rig.SettleEach(static _ => 0);
        rig.Run(2000, _ => rig.Take());
        Assert.Equal([1, 2, 3], Numbers(rig.TakenOfAll));
    }

    [Fact]
    public void A_full_disk_is_logged_once_and_again_when_it_takes_results()
    {
        using OutboxRig rig = new();
        rig.Accept();
        rig.Store.IsFull = true;
        rig.Run(3000);
        rig.Up();

        // With the line up there is nothing to write, and that is no sign that it could be.
        rig.Drain();
        rig.Run(30_000);
        rig.Down();
        rig.Accept();
        rig.Run(3000);
        Assert.Equal("outbox: outbox.db: the disk is full; results are kept in memory alone", rig.Logger.Text);
        rig.Store.IsFull = false;
        rig.Run(61_000);
        Assert.EndsWith("in memory alone\noutbox: the disk takes results again", rig.Logger.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_late_answer_from_before_the_store_broke_does_not_stand_for_a_message_of_the_new_one()
    {
        using OutboxRig rig = new(inFlight: 4);
        rig.Accept(4);
        rig.Pass(1.1);
        rig.Up();
        rig.Pass(0);
        Assert.Equal(2, rig.Take().Count);
        rig.Store.IsBroken = true;
        rig.Accept(110);
        rig.Outbox.Step();
        rig.Store = new();

        // The new store gives its first messages the numbers that the old one gave.
        rig.Run(3000);
        Assert.Equal([5, 6], Numbers(rig.Take()));
        rig.Settle();
        rig.Settle();
        rig.Down();
        rig.Up();
        rig.Run(100);
        Assert.Equal([5, 6], Numbers(rig.Take()).Take(2));
    }

    [Fact]
    public void A_message_refused_for_good_while_the_disk_is_full_is_declared_and_not_sent_again()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Accept();
        rig.Take();
        rig.Run(3000);
        Assert.Single(rig.Store.Rows);
        rig.Store.IsFull = true;
        OutboxStream press = rig.Open("press", isDurable: true);
        rig.Accept(1, press);
        rig.Run(100);
        Assert.False(rig.Outbox.Status().HasStore);
        rig.Settle(0x99);
        rig.Store.IsFull = false;
        rig.Run(120_000);
        Assert.DoesNotContain(rig.Store.Rows, r => r.Stream == 1);
        Assert.DoesNotContain(rig.Take(), m => m.StartsWith("belt", StringComparison.Ordinal));
    }

    [Fact]
    public void Messages_refused_for_good_do_not_fill_the_ring_while_the_disk_is_full()
    {
        using OutboxRig rig = new();
        rig.Up();
        rig.Run(10);
        rig.Accept(16);
        rig.Take();
        rig.Settle(0x99, all: true);
        rig.Store.IsFull = true;
        rig.Run(2000);
        Assert.Equal(0, rig.Ring.Used);
        Assert.Equal(16, rig.Outbox.Status().Lost);
    }

    [Fact]
    public void A_loss_that_was_to_be_published_without_a_store_goes_into_it_at_a_clean_stop()
    {
        FakeStore store = new() { IsFull = true };
        OutboxRig rig = new(store: store, ring: new(4));
        rig.Accept(6);
        rig.Run(1500);
        rig.Up();
        rig.Run(10);
        rig.Take();
        rig.Down();
        store.IsFull = false;
        rig.Dispose();
        Assert.Contains(store.Declared, g => g is { FromSequence: 1, ToSequence: 2, Reason: "overload" });
    }

    [Fact]
    public void What_the_quota_takes_and_what_expires_or_is_refused_count_as_lost()
    {
        FakeStore store = new() { MostRows = 20 };
        using OutboxRig rig = new(store: store);
        rig.Accept(60);
        rig.Run(1100);
        Assert.Equal(40, rig.Outbox.Status().Lost);
        rig.Up();
        rig.Run(10);
        Assert.StartsWith("gap", Assert.Single(rig.Take(1)), StringComparison.Ordinal);
        rig.Settle();
        rig.Take(1);
        rig.Settle(0x99);
        rig.Run(1100);
        Assert.Equal(41, rig.Outbox.Status().Lost);
        rig.Down();
        rig.Time.Advance(TimeSpan.FromHours(25));
        rig.Up();
        rig.Run(1100, _ => rig.Take());
        Assert.Equal(60, rig.Outbox.Status().Lost);
    }

    [Fact]
    public void What_a_killed_process_had_in_its_ring_and_in_the_store_is_sent_once()
    {
        FakeStore store = new();
        FakeRing ring = new();
        OutboxRig killed = new(1, store, ring);
        killed.Up();
        killed.Accept(8);
        killed.Take();
        killed.Run(3000);
        Assert.Equal((8, 8), (ring.Used, store.Rows.Count));
        using OutboxRig next = new(2, store, ring, new(HasOutlived: true, Torn: 0, Boot: 1), time: killed.Time);
        next.Run(1200);
        Assert.Equal(8, store.Rows.Count);
        next.Up();
        next.Run(10);
        Assert.Equal(Enumerable.Range(1, 8), Numbers(next.Drain()));
        next.Run(1200);
        Assert.Equal((0, 0), (ring.Used, store.Rows.Count));
        Assert.Empty(store.AllDeclared);
    }

    [Fact]
    public void A_clean_stop_soon_after_a_kill_declares_nothing_afterwards()
    {
        FakeStore store = new();
        FakeRing ring = new();
        OutboxRig killed = new(1, store, ring);
        killed.Accept(5);
        OutboxRig next = new(2, store, ring, new(HasOutlived: true, Torn: 0, Boot: 1), time: killed.Time);
        next.Run(300);
        next.Dispose();
        Assert.Equal(5, store.Rows.Count);
        using OutboxRig last = new(3, store, new FakeRing(), kernel: Guid.NewGuid());
        Assert.Empty(store.Declared);
    }

    [Fact]
    public void A_start_that_had_no_ring_in_a_file_declares_its_loss_though_the_ring_of_one_before_is_there()
    {
        FakeStore store = new();
        OutboxRig withRing = new(1, store);
        OutboxRig without = new(2, store, time: withRing.Time);
        without.Accept(5);
        using OutboxRig next = new(3, store, new FakeRing(), new(HasOutlived: true, Torn: 0, Boot: 1), time: withRing.Time);
        Assert.Contains(store.Declared, g => g is { Boot: 2, Reason: "power_cut", AtMost: 256 });
    }

    [Fact]
    public void Where_starts_are_not_counted_numbers_go_on_behind_those_in_the_ring()
    {
        FakeRing ring = new();
        FakeStore store = new() { IsFull = true };
        OutboxRig killed = new(0, store, ring);
        killed.Accept(5);
        using OutboxRig next = new(0, store, ring, new(HasOutlived: true, Torn: 0, Boot: 0), time: killed.Time);
        Assert.Equal(6, next.Belt.NextSequence);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("1}")]
    public void A_late_message_that_is_no_object_with_members_is_sent_as_it_is(string payload)
    {
        using OutboxRig rig = new();
        Assert.True(rig.Outbox.Accept(rig.Belt, 1, Encoding.UTF8.GetBytes(payload)));
        rig.Pass(20);
        rig.Up();
        rig.Pass(0);
        Assert.Equal([$"belt/history {payload}"], rig.Take());
    }

    private static IEnumerable<int> Numbers(IEnumerable<string> messages)
        => messages.Where(m => m.Contains("\"seq\":", StringComparison.Ordinal)).Select(m => int.Parse(m.Split("\"seq\":")[1].TrimEnd('}').Split(',')[0], System.Globalization.CultureInfo.InvariantCulture));
}
