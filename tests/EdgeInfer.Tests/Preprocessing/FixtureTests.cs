using System.Globalization;
using System.Runtime.CompilerServices;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>The references' results as make_fixtures.py stored them: the core is proven where there is no Python.</summary>
public sealed class FixtureTests
{
    [Fact]
    public void Kernels_and_raw_formats_give_what_OpenCV_and_Pillow_gave()
    {
        string[] lines = File.ReadAllLines(Fixtures());
        Assert.Equal(23, lines.Length);
        foreach (string line in lines)
        {
            string[] fields = line.Split(' ');
            int[] sizes = [.. fields[2..6].Select(f => int.Parse(f, CultureInfo.InvariantCulture))];
            byte[] data = Convert.FromBase64String(fields[6]);
            byte[] expected = Convert.FromBase64String(fields[7]);
            bool isResize = fields[0] == "resize";
            PixelFormat format = isResize ? PixelFormat.Rgb24 : Enum.Parse<PixelFormat>(fields[1]);
            ResizeKernel kernel = isResize ? Enum.Parse<ResizeKernel>(fields[1]) : ResizeKernel.Nearest;
            FrameLease frame = PictureFrames.Lease(data, format, sizes[0], sizes[1]);
            Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(PictureFrames.Input(sizes[2], sizes[3], kernel: kernel), frame, out byte[] tensor, out _));
            int difference = PictureFrames.Difference(expected, tensor);
            Assert.True(difference <= (isResize ? 1 : 2), $"{fields[0]} {fields[1]} {sizes[0]}x{sizes[1]}: {difference} grey levels");
        }
    }

    private static string Fixtures([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "fixtures.txt");
}
