using EdgeInfer.Gate;

namespace EdgeInfer.Tests.Gate;

/// <summary>
/// The contract's tolerances: one to one, same class, overlap 0.75, score 0.10, nothing else above the threshold and 0.10; same best class
/// within 0.05; cosine 0.99; numbers 2 %. The threshold is 0.4, and results are known down to 0.3.
/// </summary>
public sealed class GoldenComparisonTests
{
    private const double Threshold = 0.4, Floor = 0.3;

    [Fact]
    public void Equal_results_agree_whatever_their_order()
    {
        GoldenBox bolt = Golden.Box("bolt", 0.9, 10), nut = Golden.Box("nut", 0.8, 200);
        Assert.Null(Difference(Golden.Boxes(bolt, nut), Golden.Boxes(nut, bolt)));
        Assert.Null(Difference(Golden.Boxes(), Golden.Boxes()));
    }

    // Boxes of 60 by 60 moved by d along one edge overlap by (60 - d) / (60 + d): 52/68 = 0.765, 51/69 = 0.739.
    [Theory]
    [InlineData(8, true)]
    [InlineData(9, false)]
    public void A_box_may_be_moved_as_long_as_three_quarters_overlap(double moved, bool agrees)
        => Assert.Equal(agrees, Difference(Golden.Boxes(Golden.Box("bolt", 0.9, 10)), Golden.Boxes(Golden.Box("bolt", 0.9, 10 + moved))) is null);

    [Theory]
    [InlineData(0.80, true)]
    [InlineData(0.799, false)]
    [InlineData(1.00, true)]
    public void A_score_may_differ_by_a_tenth(double found, bool agrees)
        => Assert.Equal(agrees, Difference(Golden.Boxes(Golden.Box("bolt", 0.9, 10)), Golden.Boxes(Golden.Box("bolt", found, 10))) is null);

    [Fact]
    public void Another_label_at_the_same_place_is_named_with_both()
        => Assert.Equal(
            "expected bolt 0.900 at [10, 100, 60, 60], found nut 0.880 at [11, 100, 60, 60] (overlap 0.97)",
            Difference(Golden.Boxes(Golden.Box("bolt", 0.9, 10)), Golden.Boxes(Golden.Box("nut", 0.88, 11))));

    [Fact]
    public void A_missing_object_is_named()
        => Assert.Equal("expected nut 0.800 at [200, 100, 60, 60], found nothing there",
            Difference(Golden.Boxes(Golden.Box("bolt", 0.9, 10), Golden.Box("nut", 0.8, 200)), Golden.Boxes(Golden.Box("bolt", 0.9, 10))));

    [Theory]
    [InlineData(0.50, true)]
    [InlineData(0.501, false)]
    public void An_object_that_nothing_expects_may_be_a_tenth_above_the_threshold(double score, bool agrees)
    {
        string? difference = Difference(Golden.Boxes(), Golden.Boxes(Golden.Box("gear", score, 300)));
        Assert.Equal(agrees ? null : "expected nothing there, found gear 0.501 at [300, 100, 60, 60]", difference);
    }

    [Fact]
    public void One_that_is_found_twice_is_once_too_often()
        => Assert.NotNull(Difference(Golden.Boxes(Golden.Box("bolt", 0.9, 10)), Golden.Boxes(Golden.Box("bolt", 0.9, 10), Golden.Box("bolt", 0.85, 12))));

    // 0.45 may have become 0.35, which is below the threshold: results are asked for down there, so that it must be found.
    [Fact]
    public void An_expected_object_just_above_the_threshold_must_be_found_just_below_it()
    {
        GoldenResult expected = Golden.Boxes(Golden.Box("bolt", 0.45, 10));
        Assert.Null(Difference(expected, Golden.Boxes(Golden.Box("bolt", 0.36, 10))));
        Assert.NotNull(Difference(expected, Golden.Boxes()));
    }

    [Fact]
    public void Where_results_end_at_the_threshold_an_object_that_may_have_fallen_below_it_may_be_missing()
    {
        GoldenComparison comparison = new(GoldenTolerance.Default);
        Assert.Null(comparison.Difference(Golden.Boxes(Golden.Box("bolt", 0.49, 10)), Golden.Boxes(), Threshold, Threshold));
        Assert.NotNull(comparison.Difference(Golden.Boxes(Golden.Box("bolt", 0.50, 10)), Golden.Boxes(), Threshold, Threshold));
    }

    // A takes both X and Y, B only X. Greedy by overlap gives X to A, which leaves none to B.
    [Fact]
    public void Matching_is_the_best_there_is_and_not_greedy()
    {
        GoldenBox a = Golden.Box("bolt", 0.9, 100), b = Golden.Box("bolt", 0.82, 106);
        GoldenBox x = Golden.Box("bolt", 0.9, 101), y = Golden.Box("bolt", 0.97, 95);
        Assert.True(a.Overlap(x) > a.Overlap(y) && a.Overlap(x) > b.Overlap(x));
        Assert.Null(Difference(Golden.Boxes(a, b), Golden.Boxes(x, y)));
        Assert.Null(Difference(Golden.Boxes(b, a), Golden.Boxes(y, x)));
    }

    [Fact]
    public void A_picture_of_another_size_is_another_picture()
        => Assert.Equal("expected a picture of 640x480, found 480x640", Difference(Golden.Boxes(), Golden.Boxes() with { FrameWidth = 480, FrameHeight = 640 }));

    [Fact]
    public void Results_of_another_kind_are_a_difference()
        => Assert.Equal("expected detections, found classes", Difference(Golden.Boxes(), Golden.Classes()));

    [Theory]
    [InlineData("crane", 0.80, true)]
    [InlineData("crane", 0.75, true)]
    [InlineData("crane", 0.749, false)]
    [InlineData("hook", 0.80, false)]
    public void The_best_class_must_be_the_same_within_a_twentieth(string label, double score, bool agrees)
        => Assert.Equal(agrees, Difference(Golden.Classes(("crane", 0.8), ("hook", 0.1)), Golden.Classes(("belt", 0.05), (label, score))) is null);

    [Fact]
    public void A_class_that_nothing_expects_is_a_difference_above_the_threshold_and_a_twentieth()
    {
        Assert.Null(Difference(Golden.Classes(), Golden.Classes(("crane", 0.45))));
        Assert.Equal("expected no class above the threshold, found crane 0.460", Difference(Golden.Classes(), Golden.Classes(("crane", 0.46))));
        Assert.Equal("expected crane 0.800, found no class", Difference(Golden.Classes(("crane", 0.8)), Golden.Classes()));
    }

    // cos 8° = 0.9903, cos 9° = 0.9877.
    [Theory]
    [InlineData(8, true)]
    [InlineData(9, false)]
    [InlineData(172, false)]
    public void An_embedding_must_point_the_same_way(double degrees, bool agrees)
    {
        double angle = degrees * Math.PI / 180;
        Assert.Equal(agrees, Difference(Golden.Embedding(2, 0), Golden.Embedding(5 * Math.Cos(angle), 5 * Math.Sin(angle))) is null);
    }

    [Fact]
    public void An_embedding_of_zeros_or_of_another_length_is_no_success()
    {
        Assert.Contains("with a direction", Difference(Golden.Embedding(1, 0), Golden.Embedding(0, 0)), StringComparison.Ordinal);
        Assert.Equal("expected an embedding of 2 numbers, found 3", Difference(Golden.Embedding(1, 0), Golden.Embedding(1, 0, 0)));
    }

    [Theory]
    [InlineData(102, true)]
    [InlineData(102.1, false)]
    [InlineData(97.9, false)]
    public void A_number_may_differ_by_two_hundredths_of_itself(double found, bool agrees)
        => Assert.Equal(agrees ? null : FormattableString.Invariant($"expected length = 100, found {found}"), Difference(Golden.Values(("length", [100])), Golden.Values(("length", [found]))));

    // The root mean square of 100, 0 and 0 is 57.7: two hundredths of it are 1.15.
    [Theory]
    [InlineData(1.1, true)]
    [InlineData(1.2, false)]
    public void A_number_next_to_nothing_is_held_against_the_others_of_its_output(double found, bool agrees)
        => Assert.Equal(agrees ? null : "expected y[1] = 0, found 1.2", Difference(Golden.Values(("y", [100, 0, 0])), Golden.Values(("y", [100, found, 0]))));

    [Fact]
    public void Outputs_must_have_their_names_and_lengths()
    {
        Assert.Equal("expected output 'y', found none of that name", Difference(Golden.Values(("y", [1])), Golden.Values()));
        Assert.Equal("expected no output 'z', found one", Difference(Golden.Values(), Golden.Values(("z", [1]))));
        Assert.Equal("expected 1 numbers in 'y', found 2", Difference(Golden.Values(("y", [1])), Golden.Values(("y", [1, 1]))));
    }

    [Fact]
    public void A_device_may_make_each_tolerance_tighter_and_none_looser()
    {
        GoldenTolerance tighter = new() { Overlap = 0.9, Score = 0.02, ClassScore = 0.01, Cosine = 0.999, Share = 0.001 };
        GoldenTolerance looser = new() { Overlap = 0.5, Score = 0.5, ClassScore = 0.5, Cosine = 0.5, Share = 0.5 };
        Assert.Equal(tighter, GoldenTolerance.Default.Tightened(tighter));
        Assert.Equal(GoldenTolerance.Default, GoldenTolerance.Default.Tightened(looser));
        Assert.NotNull(new GoldenComparison(tighter).Difference(Golden.Boxes(Golden.Box("bolt", 0.9, 10)), Golden.Boxes(Golden.Box("bolt", 0.87, 10)), Threshold, Floor));
    }

    private static string? Difference(GoldenResult expected, GoldenResult found) => new GoldenComparison(GoldenTolerance.Default).Difference(expected, found, Threshold, Floor);
}
