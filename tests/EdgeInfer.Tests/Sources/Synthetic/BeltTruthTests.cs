using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Tests.Sources.Synthetic;

public sealed class BeltTruthTests
{
    private static readonly BeltScene s_scene = new((640, 480), 15, 21);
    private readonly TruthBox[] _boxes = new TruthBox[BeltTruth.MaxBoxes];

    [Fact]
    public void A_box_spans_the_outline_and_is_clipped_to_the_picture()
    {
        BeltPart washer = Made(PartKind.Washer);
        (washer.CentreX, washer.CentreY) = (300, 200);
        TruthBox whole = Only(washer);
        Assert.Equal((2, false), (whole.ClassIndex, whole.IsDifficult));
        Assert.Equal((300 - washer.Radius, 200 - washer.Radius), (whole.X, whole.Y));
        Assert.Equal(2 * washer.Radius, whole.Width, 1e-3);
        Assert.Equal(2 * washer.Radius, whole.Height, 1e-3);
        washer.CentreX = 630;
        TruthBox cut = Only(washer);
        Assert.Equal((630 - washer.Radius, 640f), (cut.X, cut.X + cut.Width));
    }

    [Theory]
    [InlineData(0.8f, false)]
    [InlineData(-0.8f, true)]
    public void A_part_mostly_outside_the_picture_is_difficult(float insideRadii, bool isDifficult)
    {
        BeltPart washer = Made(PartKind.Washer);
        (washer.CentreX, washer.CentreY) = (insideRadii * washer.Radius, 200);
        Assert.Equal(isDifficult, Only(washer).IsDifficult);
    }

    [Fact]
    public void A_part_outside_the_picture_is_not_in_its_truth()
    {
        BeltPart gear = Made(PartKind.Gear);
        (gear.CentreX, gear.CentreY) = (-gear.Radius - 1, 200);
        Assert.Equal(0, new BeltTruth(s_scene).Of([gear], _boxes));
    }

    [Fact]
    public void A_part_mostly_covered_is_difficult_and_the_one_on_top_is_not()
    {
        BeltPart nut = Made(PartKind.Nut), gear = Made(PartKind.Gear);
        gear.HoleCount = 0;
        (nut.CentreX, nut.CentreY) = (300, 200);
        // Its rim over the nut's middle, clear of the gear's own hole.
        (gear.CentreX, gear.CentreY) = (300 + gear.Root * 0.6f, 200);
        Assert.True(gear.Root * 0.4f > nut.Radius * 0.4f);
        Assert.Equal(2, new BeltTruth(s_scene).Of([nut, gear], _boxes));
        Assert.Equal((1, true), (_boxes[0].ClassIndex, _boxes[0].IsDifficult));
        Assert.Equal((3, false), (_boxes[1].ClassIndex, _boxes[1].IsDifficult));
        Assert.Equal(2, new BeltTruth(s_scene).Of([gear, nut], _boxes));
        Assert.Equal((1, false), (_boxes[1].ClassIndex, _boxes[1].IsDifficult));
    }

    [Fact]
    public void Boxes_stay_in_the_picture_and_are_the_parts_that_it_shows()
    {
        BeltTruth truth = new(s_scene);
        BeltPart[] parts = new BeltPart[BeltScene.MaxParts];
        for (long frame = 0; frame < 200; frame++)
        {
            Span<BeltPart> there = parts.AsSpan(0, s_scene.Parts(frame, parts));
            foreach (TruthBox box in _boxes[..truth.At(frame, _boxes)])
            {
                Assert.True(box is { X: >= 0, Y: >= 0, Width: >= 1, Height: >= 1 } && box.X + box.Width <= 640 && box.Y + box.Height <= 480);
                bool isPart = false;
                foreach (BeltPart part in there)
                    isPart |= (int)part.Kind == box.ClassIndex && part.CentreX > box.X - 60 && part.CentreX < box.X + box.Width + 60;
                Assert.True(isPart);
            }
        }
    }

    private TruthBox Only(in BeltPart part)
    {
        Assert.Equal(1, new BeltTruth(s_scene).Of([part], _boxes));
        return _boxes[0];
    }

    private static BeltPart Made(PartKind kind)
    {
        for (long number = 0; ; number++)
        {
            BeltRandom random = BeltRandom.For(1, 2, number);
            BeltPart part = PartMaker.Make(ref random, number, 1);
            if (part.Kind == kind && (kind != PartKind.Gear || part.Radius > 45)) return part;
        }
    }
}
