using System.Security.Cryptography;
using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Tests.Sources.Synthetic;

public sealed class BeltRendererTests
{
    [Theory]
    [InlineData(640, 480)]
    [InlineData(321, 243)]
    public void The_same_seed_draws_the_same_bytes_and_another_seed_others(int width, int height)
    {
        byte[] first = Digest(width, height, 42), second = Digest(width, height, 42), other = Digest(width, height, 43);
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    // What x64 drew when the bundled detector was trained, and what an arm64 build under qemu draws as well. Another digest here means that another machine, or another version of
    // this folder, draws other pictures: the detector's card and golden pictures then no longer speak of these.
    [Fact]
    public void A_seed_draws_the_pictures_that_the_detector_was_trained_on() =>
        Assert.Equal("cf3bc9e413df2f162ff98df349fdc6f5b3c8ee79a2eb436092c33965953ca9d7", Convert.ToHexStringLower(Digest(640, 480, 1_000_000)));

    [Fact]
    public void A_picture_does_not_depend_on_those_drawn_before_it()
    {
        BeltRenderer fresh = new(new((320, 240), 15, 5)), used = new(new((320, 240), 15, 5));
        byte[] one = new byte[fresh.FrameBytes], two = new byte[used.FrameBytes];
        for (long frame = 0; frame < 30; frame++) used.Render(frame, two);
        fresh.Render(29, one);
        Assert.True(one.AsSpan().SequenceEqual(two));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void A_part_lies_in_its_box_and_fills_it_to_the_edges(int seed)
    {
        BeltScene scene = new((640, 480), 15, seed);
        BeltPart[] parts = new BeltPart[BeltScene.MaxParts];
        int checkedParts = 0;
        for (long frame = 40; frame < 400; frame += 60)
        {
            int count = scene.Parts(frame, parts);
            for (int i = 0; i < count; i++)
            {
                ref readonly BeltPart part = ref parts[i];
                if (part.CentreX + part.Left < 8 || part.CentreX + part.Right > 632) continue;
                (double left, double top, double right, double bottom) = Coverage(scene, part);
                Assert.Equal(part.CentreX + part.Left, left, 1.01);
                Assert.Equal(part.CentreY + part.Top, top, 1.01);
                Assert.Equal(part.CentreX + part.Right, right, 1.01);
                Assert.Equal(part.CentreY + part.Bottom, bottom, 1.01);
                checkedParts++;
            }
        }

        Assert.True(checkedParts >= 12);
    }

    [Fact]
    public void Drawing_and_its_truth_allocate_nothing()
    {
        BeltRenderer renderer = new(new((640, 480), 15, 9));
        BeltTruth truth = new(renderer.Scene);
        byte[] rgb = new byte[renderer.FrameBytes];
        TruthBox[] boxes = new TruthBox[BeltTruth.MaxBoxes];
        renderer.Render(0, rgb);
        truth.At(0, boxes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (long frame = 1; frame < 20; frame++)
        {
            renderer.Render(frame, rgb);
            truth.At(frame, boxes);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] Digest(int width, int height, int seed)
    {
        BeltRenderer renderer = new(new((width, height), 15, seed));
        byte[] rgb = new byte[renderer.FrameBytes];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long frame = 0; frame < 5; frame++)
        {
            renderer.Render(frame * 31, rgb);
            hash.AppendData(rgb);
        }

        return hash.GetHashAndReset();
    }

    // The painter alone, over black and over white: pixels that show less than half of the ground are the part's.
    private static (double Left, double Top, double Right, double Bottom) Coverage(BeltScene scene, in BeltPart part)
    {
        PartPainter painter = new(scene);
        byte[] onBlack = new byte[scene.Width * scene.Height * 3], onWhite = new byte[onBlack.Length];
        onWhite.AsSpan().Fill(255);
        painter.Paint(part, onBlack);
        painter.Paint(part, onWhite);
        double left = double.MaxValue, top = double.MaxValue, right = 0, bottom = 0;
        for (int y = 0; y < scene.Height; y++)
        {
            for (int x = 0; x < scene.Width; x++)
            {
                int at = (y * scene.Width + x) * 3;
                // On black a shadow stays black: any light there is the part's.
                bool isPart = onBlack[at] + onBlack[at + 1] + onBlack[at + 2] > 45 && onWhite[at] - onBlack[at] < 128;
                if (!isPart) continue;
                left = Math.Min(left, x);
                top = Math.Min(top, y);
                right = Math.Max(right, x + 1);
                bottom = Math.Max(bottom, y + 1);
            }
        }

        return (left, top, right, bottom);
    }
}
