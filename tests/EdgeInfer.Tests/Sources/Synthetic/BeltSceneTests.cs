using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Tests.Sources.Synthetic;

public sealed class BeltSceneTests
{
    [Theory]
    [InlineData(640, 480)]
    [InlineData(1280, 720)]
    [InlineData(97, 64)]
    public void Parts_move_to_the_right_by_the_belts_speed_and_keep_their_looks(int width, int height)
    {
        BeltScene scene = new((width, height), 10, 3);
        BeltPart[] before = new BeltPart[BeltScene.MaxParts], after = new BeltPart[BeltScene.MaxParts];
        Assert.True(scene.PixelsPerFrame > 0);
        int compared = 0;
        for (long frame = 0; frame < 60; frame++)
        {
            Dictionary<long, BeltPart> known = before[..scene.Parts(frame, before)].ToDictionary(static part => part.Number);
            foreach (BeltPart part in after[..scene.Parts(frame + 1, after)])
            {
                if (!known.TryGetValue(part.Number, out BeltPart earlier)) continue;
                Assert.Equal(earlier.CentreX + scene.PixelsPerFrame, part.CentreX, 0.01);
                Assert.Equal((earlier.CentreY, earlier.Radius, earlier.Kind), (part.CentreY, part.Radius, part.Kind));
                compared++;
            }
        }

        Assert.True(compared > 20);
    }

    [Fact]
    public void All_four_kinds_come_along()
    {
        BeltScene scene = new((640, 480), 15, 1);
        TruthBox[] boxes = new TruthBox[BeltTruth.MaxBoxes];
        HashSet<int> seen = [];
        for (long frame = 0; frame < 1000; frame += 50)
            foreach (TruthBox box in boxes[..new BeltTruth(scene).At(frame, boxes)])
                seen.Add(box.ClassIndex);
        Assert.Equal([0, 1, 2, 3], seen.Order());
        Assert.Equal(["bolt", "nut", "washer", "gear"], BeltTruth.Labels);
    }

    [Fact]
    public void A_picture_smaller_than_can_show_a_part_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(static () => new BeltScene((640, 63), 15, 1));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new BeltScene((8193, 480), 15, 1));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new BeltScene((640, 480), 0, 1));
    }

    [Fact]
    public void Sine_and_cosine_agree_with_the_library()
    {
        for (double turns = -3; turns < 3; turns += 0.0017)
        {
            (float sin, float cos) = PortableAngle.SinCos(turns);
            Assert.Equal(Math.Sin(turns * Math.Tau), sin, 1e-7);
            Assert.Equal(Math.Cos(turns * Math.Tau), cos, 1e-7);
            float angle = PortableAngle.Atan2(sin * 7, cos * 7);
            Assert.Equal(Math.Atan2(sin, cos) / Math.Tau, angle, 1e-5);
        }
    }
}
