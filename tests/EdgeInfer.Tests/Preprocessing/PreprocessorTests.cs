using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>The path as a whole: allocation, changing sources, the fast kernel.</summary>
public sealed class PreprocessorTests
{
    [Theory]
    [InlineData(PixelFormat.Jpeg)]
    [InlineData(PixelFormat.Rgb24)]
    [InlineData(PixelFormat.Bgr24)]
    [InlineData(PixelFormat.Gray8)]
    [InlineData(PixelFormat.Yuyv)]
    [InlineData(PixelFormat.Nv12)]
    [InlineData(PixelFormat.I420)]
    public void Nothing_is_allocated_a_frame_for_any_kernel(PixelFormat format)
    {
        foreach (ResizeKernel kernel in Enum.GetValues<ResizeKernel>())
        {
            PictureInput input = PictureFrames.Input(16, 16, ResizeMode.Letterbox, kernel) with { Type = ElementType.Float32, Layout = TensorLayout.Nchw };
            using PicturePath path = PictureFrames.Path(input);
            if (format == PixelFormat.Jpeg && path.Decoder.JpegDecoderName != "libjpeg-turbo") Assert.Skip("libjpeg-turbo is not installed");
            FrameLease frame = format == PixelFormat.Jpeg
                ? PictureFrames.Lease(TinyPictures.GradientJpeg, format)
                : PictureFrames.Lease(new byte[24 * 16 * 3], format, 24, 16);
            byte[] tensor = new byte[16 * 16 * 3 * 4];
            Process(path, frame, tensor);
            Process(path, frame, tensor);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++) Process(path, frame, tensor);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Fact]
    public void A_refused_frame_allocates_nothing_either()
    {
        using PicturePath path = PictureFrames.Path(PictureFrames.Input(16, 16));
        FrameLease[] frames =
        [
            PictureFrames.Lease(TinyPictures.GradientJpeg.AsSpan(0, 300), PixelFormat.Jpeg),
            PictureFrames.Lease([], PixelFormat.Jpeg),
            PictureFrames.Lease(new byte[5], PixelFormat.Yuyv, 16, 16),
        ];
        byte[] tensor = new byte[16 * 16 * 3];
        StageTimes times = default;
        for (int i = 0; i < 6; i++) Assert.NotEqual(DecodeOutcome.Ok, path.Process(frames[i % frames.Length], tensor, out _, ref times));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 6; i++) _ = path.Process(frames[i % frames.Length], tensor, out _, ref times);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_source_that_changes_its_size_and_format_gives_what_a_new_preprocessor_gives()
    {
        PictureInput input = PictureFrames.Input(31, 17, ResizeMode.Letterbox);
        using PicturePath path = PictureFrames.Path(input);
        byte[] tensor = new byte[31 * 17 * 3];
        Random random = new(9);
        for (int i = 0; i < 40; i++)
        {
            (PixelFormat format, int bytes) = (i % 3) switch { 0 => (PixelFormat.Rgb24, 3), 1 => (PixelFormat.Yuyv, 2), _ => (PixelFormat.Jpeg, 0) };
            (int width, int height) = (2 * random.Next(1, 40), random.Next(1, 40));
            FrameLease frame = format == PixelFormat.Jpeg
                ? PictureFrames.Lease(TinyPictures.GradientJpeg, format)
                : PictureFrames.Lease(PictureFrames.Pixels(width, height, bytes, i), format, width, height);
            StageTimes times = default;
            Assert.Equal(DecodeOutcome.Ok, path.Process(frame, tensor, out PictureGeometry geometry, ref times));
            Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, frame, out byte[] fresh, out PictureGeometry expected));
            Assert.Equal(expected, geometry);
            Assert.Equal(fresh, tensor);
        }
    }

    [Fact]
    public void A_refused_frame_leaves_the_tensor_as_it_was()
    {
        using PicturePath path = PictureFrames.Path(PictureFrames.Input(8, 8));
        byte[] tensor = new byte[8 * 8 * 3];
        Array.Fill(tensor, (byte)77);
        StageTimes times = default;
        FrameLease frame = PictureFrames.Lease(TinyPictures.GradientJpeg.AsSpan(0, 320), PixelFormat.Jpeg);
        Assert.Equal(DecodeOutcome.Truncated, path.Process(frame, tensor, out _, ref times));
        Assert.All(tensor, value => Assert.Equal(77, value));
    }

    [Fact]
    public void The_fast_kernel_stays_near_the_bilinear_one()
    {
        foreach (string file in SharedCases.Files("video", "*.jpg"))
        {
            FrameLease frame = PictureFrames.Lease(File.ReadAllBytes(file), PixelFormat.Jpeg);
            foreach (int size in (int[])[320, 352, 640])
            {
                PictureInput input = PictureFrames.Input(size, size, ResizeMode.Letterbox, ResizeKernel.Area);
                Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, frame, out byte[] area, out PictureGeometry expected));
                Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input with { Kernel = ResizeKernel.Fast }, frame, out byte[] fast, out PictureGeometry geometry));
                Assert.Equal(expected, geometry);
                double mean = area.Zip(fast).Average(pair => Math.Abs(pair.First - pair.Second));
                Assert.InRange(mean, 0, 4);
            }
        }
    }

    private static void Process(PicturePath path, FrameLease frame, byte[] tensor)
    {
        StageTimes times = default;
        if (path.Process(frame, tensor, out _, ref times) != DecodeOutcome.Ok) Assert.Fail("the frame was refused");
    }
}
