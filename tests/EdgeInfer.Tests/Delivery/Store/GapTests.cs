using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;

namespace EdgeInfer.Tests.Delivery.Store;

/// <summary>Losses are kept as few and as exact as they can be.</summary>
[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class GapTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1 2 3", "1-3")]
    [InlineData("3 2 1", "1-3")]
    [InlineData("1 3 5 4 2", "1-5")]
    [InlineData("5 1 9 2 8 5 6", "5-6 1-2 8-9")]
    [InlineData("1 3 3 1", "1-1 3-3")]
    public void Ranges_that_touch_are_one(string lost, string expected)
    {
        using OutboxStore store = _folder.Open();
        Lose(store, lost);
        Assert.Equal(expected, Ranges(store));
        Assert.Equal(expected.Split(' ').Length, store.Counts.Gaps);
    }

    [Fact]
    public void Other_streams_starts_and_reasons_have_ranges_of_their_own()
    {
        using OutboxStore store = _folder.Open();
        store.Begin();
        store.AddLoss("a", 1, 1, "quota");
        store.AddLoss("a", 1, 2, "expired");
        store.AddLoss("a", 2, 2, "quota");
        store.AddLoss("b", 1, 2, "quota");
        store.Commit();
        Assert.Equal(4, store.Counts.Gaps);
    }

    [Fact]
    public void Random_losses_are_exactly_those_that_are_told()
    {
        Random random = new(7);
        HashSet<long> lost = [];
        using OutboxStore store = _folder.Open();
        for (int group = 0; group < 40; group++)
        {
            store.Begin();
            List<long> here = [];
            for (int i = 0; i < 25; i++)
            {
                long first = random.Next(1, 600);
                long last = first + random.Next(5);
                for (long sequence = first; sequence <= last; sequence++) here.Add(sequence);
                store.AddLoss("camera", 1, first, last, "overload");
            }

            if (random.Next(4) == 0)
            {
                store.Rollback();
                continue;
            }

            lost.UnionWith(here);
            store.Commit();
            if (random.Next(2) != 0) continue;
            Gap published = store.Gaps(5)[random.Next(Math.Min(5, store.Gaps(5).Count))];
            store.Begin();
            store.DeleteGap(published);
            store.Commit();
            for (long s = published.FromSequence!.Value; s <= published.ToSequence; s++) Assert.True(lost.Remove(s));
        }

        HashSet<long> told = [];
        foreach (Gap gap in store.Gaps(1000))
            for (long s = gap.FromSequence!.Value; s <= gap.ToSequence; s++) Assert.True(told.Add(s), $"{s} is told twice");
        Assert.Equal(lost.Order(), told.Order());
        Assert.Equal(store.Gaps(1000).Count, store.Counts.Gaps);
    }

    [Theory]
    [InlineData("4", "")]
    [InlineData("4 5", "5-5")]
    [InlineData("4 3", "3-3")]
    [InlineData("4 3 5 2", "2-3 5-5")]
    public void Of_a_published_loss_that_grew_since_the_rest_stays(string lost, string expected)
    {
        using OutboxStore store = _folder.Open();
        Lose(store, "4");
        Gap published = Assert.Single(store.Gaps(10));
        Lose(store, lost);
        store.Begin();
        store.DeleteGap(published);
        store.Commit();
        Assert.Equal(expected, Ranges(store));
    }

    [Fact]
    public void A_published_loss_that_another_has_taken_in_is_cut_out_of_it()
    {
        using OutboxStore store = _folder.Open();
        Lose(store, "1 2 5 6");
        Gap published = store.Gaps(10)[1];
        Lose(store, "4 3");
        Assert.Equal("1-6", Ranges(store));
        store.Begin();
        store.DeleteGap(published);
        store.Commit();
        Assert.Equal("1-4", Ranges(store));
    }

    [Fact]
    public void Losses_without_numbers_are_added_up()
    {
        using OutboxStore store = _folder.Open();
        AddAtMost(store, 256);
        Gap published = Assert.Single(store.Gaps(10));
        Assert.Equal((null, null, 256), (published.FromSequence, published.ToSequence, published.AtMost));
        AddAtMost(store, 10);
        store.Begin();
        store.DeleteGap(published);
        store.Commit();
        Assert.Equal(10, Assert.Single(store.Gaps(10)).AtMost);
        store.Begin();
        store.DeleteGap(store.Gaps(10)[0]);
        store.Commit();
        Assert.Empty(store.Gaps(10));
    }

    [Fact]
    public void Too_many_ranges_of_a_stream_become_one_that_says_how_many_at_most()
    {
        using OutboxStore store = _folder.Open();
        store.Begin();
        store.AddLoss("other", 1, 1, "quota");
        for (int i = 0; i < GapTable.Most + 5; i++) store.AddLoss("camera", 1, i * 2, "refused");
        store.Commit();
        IReadOnlyList<Gap> gaps = store.Gaps(GapTable.Most);
        Assert.InRange(gaps.Count, 2, 10);
        Assert.Equal(GapTable.Most + 5, gaps.Where(g => g.Stream == "camera").Sum(g => g.AtMost ?? (g.ToSequence - g.FromSequence + 1)));
        Assert.Equal(("other", 1, 1), (gaps[0].Stream, gaps[0].FromSequence, gaps[0].ToSequence));
        Assert.Equal(gaps.Count, store.Counts.Gaps);
    }

    [Fact]
    public void Losses_of_very_many_streams_are_bounded_and_none_is_forgotten()
    {
        using OutboxStore store = _folder.Open();
        store.Begin();
        for (int i = 0; i < GapTable.Most + 50; i++) store.AddLoss($"s{i}", i % 3, 1, "quota");
        store.Commit();
        Assert.InRange(store.Counts.Gaps, 1, GapTable.Most);
        IReadOnlyList<Gap> gaps = store.Gaps(GapTable.Most);
        Assert.Contains(gaps, g => g.Stream == "*");
        Assert.Equal(GapTable.Most + 50, gaps.Sum(g => g.AtMost ?? 1));
    }

    private static void AddAtMost(OutboxStore store, long most)
    {
        store.Begin();
        store.AddLossOfAtMost("camera", 1, most, "power_cut");
        store.Commit();
    }

    private static void Lose(OutboxStore store, string sequences)
    {
        store.Begin();
        foreach (string sequence in sequences.Split(' ')) store.AddLoss("camera", 1, sequence[0] - '0', "quota");
        store.Commit();
    }

    private static string Ranges(OutboxStore store) => string.Join(' ', store.Gaps(100).Select(g => $"{g.FromSequence}-{g.ToSequence}"));
}
