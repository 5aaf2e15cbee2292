using System.Text.Json.Nodes;
using EdgeInfer.Configuration;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>
/// YUV straight to the tensor against the way over RGB: the whole frame converted in floats by the standard's rule with chroma
/// repeated (NumPy), then resized by the kernel's reference. Two grey levels at the tensor, on noise: the worst there is.
/// </summary>
public sealed class YuvTests
{
    private static readonly PixelFormat[] s_formats = [PixelFormat.Yuyv, PixelFormat.Nv12, PixelFormat.I420];
    private static readonly (int Width, int Height, int ToWidth, int ToHeight)[] s_sizes =
        [(64, 48, 64, 48), (2, 2, 3, 3), (130, 98, 37, 29), (34, 6, 70, 11), (320, 180, 88, 50)];

    [Theory]
    [InlineData(YuvColour.Bt601Limited)]
    [InlineData(YuvColour.Bt601Full)]
    [InlineData(YuvColour.Bt709Limited)]
    [InlineData(YuvColour.Bt709Full)]
    public void Every_format_kernel_and_colour_rule_is_within_two_grey_levels_of_the_way_over_RGB(YuvColour colour)
    {
        ResizeKernel[] kernels = [ResizeKernel.Bilinear, ResizeKernel.BilinearAntialias, ResizeKernel.BilinearTf, ResizeKernel.Area, ResizeKernel.Nearest];
        using PythonReference reference = new();
        List<(PixelFormat Format, ResizeKernel Kernel, (int Width, int Height, int ToWidth, int ToHeight) Size, byte[] Data)> cases = [];
        foreach (PixelFormat format in s_formats)
        {
            foreach (ResizeKernel kernel in kernels)
            {
                foreach ((int width, int height, int toWidth, int toHeight) in s_sizes)
                {
                    byte[] data = RawFrames.Noise(format, width, height, cases.Count);
                    cases.Add((format, kernel, (width, height, toWidth, toHeight), data));
                    reference.Add(
                        new JsonObject
                        {
                            ["op"] = "turn", ["format"] = format.ToString(), ["colour"] = colour.ToString(), ["width"] = width, ["height"] = height,
                            ["exif"] = 1, ["rotate"] = 0, ["mirrored"] = false, ["upside_down"] = false, ["crop"] = null,
                            ["kernel"] = kernel.ToString(), ["to_width"] = toWidth, ["to_height"] = toHeight,
                        },
                        data);
                }
            }
        }

        reference.Run();
        for (int i = 0; i < cases.Count; i++)
        {
            (PixelFormat format, ResizeKernel kernel, (int width, int height, int toWidth, int toHeight), byte[] data) = cases[i];
            FrameLease frame = PictureFrames.Lease(data, format, width, height, colour: colour);
            Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(PictureFrames.Input(toWidth, toHeight, kernel: kernel), frame, out byte[] tensor, out _));
            int difference = PictureFrames.Difference(reference.Result(i).AsSpan(8), tensor);
            Assert.True(difference <= 2, $"{format} {kernel} {cases[i].Size}: {difference} grey levels");
        }
    }

    [Fact]
    public void Pure_colours_are_what_the_standards_say_of_them()
    {
        // 75 % colour bars, BT.601 and BT.709 limited, from ITU-R BT.801 and SMPTE RP 219's table of 8-bit levels: red, green, blue.
        (YuvColour Colour, byte Y, byte U, byte V, int R, int G, int B)[] bars =
        [
            (YuvColour.Bt601Limited, 65, 100, 212, 191, 0, 0), (YuvColour.Bt601Limited, 112, 72, 58, 0, 191, 0), (YuvColour.Bt601Limited, 35, 212, 114, 0, 0, 191),
            (YuvColour.Bt709Limited, 51, 109, 212, 191, 0, 0), (YuvColour.Bt709Limited, 133, 63, 52, 0, 191, 0), (YuvColour.Bt709Limited, 28, 212, 120, 0, 0, 191),
            (YuvColour.Bt601Full, 255, 128, 128, 255, 255, 255), (YuvColour.Bt709Full, 0, 128, 128, 0, 0, 0), (YuvColour.Bt601Limited, 235, 128, 128, 255, 255, 255),
        ];
        foreach ((YuvColour colour, byte y, byte u, byte v, int red, int green, int blue) in bars)
        {
            byte[] data = new byte[32 * 2 * 2];
            for (int i = 0; i < data.Length; i += 4) (data[i], data[i + 1], data[i + 2], data[i + 3]) = (y, u, y, v);
            FrameLease frame = PictureFrames.Lease(data, PixelFormat.Yuyv, 32, 2, colour: colour);
            Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(PictureFrames.Input(32, 2), frame, out byte[] tensor, out _));
            Assert.InRange(tensor[0], red - 2, red + 2);
            Assert.InRange(tensor[1], green - 2, green + 2);
            Assert.InRange(tensor[2], blue - 2, blue + 2);
        }
    }

    [Theory]
    [InlineData(PixelFormat.Yuyv)]
    [InlineData(PixelFormat.Nv12)]
    [InlineData(PixelFormat.I420)]
    public void The_fast_kernel_stays_at_the_bilinear_one_s_colours_where_colour_changes_slowly(PixelFormat format)
    {
        foreach (YuvColour colour in Enum.GetValues<YuvColour>())
        {
            foreach ((int width, int height, int to) in ((int, int, int)[])[(320, 180, 88), (322, 182, 200), (160, 90, 160), (90, 160, 40), (64, 64, 96)])
            {
                byte[] data = Slope(format, width, height);
                foreach (PictureTurn turn in Turns())
                {
                    FrameLease frame = PictureFrames.Lease(data, format, width, height, colour: colour);
                    PictureInput input = PictureFrames.Input(to, to, ResizeMode.Letterbox);
                    byte[] exact = Run(input, turn, frame);
                    byte[] fast = Run(input with { Kernel = ResizeKernel.Fast }, turn, frame);
                    int difference = PictureFrames.Difference(exact, fast);
                    double mean = exact.Zip(fast).Average(pair => Math.Abs(pair.First - pair.Second));
                    Assert.True(difference <= 4 && mean <= 1, $"{width}x{height} to {to} {turn} {colour}: {difference} grey levels, {mean:0.00} on average");
                }
            }
        }
    }

    [Fact]
    public void A_turned_and_cut_JPEG_is_reduced_while_decoding_and_stays_in_place()
    {
        using PythonReference writer = new();
        const int Width = 643;
        const int Height = 361;
        byte[] slope = new byte[Width * Height * 3];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
                (slope[(y * Width + x) * 3], slope[(y * Width + x) * 3 + 1], slope[(y * Width + x) * 3 + 2]) = ((byte)(90 + x / 20), (byte)(100 + y / 12), (byte)(150 - x / 16));
        for (int sampling = 0; sampling < 3; sampling++)
            writer.Add(new JsonObject { ["op"] = "encode", ["width"] = Width, ["height"] = Height, ["options"] = new JsonObject { ["subsampling"] = sampling } }, slope);
        writer.Run();
        for (int sampling = 0; sampling < 3; sampling++)
        {
            FrameLease frame = PictureFrames.Lease(writer.Result(sampling), PixelFormat.Jpeg);
            foreach (PictureTurn turn in Turns())
            {
                foreach (int to in (int[])[40, 75, 150])
                {
                    PictureInput input = PictureFrames.Input(to, to, ResizeMode.Letterbox);
                    byte[] exact = Run(input, turn, frame);
                    byte[] fast = Run(input with { Kernel = ResizeKernel.Fast }, turn, frame);
                    int difference = PictureFrames.Difference(exact, fast);
                    Assert.True(difference <= 4, $"{sampling} to {to} {turn}: {difference} grey levels");
                }
            }
        }
    }

    [Fact]
    public void The_fast_kernel_reads_nothing_behind_a_frame()
    {
        // The lease's memory ends with the frame's last byte only where the source's does; what is checked is that other bytes behind it change nothing.
        foreach (PixelFormat format in s_formats)
        {
            foreach ((int width, int height) in ((int, int)[])[(2, 2), (4, 2), (18, 4), (30, 30)])
            {
                byte[] data = RawFrames.Noise(format, width, height, 3);
                foreach (int to in (int[])[2, 7, 30, 64])
                {
                    PictureInput input = PictureFrames.Input(to, to, kernel: ResizeKernel.Fast);
                    byte[] low = Run(input, PictureTurn.None, PictureFrames.Lease([.. data, .. new byte[64]], format, width, height));
                    byte[] behind = new byte[64];
                    Array.Fill(behind, (byte)255);
                    Assert.Equal(low, Run(input, PictureTurn.None, PictureFrames.Lease([.. data, .. behind], format, width, height)));
                }
            }
        }
    }

    private static IEnumerable<PictureTurn> Turns()
    {
        foreach (int degrees in (int[])[0, 90, 180, 270])
            foreach (bool mirrored in (bool[])[false, true])
                foreach (CropBox? crop in (CropBox?[])[null, new(0.21, 0.13, 0.52, 0.61)])
                    yield return new(degrees, mirrored, false, crop);
    }

    private static byte[] Run(PictureInput input, PictureTurn turn, FrameLease frame)
    {
        using PicturePath path = new(input, turn);
        byte[] tensor = new byte[input.Width * input.Height * 3];
        StageTimes times = default;
        Assert.Equal(DecodeOutcome.Ok, path.Process(frame, tensor, out _, ref times));
        return tensor;
    }

    /// <summary>Luma and chroma that rise slowly, each its own way, inside every rule's colours.</summary>
    private static byte[] Slope(PixelFormat format, int width, int height)
    {
        byte[] data = new byte[RawFrames.Length(format, width, height)];
        int chroma = width * height;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                byte luma = (byte)(90 + x * 50 / width + y * 20 / height);
                byte blue = (byte)(114 + (x & ~1) * 20 / width);
                byte red = (byte)(142 - y / 2 * 2 * 20 / height);
                switch (format)
                {
                    case PixelFormat.Yuyv:
                        data[(y * width + x) * 2] = luma;
                        data[(y * width + x) * 2 + 1] = (x & 1) == 0 ? blue : red;
                        break;
                    case PixelFormat.Nv12:
                        data[y * width + x] = luma;
                        data[chroma + y / 2 * width + x] = (x & 1) == 0 ? blue : red;
                        break;
                    default:
                        data[y * width + x] = luma;
                        data[chroma + y / 2 * (width / 2) + x / 2] = blue;
                        data[chroma * 5 / 4 + y / 2 * (width / 2) + x / 2] = red;
                        break;
                }
            }
        }

        return data;
    }
}
