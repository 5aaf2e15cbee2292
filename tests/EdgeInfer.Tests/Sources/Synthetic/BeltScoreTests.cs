using EdgeInfer.Results;
using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Tests.Sources.Synthetic;

public sealed class BeltScoreTests
{
    private const long Frame = 40;
    private readonly BeltTruth _truth = new(new BeltScene((640, 480), 15, seed: 5));
    private readonly List<TruthBox> _parts;
    private readonly BeltScore _score;

    public BeltScoreTests()
    {
        TruthBox[] boxes = new TruthBox[BeltTruth.MaxBoxes];
        int count = _truth.At(Frame, boxes);
        _parts = [.. boxes.Take(count)];
        _score = new BeltScore(_truth);
        Assert.True(_parts.Count(p => !p.IsDifficult) >= 2, "the picture must have parts to find");
    }

    [Fact]
    public void The_truth_itself_is_all_right()
    {
        _score.Add(Frame, [.. _parts.Select(Found)]);
        Assert.Equal((1.0, 1.0, 0L, 0L), (_score.Precision, _score.Recall, _score.Wrong, _score.Missed));
    }

    [Fact]
    public void Nothing_found_misses_every_part_that_is_not_difficult()
    {
        _score.Add(Frame, []);
        Assert.Equal(_parts.Count(p => !p.IsDifficult), _score.Missed);
        Assert.Equal(0, _score.Recall);
    }

    [Fact]
    public void A_second_detection_of_the_same_part_is_wrong()
    {
        _score.Add(Frame, [Found(Part), Found(Part)]);
        Assert.Equal((1L, 1L), (_score.Right, _score.Wrong));
    }

    [Fact]
    public void The_wrong_class_in_the_right_place_is_wrong()
    {
        _score.Add(Frame, [Found(Part) with { Class = (Part.ClassIndex + 1) % 4 }]);
        Assert.Equal((0L, 1L), (_score.Right, _score.Wrong));
    }

    [Fact]
    public void A_box_that_overlaps_by_a_third_is_wrong()
    {
        // Moved by half its width: the overlap is 1/2 of each, so 1/3 of the union.
        _score.Add(Frame, [Found(Part) with { X = Part.X + Part.Width / 2 }]);
        Assert.Equal((0L, 1L), (_score.Right, _score.Wrong));
    }

    private TruthBox Part => _parts.First(p => !p.IsDifficult);

    private static Detection Found(TruthBox part) => new(part.ClassIndex, 0.9f, part.X, part.Y, part.Width, part.Height);
}
