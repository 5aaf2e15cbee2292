using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Where pictures go in the tensor, and back.</summary>
public sealed class FitTests
{
    [Theory]
    [InlineData(ResizeMode.Letterbox, 640, 640)]
    [InlineData(ResizeMode.Letterbox, 352, 288)]
    [InlineData(ResizeMode.LetterboxTopLeft, 416, 416)]
    [InlineData(ResizeMode.Crop, 224, 224)]
    public void Ten_thousand_sizes_are_placed_as_the_original_places_them(ResizeMode mode, int width, int height)
    {
        int[] sizes = Sizes(10_000);
        using PythonReference reference = new();
        reference.Add(new JsonObject { ["op"] = "geometry", ["mode"] = mode.ToString(), ["to_width"] = width, ["to_height"] = height }, MemoryMarshal.AsBytes<int>(sizes));
        reference.Run();
        ReadOnlySpan<int> expected = MemoryMarshal.Cast<byte, int>(reference.Result(0));
        PictureInput input = PictureFrames.Input(width, height, mode);
        for (int i = 0; i < sizes.Length / 2; i++)
        {
            PictureGeometry geometry = Fit.Of(input, sizes[2 * i], sizes[2 * i + 1]);
            int[] placed = [geometry.ScaledWidth, geometry.ScaledHeight, geometry.PadLeft, geometry.PadTop];
            Assert.True(expected.Slice(4 * i, 4).SequenceEqual(placed), $"{sizes[2 * i]}x{sizes[2 * i + 1]}: {string.Join(' ', placed)}, not {string.Join(' ', expected.Slice(4 * i, 4).ToArray())}");
        }
    }

    [Theory]
    [InlineData(ResizeMode.Letterbox)]
    [InlineData(ResizeMode.LetterboxTopLeft)]
    [InlineData(ResizeMode.Stretch)]
    [InlineData(ResizeMode.Crop)]
    public void A_point_goes_to_the_tensor_and_back_within_half_a_pixel(ResizeMode mode)
    {
        int[] sizes = Sizes(10_000);
        Random random = new(7);
        PictureInput input = PictureFrames.Input(640, 640, mode);
        for (int i = 0; i < sizes.Length / 2; i++)
        {
            int width = sizes[2 * i];
            int height = sizes[2 * i + 1];
            PictureGeometry geometry = Fit.Of(input, width, height);
            Assert.InRange(geometry.ScaledWidth, 1, mode == ResizeMode.Crop ? int.MaxValue : 640);
            Assert.InRange(geometry.ScaledHeight, 1, mode == ResizeMode.Crop ? int.MaxValue : 640);
            double x = random.NextDouble() * width;
            double y = random.NextDouble() * height;

            // The pixel grid itself: source edges land on the edges of the scaled picture.
            double tensorX = x * geometry.ScaledWidth / width + geometry.PadLeft;
            double tensorY = y * geometry.ScaledHeight / height + geometry.PadTop;
            Assert.InRange(geometry.ToSourceX((float)tensorX) - x, -0.5, 0.5);
            Assert.InRange(geometry.ToSourceY((float)tensorY) - y, -0.5, 0.5);
        }
    }

    [Theory]
    [InlineData(ResizeMode.Letterbox, ResizeKernel.Bilinear)]
    [InlineData(ResizeMode.LetterboxTopLeft, ResizeKernel.Bilinear)]
    [InlineData(ResizeMode.Crop, ResizeKernel.BilinearAntialias)]
    public void Pixels_and_pad_are_those_of_the_original(ResizeMode mode, ResizeKernel kernel)
    {
        (int Width, int Height)[] sizes = [(377, 157), (100, 301), (96, 96), (97, 96), (1, 50), (60, 1), (31, 30), (200, 199)];
        using PythonReference reference = new();
        for (int i = 0; i < sizes.Length; i++)
        {
            reference.Add(
                new JsonObject { ["op"] = "fit", ["mode"] = mode.ToString(), ["width"] = sizes[i].Width, ["height"] = sizes[i].Height, ["to_width"] = 96, ["to_height"] = 96 },
                PictureFrames.Pixels(sizes[i].Width, sizes[i].Height, 3, i));
        }

        reference.Run();
        for (int i = 0; i < sizes.Length; i++)
        {
            FrameLease frame = PictureFrames.Lease(PictureFrames.Pixels(sizes[i].Width, sizes[i].Height, 3, i), PixelFormat.Rgb24, sizes[i].Width, sizes[i].Height);
            Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(PictureFrames.Input(96, 96, mode, kernel), frame, out byte[] tensor, out _));
            Assert.InRange(PictureFrames.Difference(reference.Result(i), tensor), 0, 1);
        }
    }

    [Fact]
    public void An_odd_pad_puts_its_smaller_half_first()
    {
        // Ultralytics' LetterBox of 640x427 to 640: 213 rows are left, 106 above and 107 below.
        PictureGeometry geometry = Fit.Of(PictureFrames.Input(640, 640, ResizeMode.Letterbox), 640, 427);
        Assert.Equal((640, 427, 0, 106), (geometry.ScaledWidth, geometry.ScaledHeight, geometry.PadLeft, geometry.PadTop));
    }

    [Fact]
    public void A_model_of_one_size_refuses_every_other_and_says_the_cure()
    {
        using PicturePath path = PictureFrames.Path(PictureFrames.Input(4, 2, ResizeMode.None));
        EdgeInfer.Results.StageTimes times = default;
        DecodeOutcome outcome = path.Process(PictureFrames.Lease(new byte[9], PixelFormat.Gray8, 3, 3), new byte[24], out _, ref times);
        Assert.Equal(DecodeOutcome.WrongSize, outcome);
        Assert.Equal(
            "cam0: the picture is 3x3, the model takes 4x2 only (resize: none); give it that size, or set another input.resize in model.yaml",
            path.Describe(outcome, "cam0").ToString());
    }

    private static int[] Sizes(int count)
    {
        Random random = new(11);
        int[] sizes = new int[2 * count];
        for (int i = 0; i < count; i++)
        {
            (sizes[2 * i], sizes[2 * i + 1]) = i switch
            {
                0 => (3775, 1571),
                < 200 => (1, random.Next(1, 20_000)),
                < 400 => (random.Next(1, 20_000), 1),
                < 1000 => (random.Next(1, 20), random.Next(1, 20)),
                _ => (random.Next(1, 8192), random.Next(1, 8192)),
            };
        }

        return sizes;
    }
}
