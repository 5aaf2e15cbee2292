using System.Buffers.Binary;
using System.Text.Json.Nodes;
using EdgeInfer.Configuration;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>EXIF orientation, rotate, flip and crop against NumPy's rot90, reversed slices and slices, then the kernel's own reference.</summary>
public sealed class PictureTurnTests
{
    private static readonly CropBox s_odd = new(0.21, 0.13, 0.52, 0.61);

    [Theory]
    [InlineData(nameof(ResizeKernel.Bilinear))]
    [InlineData(nameof(ResizeKernel.BilinearAntialias))]
    [InlineData(nameof(ResizeKernel.BilinearTf))]
    [InlineData(nameof(ResizeKernel.Area))]
    [InlineData(nameof(ResizeKernel.Nearest))]
    public void Every_way_to_turn_and_cut_a_picture_is_within_one_grey_level_of_NumPy_and_the_kernel_s_reference(string kernel)
    {
        List<Case> cases = [];
        foreach ((int width, int height, int toWidth, int toHeight) in ((int, int, int, int)[])[(67, 41, 29, 31), (40, 66, 53, 18), (31, 31, 31, 31)])
            foreach (PictureTurn turn in Turns()) cases.Add(new(PixelFormat.Rgb24, width, height, toWidth, toHeight, turn, 1));
        Compare(Enum.Parse<ResizeKernel>(kernel), cases, 1);
    }

    [Theory]
    [InlineData(PixelFormat.Yuyv)]
    [InlineData(PixelFormat.Nv12)]
    [InlineData(PixelFormat.I420)]
    [InlineData(PixelFormat.Gray8)]
    [InlineData(PixelFormat.Bgr24)]
    public void A_raw_frame_turned_and_cut_at_odd_pixels_has_the_colours_of_the_whole(PixelFormat format)
    {
        List<Case> cases = [];
        foreach (PictureTurn turn in Turns()) cases.Add(new(format, 70, 46, 70, 46, turn, 1));
        foreach (PictureTurn turn in Turns()) cases.Add(new(format, 84, 58, 21, 30, turn, 1));
        Compare(ResizeKernel.Nearest, cases, 2);
        Compare(ResizeKernel.Bilinear, cases, 2);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_JPEG_s_own_orientation_comes_before_the_source_s_turn(int sampling)
    {
        List<Case> cases = [];
        PictureTurn[] turns = [.. Turns()];

        // Every orientation with a fifth of the turns, another fifth each time.
        for (int exif = 1; exif <= 8; exif++)
            foreach (PictureTurn turn in turns.Where((_, i) => i % 5 == exif % 5)) cases.Add(new(PixelFormat.Jpeg, 83, 61, exif % 2 == 0 ? 20 : 71, 17, turn, exif) { Sampling = sampling });
        Compare(ResizeKernel.Bilinear, cases, 1);
        Compare(ResizeKernel.Area, cases, 1);
    }

    [Fact]
    public void Pictures_of_one_or_two_pixels_keep_at_least_one()
    {
        List<Case> cases = [];
        PictureTurn[] turns = [.. Turns().Where(static t => t.Crop is null)];
        foreach ((int width, int height) in ((int, int)[])[(1, 1), (2, 1), (1, 3), (2, 2)])
            foreach (PictureTurn turn in turns) cases.Add(new(PixelFormat.Rgb24, width, height, 3, 2, turn, 1));
        Compare(ResizeKernel.Bilinear, cases, 1);

        using PicturePath path = new(PictureFrames.Input(3, 2), PictureTurn.None with { Crop = new(0.99, 0.5, 0.01, 0.01) });
        StageTimes times = default;
        Assert.Equal(DecodeOutcome.Ok, path.Process(PictureFrames.Lease([1, 2, 3, 4], PixelFormat.Gray8, 2, 2), new byte[18], out PictureGeometry geometry, ref times));
        Assert.Equal((1, 1), (geometry.SourceWidth, geometry.SourceHeight));
    }

    [Fact]
    public void The_picture_to_draw_on_is_turned_and_cut_alike()
    {
        foreach (PictureTurn turn in Turns())
        {
            foreach ((byte[] data, PixelFormat format, int width, int height) in Frames())
            {
                FrameLease frame = PictureFrames.Lease(data, format, width, height);
                using PicturePath probe = new(PictureFrames.Input(8, 8), turn);
                Assert.Equal(DecodeOutcome.Ok, probe.Picture(frame, out DecodedPicture? picture));
                using PicturePath path = new(PictureFrames.Input(picture!.Width, picture.Height, ResizeMode.None, ResizeKernel.Nearest), turn);
                byte[] tensor = new byte[picture.Rgb.Length];
                StageTimes times = default;
                Assert.Equal(DecodeOutcome.Ok, path.Process(frame, tensor, out _, ref times));
                Assert.Equal(picture.Rgb, tensor);
            }
        }
    }

    [Fact]
    public void A_point_of_the_tensor_returns_to_the_upright_pixel_it_was_computed_from()
    {
        // One bright pixel in a dark picture, scaled up by a whole factor: the tensor's bright block says where it went.
        const int Width = 12;
        const int Height = 8;
        foreach (PictureTurn turn in Turns())
        {
            for (int at = 0; at < Width * Height; at += 5)
            {
                byte[] data = new byte[Width * Height];
                data[at] = 255;
                FrameLease frame = PictureFrames.Lease(data, PixelFormat.Gray8, Width, Height);
                using PicturePath probe = new(PictureFrames.Input(8, 8), turn);
                Assert.Equal(DecodeOutcome.Ok, probe.Picture(frame, out DecodedPicture? upright));
                int pixel = Array.IndexOf(upright!.Rgb, (byte)255) / 3;
                if (!upright.Rgb.Contains((byte)255)) continue;
                int side = 3 * Math.Max(upright.Width, upright.Height);
                PictureInput input = PictureFrames.Input(side, side, ResizeMode.Letterbox, ResizeKernel.Nearest);
                using PicturePath path = new(input with { Pad = 0 }, turn);
                byte[] tensor = new byte[side * side * 3];
                StageTimes times = default;
                Assert.Equal(DecodeOutcome.Ok, path.Process(frame, tensor, out PictureGeometry geometry, ref times));
                Assert.Equal((upright.Width, upright.Height), (geometry.SourceWidth, geometry.SourceHeight));
                Assert.Contains((byte)255, tensor);
                for (int i = 0; i < side * side; i++)
                {
                    if (tensor[i * 3] != 255) continue;
                    Assert.Equal(pixel % upright.Width, (int)geometry.ToSourceX(i % side + 0.5f));
                    Assert.Equal(pixel / upright.Width, (int)geometry.ToSourceY(i / side + 0.5f));
                }
            }
        }
    }

    [Fact]
    public void A_turned_frame_allocates_nothing()
    {
        foreach (ResizeKernel kernel in Enum.GetValues<ResizeKernel>())
        {
            using PicturePath path = new(PictureFrames.Input(16, 16, ResizeMode.Letterbox, kernel), new PictureTurn(90, true, false, s_odd));
            FrameLease frame = PictureFrames.Lease(new byte[64 * 48 * 3 / 2], PixelFormat.Nv12, 64, 48);
            byte[] tensor = new byte[16 * 16 * 3];
            StageTimes times = default;
            for (int i = 0; i < 2; i++) path.Process(frame, tensor, out _, ref times);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++) path.Process(frame, tensor, out _, ref times);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    private static IEnumerable<PictureTurn> Turns()
    {
        foreach (int degrees in (int[])[0, 90, 180, 270])
            foreach ((bool mirrored, bool upsideDown) in ((bool, bool)[])[(false, false), (true, false), (false, true), (true, true)])
                foreach (CropBox? crop in (CropBox?[])[null, s_odd, new(0.5, 0, 0.5, 1)])
                    yield return new(degrees, mirrored, upsideDown, crop);
    }

    private static IEnumerable<(byte[] Data, PixelFormat Format, int Width, int Height)> Frames()
    {
        yield return (TinyPictures.GradientJpeg, PixelFormat.Jpeg, 0, 0);
        yield return (PictureFrames.Pixels(22, 15, 3, 1), PixelFormat.Rgb24, 22, 15);
        yield return (PictureFrames.Pixels(22, 14, 2, 2), PixelFormat.Yuyv, 22, 14);
        yield return (PictureFrames.Pixels(22, 21, 1, 3), PixelFormat.Nv12, 22, 14);
        yield return (PictureFrames.Pixels(22, 21, 1, 4), PixelFormat.I420, 22, 14);
    }

    private static byte[][] Encoded(List<Case> cases)
    {
        using PythonReference writer = new();
        foreach (Case c in cases)
        {
            JsonObject options = new() { ["subsampling"] = c.Sampling };
            writer.Add(
                new JsonObject { ["op"] = "encode", ["width"] = c.Width, ["height"] = c.Height, ["orientation"] = c.Exif, ["options"] = options },
                PictureFrames.Pixels(c.Width, c.Height, 3, 1));
        }

        writer.Run();
        return [.. Enumerable.Range(0, cases.Count).Select(writer.Result)];
    }

    private static void Compare(ResizeKernel kernel, List<Case> cases, int tolerance)
    {
        bool isJpeg = cases[0].Format == PixelFormat.Jpeg;
        byte[][] frames = isJpeg ? Encoded(cases) : [.. cases.Select(static (c, i) => RawFrames.Noise(c.Format, c.Width, c.Height, i))];
        using PythonReference reference = new();
        for (int i = 0; i < cases.Count; i++) reference.Add(cases[i].Parameters(kernel), frames[i]);
        reference.Run();
        for (int i = 0; i < cases.Count; i++)
        {
            Case c = cases[i];
            using PicturePath path = new(PictureFrames.Input(c.ToWidth, c.ToHeight, ResizeMode.Stretch, kernel), c.Turn);
            byte[] tensor = new byte[c.ToWidth * c.ToHeight * 3];
            StageTimes times = default;
            FrameLease frame = PictureFrames.Lease(frames[i], c.Format, isJpeg ? 0 : c.Width, isJpeg ? 0 : c.Height);
            Assert.Equal(DecodeOutcome.Ok, path.Process(frame, tensor, out PictureGeometry geometry, ref times));
            byte[] expected = reference.Result(i);
            Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(expected), geometry.SourceWidth);
            Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(expected.AsSpan(4)), geometry.SourceHeight);
            int difference = PictureFrames.Difference(expected.AsSpan(8), tensor);
            Assert.True(difference <= tolerance, $"{kernel} {c}: {difference} grey levels");
        }
    }

    private sealed record Case(PixelFormat Format, int Width, int Height, int ToWidth, int ToHeight, PictureTurn Turn, int Exif)
    {
        /// <summary>Pillow's number of a JPEG's chroma sampling: 4:4:4, 4:2:2, 4:2:0.</summary>
        public int Sampling { get; init; }

        public JsonObject Parameters(ResizeKernel kernel) => new()
        {
            ["op"] = "turn",
            ["format"] = Format.ToString(),
            ["colour"] = nameof(YuvColour.Bt601Limited),
            ["width"] = Width,
            ["height"] = Height,
            ["exif"] = Exif,
            ["rotate"] = Turn.RotateDegrees,
            ["mirrored"] = Turn.IsMirrored,
            ["upside_down"] = Turn.IsUpsideDown,
            ["crop"] = Turn.Crop is { } box ? new JsonArray(box.X, box.Y, box.Width, box.Height) : null,
            ["kernel"] = kernel.ToString(),
            ["to_width"] = ToWidth,
            ["to_height"] = ToHeight,
        };
    }
}
