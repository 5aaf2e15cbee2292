using System.Text.Json.Nodes;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Raw formats against OpenCV's cvtColor, with and without gaps between rows.</summary>
public sealed class RawFrameTests
{
    [Theory]
    [InlineData(PixelFormat.Yuyv)]
    [InlineData(PixelFormat.Nv12)]
    [InlineData(PixelFormat.I420)]
    public void YUV_is_within_two_grey_levels_of_cvtColor(PixelFormat format)
    {
        using PythonReference reference = new();
        (int Width, int Height)[] sizes = [(64, 48), (2, 2), (34, 6), (66, 10), (640, 480)];
        List<byte[]> frames = [];
        foreach ((int width, int height) in sizes)
        {
            byte[] data = new byte[width * height * (format == PixelFormat.Yuyv ? 4 : 3) / 2];
            new Random(width).NextBytes(data);
            frames.Add(data);
            reference.Add(new JsonObject { ["op"] = "convert", ["format"] = format.ToString(), ["width"] = width, ["height"] = height }, data);
        }

        reference.Run();
        for (int i = 0; i < sizes.Length; i++)
        {
            (int width, int height) = sizes[i];
            byte[] tensor = AsPixels(frames[i], format, width, height, 0);
            Assert.InRange(PictureFrames.Difference(reference.Result(i), tensor), 0, 2);
        }
    }

    [Theory]
    [InlineData(PixelFormat.Rgb24, 3)]
    [InlineData(PixelFormat.Gray8, 1)]
    [InlineData(PixelFormat.Yuyv, 2)]
    public void A_gap_between_rows_changes_nothing_and_may_be_missing_after_the_last(PixelFormat format, int pixelBytes)
    {
        const int Width = 38;
        const int Height = 9;
        byte[] tight = new byte[Width * Height * pixelBytes];
        new Random(1).NextBytes(tight);
        int row = Width * pixelBytes;
        int stride = row + 13;
        byte[] gapped = new byte[stride * (Height - 1) + row];
        for (int y = 0; y < Height; y++) tight.AsSpan(y * row, row).CopyTo(gapped.AsSpan(y * stride));
        Assert.Equal(AsPixels(tight, format, Width, Height, 0), AsPixels(gapped, format, Width, Height, stride));
    }

    [Fact]
    public void A_gap_between_rows_of_planes_holds_for_chroma_too()
    {
        const int Width = 20;
        const int Height = 6;
        foreach (PixelFormat format in (PixelFormat[])[PixelFormat.Nv12, PixelFormat.I420])
        {
            byte[] tight = new byte[Width * Height * 3 / 2];
            new Random(2).NextBytes(tight);
            const int Stride = 32;
            byte[] gapped = new byte[Stride * Height * 3 / 2];
            int at = 0;
            for (int y = 0; y < Height; y++, at += Width) tight.AsSpan(at, Width).CopyTo(gapped.AsSpan(y * Stride));
            int chromaRow = format == PixelFormat.Nv12 ? Width : Width / 2;
            int chromaStride = format == PixelFormat.Nv12 ? Stride : Stride / 2;
            for (int y = 0; at < tight.Length; y++, at += chromaRow) tight.AsSpan(at, chromaRow).CopyTo(gapped.AsSpan(Stride * Height + y * chromaStride));
            Assert.Equal(AsPixels(tight, format, Width, Height, 0), AsPixels(gapped, format, Width, Height, Stride));
        }
    }

    [Fact]
    public void Blue_first_and_gray_frames_become_RGB()
    {
        Assert.Equal(new byte[] { 3, 2, 1, 6, 5, 4 }, AsPixels([1, 2, 3, 4, 5, 6], PixelFormat.Bgr24, 2, 1, 0));
        Assert.Equal(new byte[] { 7, 7, 7, 9, 9, 9 }, AsPixels([7, 9], PixelFormat.Gray8, 2, 1, 0));
    }

    [Theory]
    [InlineData(PixelFormat.Rgb24, 4 * 4 * 3)]
    [InlineData(PixelFormat.Gray8, 4 * 4)]
    [InlineData(PixelFormat.Yuyv, 4 * 4 * 2)]
    [InlineData(PixelFormat.Nv12, 4 * 4 * 3 / 2)]
    [InlineData(PixelFormat.I420, 4 * 4 * 3 / 2)]
    public void A_frame_that_lacks_one_byte_is_truncated(PixelFormat format, int length)
    {
        PictureInput input = PictureFrames.Input(4, 4);
        Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, PictureFrames.Lease(new byte[length], format, 4, 4), out _, out _));
        Assert.Equal(DecodeOutcome.Truncated, PictureFrames.Run(input, PictureFrames.Lease(new byte[length - 1], format, 4, 4), out _, out _));
    }

    [Fact]
    public void A_frame_without_a_size_or_of_no_format_is_refused()
    {
        PictureInput input = PictureFrames.Input(4, 4);
        Assert.Equal(DecodeOutcome.Corrupt, PictureFrames.Run(input, PictureFrames.Lease(new byte[99], PixelFormat.Gray8), out _, out _));
        Assert.Equal(DecodeOutcome.Unsupported, PictureFrames.Run(input, PictureFrames.Lease(new byte[99], PixelFormat.None, 4, 4), out _, out _));
        Assert.Equal(DecodeOutcome.Corrupt, PictureFrames.Run(input, PictureFrames.Lease(new byte[99], PixelFormat.Gray8, 8, 8, 3), out _, out _));
        Assert.Equal(DecodeOutcome.TooLarge, PictureFrames.Run(input, PictureFrames.Lease(new byte[99], PixelFormat.Gray8, 40000, 40000), out _, out _));
    }

    private static byte[] AsPixels(byte[] data, PixelFormat format, int width, int height, int stride)
    {
        FrameLease frame = PictureFrames.Lease(data, format, width, height, stride);
        PictureInput input = PictureFrames.Input(width, height, ResizeMode.None, ResizeKernel.Nearest);
        Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, frame, out byte[] tensor, out _));
        return tensor;
    }
}
