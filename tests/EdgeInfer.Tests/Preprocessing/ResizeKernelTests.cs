using System.Text.Json.Nodes;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Each kernel against the implementation it is named after.</summary>
public sealed class ResizeKernelTests
{
    private static readonly (int Width, int Height, int ToWidth, int ToHeight)[] s_chosen =
    [
        (640, 480, 320, 240), (320, 240, 640, 480), (1280, 720, 352, 198), (100, 100, 100, 100), (1, 37, 8, 5), (41, 1, 7, 9), (1, 1, 5, 5),
        (300, 200, 100, 100), (300, 200, 75, 50), (640, 360, 640, 200), (97, 61, 31, 200), (500, 333, 3, 2), (64, 64, 63, 65), (16, 9, 1, 1), (4000, 6, 5, 3), (6, 3000, 3, 2),
    ];

    [Theory]
    [InlineData(nameof(ResizeKernel.Bilinear))]
    [InlineData(nameof(ResizeKernel.BilinearAntialias))]
    [InlineData(nameof(ResizeKernel.BilinearTf))]
    [InlineData(nameof(ResizeKernel.Area))]
    [InlineData(nameof(ResizeKernel.Nearest))]
    public void A_kernel_is_within_one_grey_level_of_its_reference_at_any_size(string name)
    {
        ResizeKernel kernel = Enum.Parse<ResizeKernel>(name);
        Random random = new(20);
        using PythonReference reference = new();
        List<(byte[] Pixels, int Width, int Height, int ToWidth, int ToHeight)> cases = [];
        for (int i = 0; i < 90; i++)
        {
            (int width, int height, int toWidth, int toHeight) = i < s_chosen.Length
                ? s_chosen[i]
                : (random.Next(1, 400), random.Next(1, 300), random.Next(1, 400), random.Next(1, 300));
            byte[] pixels = PictureFrames.Pixels(width, height, 3, i);
            cases.Add((pixels, width, height, toWidth, toHeight));
            reference.Add(
                new JsonObject { ["op"] = "resize", ["kernel"] = name, ["width"] = width, ["height"] = height, ["to_width"] = toWidth, ["to_height"] = toHeight },
                pixels);
        }

        reference.Run();
        long differing = 0;
        for (int i = 0; i < cases.Count; i++)
        {
            (byte[] pixels, int width, int height, int toWidth, int toHeight) = cases[i];
            FrameLease frame = PictureFrames.Lease(pixels, PixelFormat.Rgb24, width, height);
            Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(PictureFrames.Input(toWidth, toHeight, kernel: kernel), frame, out byte[] tensor, out _));
            byte[] expected = reference.Result(i);
            int difference = PictureFrames.Difference(expected, tensor);
            int tolerance = kernel == ResizeKernel.BilinearTf ? 0 : 1;
            Assert.True(difference <= tolerance, $"{width}x{height} to {toWidth}x{toHeight}: {difference} grey levels");
            differing += tensor.Zip(expected).Count(pair => pair.First != pair.Second);
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {differing} of {cases.Sum(c => c.ToWidth * c.ToHeight * 3)} values differ by one");
    }
}
