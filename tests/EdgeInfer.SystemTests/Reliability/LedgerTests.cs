namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The judge is judged first: each way of breaking the promise is seen.</summary>
public sealed class LedgerTests
{
    private static readonly Allowance s_none = new();
    private readonly Ledger _ledger = new();

    [Fact]
    public void What_is_delivered_or_declared_balances()
    {
        Deliver("belt", 1, 1, 2, 3);
        _ledger.Declare(Range(4, 6));
        Deliver("belt", 1, 7);
        Balance balance = _ledger.Close(s_none);
        Assert.Empty(balance.Faults);
        Assert.Equal((7, 4, 3, 0, 0), (balance.Accepted, balance.Delivered, balance.Declared, balance.Missing, balance.Duplicates));
    }

    [Fact]
    public void A_lost_message_shows_as_a_hole_in_the_numbers()
    {
        Deliver("belt", 1, 1, 2, 4);
        Assert.Contains("neither delivered nor declared, where 0 may be: belt 1/3", OnlyFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_message_at_the_end_shows_where_it_was_seen_waiting()
    {
        Deliver("belt", 1, 1);
        _ledger.Accept(new("belt", 1, 2), "belt-1-2");
        Assert.Contains("belt 1/2", OnlyFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Streams_and_starts_are_counted_apart()
    {
        Deliver("belt", 1, 1, 2);
        Deliver("film", 1, 2);
        Deliver("belt", 2, 1);
        Assert.Contains("film of start 1: 1 of 2", OnlyFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void More_duplicates_than_allowed_are_a_fault_and_as_many_are_none()
    {
        Deliver("belt", 1, 1, 2, 3, 2, 3);
        Assert.Contains("2 messages came twice, where 0 may", OnlyFault(), StringComparison.Ordinal);
        Assert.Empty(_ledger.Close(new Allowance { Duplicates = 2 }).Faults);
    }

    [Fact]
    public void A_bound_covers_as_many_as_it_says_and_no_more()
    {
        Deliver("belt", 1, 1, 5);
        _ledger.Declare(new("belt", 1, null, null, 3, "power_cut"));
        Assert.Empty(_ledger.Close(s_none).Faults);
        Deliver("belt", 1, 7);
        Assert.Contains("4 of 7 neither delivered nor declared, where 3 may be", OnlyFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bound_of_another_start_or_stream_covers_nothing()
    {
        Deliver("belt", 2, 2);
        _ledger.Declare(new("belt", 1, null, null, 256, "power_cut"));
        _ledger.Declare(new("film", 2, null, null, 256, "power_cut"));
        Assert.Contains("belt of start 2: 1 of 2", OnlyFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bound_above_the_ring_is_a_fault()
    {
        Deliver("belt", 1, 1);
        _ledger.Declare(new("belt", 1, null, null, 257, "power_cut"));
        Assert.Contains("more than 256", OnlyFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_gap_over_what_was_acknowledged_is_a_fault_and_over_what_was_not_is_none()
    {
        Deliver("belt", 1, 1, 2);
        _ledger.Deliver(new("belt", 1, 3), "belt-1-3", false, false);
        _ledger.Declare(Range(3, 3));
        Assert.Empty(_ledger.Close(s_none).Faults);
        _ledger.Declare(Range(2, 2));
        Assert.Contains("declared lost, and yet delivered and acknowledged: belt 1/2", OnlyFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Gaps_that_meet_are_a_fault_unless_one_is_the_other_grown_or_sent_again()
    {
        Deliver("belt", 1, 1);
        _ledger.Declare(Range(2, 4));
        _ledger.Declare(Range(2, 4));
        _ledger.Declare(Range(2, 9));
        Assert.Empty(_ledger.Close(s_none).Faults);
        _ledger.Declare(Range(8, 12));
        Assert.Contains("declared lost twice", OnlyFault(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(4L, 3L, null)]
    [InlineData(0L, 0L, null)]
    [InlineData(2L, 2L, 1L)]
    [InlineData(null, null, 0L)]
    public void A_gap_that_says_nothing_or_too_much_is_a_fault(long? from, long? to, long? atMost)
    {
        Deliver("belt", 1, 1);
        _ledger.Declare(new("belt", 1, from, to, atMost, "overload"));
        Assert.Contains(_ledger.Close(s_none).Faults, static fault => fault.Contains("neither numbers nor a bound", StringComparison.Ordinal));
    }

    [Fact]
    public void A_damaged_database_may_have_held_anything_of_its_streams_up_to_its_start_and_nothing_later()
    {
        Deliver("belt", 1, 5);
        Deliver("belt", 2, 5);
        _ledger.Declare(new("belt", 2, null, null, null, "store_broken"));
        Balance balance = _ledger.Close(s_none);
        Assert.Empty(balance.Faults);
        Assert.Equal(8, balance.Missing);
        Deliver("belt", 3, 5);
        Deliver("film", 2, 5);
        Assert.Equal(2, _ledger.Close(s_none).Faults.Count);
        _ledger.Declare(new("*", 3, null, null, null, "store_broken"));
        Assert.Empty(_ledger.Close(s_none).Faults);
    }

    [Fact]
    public void One_number_for_two_messages_is_a_fault()
    {
        Deliver("belt", 1, 1);
        _ledger.Deliver(new("belt", 1, 1), "another", false, true);
        Assert.Contains("belt 1/1 is two messages: belt-1-1 and another", _ledger.Close(new Allowance { Duplicates = 1 }).Faults, StringComparer.Ordinal);
    }

    [Fact]
    public void One_id_for_two_messages_is_a_fault()
    {
        Deliver("belt", 1, 1);
        _ledger.Accept(new("belt", 1, 2), "belt-1-1");
        Assert.Contains("the id belt-1-1 is that of belt 1/1 and of belt 1/2", _ledger.Close(s_none).Faults, StringComparer.Ordinal);
    }

    [Fact]
    public void Late_messages_out_of_order_are_a_fault_over_starts_too()
    {
        foreach ((long boot, long sequence) in new[] { (1L, 1L), (1L, 2L), (2L, 1L), (1L, 3L) }) _ledger.Deliver(new("belt", boot, sequence), $"{boot}-{sequence}", true, true);
        Assert.Contains("belt 1/3 came behind belt 2/1", OnlyFault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Live_messages_between_those_that_waited_a_little_are_in_order_and_a_third_order_is_a_fault()
    {
        Deliver("belt", 1, 5, 1, 6, 2, 7, 3, 8, 4);
        Assert.Empty(_ledger.Close(s_none).Faults);
        Deliver("belt", 1, 11, 10, 9);
        Assert.Contains("3 orders interleaved, where 2 may be", OnlyFault(), StringComparison.Ordinal);
    }

    private static DeclaredGap Range(long from, long to) => new("belt", 1, from, to, null, "quota");

    private void Deliver(string stream, long boot, params long[] sequences)
    {
        foreach (long sequence in sequences) _ledger.Deliver(new(stream, boot, sequence), $"{stream}-{boot}-{sequence}", false, true);
    }

    private string OnlyFault() => Assert.Single(_ledger.Close(s_none).Faults);
}
