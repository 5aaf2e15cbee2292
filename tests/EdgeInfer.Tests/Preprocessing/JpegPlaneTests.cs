using System.Text.Json.Nodes;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Chroma interpolation and colour conversion of single rows against libjpeg's own, through Pillow.</summary>
public sealed class JpegPlaneTests
{
    [Fact]
    public void Rows_made_from_planes_are_those_of_libjpeg_bit_for_bit()
    {
        Random random = new(3);
        using PythonReference writer = new();
        List<(int Width, int Height)> sizes = [];
        for (int i = 0; i < 45; i++)
        {
            // Few columns and rows first, where every pixel is an edge.
            (int width, int height) = i < 15 ? (1 + i % 5, 1 + i / 5) : (random.Next(1, 150), random.Next(1, 90));
            sizes.Add((width, height));
            writer.Add(
                new JsonObject
                {
                    ["op"] = "encode",
                    ["width"] = width,
                    ["height"] = height,
                    ["options"] = new JsonObject { ["subsampling"] = i % 3, ["progressive"] = i % 7 == 0 },
                    ["rename"] = i % 7 == 3,
                },
                PictureFrames.Pixels(width, height, 3, i));
        }

        writer.Run();
        using PythonReference reader = new();
        for (int i = 0; i < sizes.Count; i++) reader.Add(new JsonObject { ["op"] = "decode" }, writer.Result(i));
        reader.Run();
        for (int i = 0; i < sizes.Count; i++)
        {
            (int width, int height) = sizes[i];
            FrameLease frame = PictureFrames.Lease(writer.Result(i), PixelFormat.Jpeg);
            PictureInput input = PictureFrames.Input(width, height, kernel: ResizeKernel.Nearest);
            Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, frame, out byte[] tensor, out _));
            int difference = PictureFrames.Difference(reader.Result(i).AsSpan(8), tensor);
            Assert.True(difference == 0, $"{width}x{height}, subsampling {i % 3}: {difference} grey levels");
        }
    }

    [Fact]
    public void The_committed_JPEG_is_decoded_as_Pillow_decoded_it()
    {
        FrameLease frame = PictureFrames.Lease(TinyPictures.GradientJpeg, PixelFormat.Jpeg);
        PictureInput input = PictureFrames.Input(24, 16, kernel: ResizeKernel.Nearest);
        Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, frame, out byte[] tensor, out _));
        Assert.Equal(TinyPictures.GradientRgb, tensor);
    }
}
