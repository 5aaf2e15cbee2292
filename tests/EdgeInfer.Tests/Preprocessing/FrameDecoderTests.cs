using EdgeInfer.Configuration;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>One decoded picture for several models.</summary>
public sealed class FrameDecoderTests
{
    [Fact]
    public void Each_model_gets_from_a_shared_picture_what_it_gets_from_one_of_its_own()
    {
        PictureInput[] inputs =
        [
            PictureFrames.Input(9, 7, ResizeMode.Letterbox), PictureFrames.Input(31, 30, ResizeMode.Stretch, ResizeKernel.BilinearAntialias),
            PictureFrames.Input(5, 5, ResizeMode.Crop, ResizeKernel.Area) with { Color = ChannelOrder.Bgr }, PictureFrames.Input(12, 8, ResizeMode.Stretch, ResizeKernel.Nearest),
        ];
        PictureTurn turn = new(90, false, true, new CropBox(0.1, 0.2, 0.7, 0.8));
        foreach ((byte[] data, PixelFormat format) in Frames())
        {
            FrameLease frame = Lease(data, format);
            using FrameDecoder decoder = Decoder(inputs, turn);
            StageTimes times = default;
            Assert.Equal(DecodeOutcome.Ok, decoder.Decode(frame, ref times));
            foreach (PictureInput input in inputs)
            {
                using Preprocessor preprocessor = new(input, TimeProvider.System);
                byte[] shared = new byte[input.Width * input.Height * 3];
                Assert.Equal(DecodeOutcome.Ok, preprocessor.Process(decoder, shared, out PictureGeometry geometry, ref times));
                using PicturePath alone = new(input, turn);
                byte[] own = new byte[shared.Length];
                Assert.Equal(DecodeOutcome.Ok, alone.Process(frame, own, out PictureGeometry expected, ref times));
                Assert.Equal(expected, geometry);
                Assert.Equal(own, shared);
            }
        }
    }

    [Fact]
    public void A_reduced_scale_and_gray_alone_are_taken_only_where_every_model_does_with_them()
    {
        PictureInput fast = PictureFrames.Input(6, 4, kernel: ResizeKernel.Fast);
        PictureInput gray = PictureFrames.Input(24, 16) with { Color = ChannelOrder.Gray };
        using FrameDecoder probe = Decoder([fast], PictureTurn.None);
        if (probe.JpegDecoderName != "libjpeg-turbo") Assert.Skip("libjpeg-turbo is not installed");
        Assert.Equal((4, PictureLayout.Ycc420), Seen([fast]));
        Assert.Equal(2, Seen([fast, fast with { Width = 12, Height = 8 }]).Divisor);
        Assert.Equal(1, Seen([fast, PictureFrames.Input(6, 4)]).Divisor);
        Assert.Equal((1, PictureLayout.Gray8), Seen([gray, gray]));
        Assert.NotEqual(PictureLayout.Gray8, Seen([gray, fast]).Layout);
    }

    [Fact]
    public void Planes_are_taken_while_few_of_their_rows_are_read()
    {
        PictureInput small = PictureFrames.Input(5, 5);
        using FrameDecoder probe = Decoder([small], PictureTurn.None);
        if (probe.JpegDecoderName != "libjpeg-turbo") Assert.Skip("libjpeg-turbo is not installed");

        // 16 rows: 10 are read for one input of 5 rows, 20 for two.
        Assert.Equal(PictureLayout.Ycc420, Seen([small]).Layout);
        Assert.Equal(PictureLayout.Rgb24, Seen([small, small]).Layout);
        Assert.Equal(PictureLayout.Rgb24, Seen([small with { Kernel = ResizeKernel.Area }]).Layout);
    }

    [Fact]
    public void A_size_that_one_model_refuses_is_decoded_for_the_others()
    {
        PictureInput one = PictureFrames.Input(4, 2, ResizeMode.None);
        PictureInput any = PictureFrames.Input(4, 2);
        FrameLease frame = PictureFrames.Lease(new byte[9], PixelFormat.Gray8, 3, 3);
        StageTimes times = default;
        using (FrameDecoder both = Decoder([any, one], PictureTurn.None))
        {
            using Preprocessor refusing = new(one, TimeProvider.System);
            using Preprocessor taking = new(any, TimeProvider.System);
            Assert.Equal(DecodeOutcome.Ok, both.Decode(frame, ref times));
            Assert.Equal(DecodeOutcome.WrongSize, refusing.Process(both, new byte[24], out _, ref times));
            Assert.Equal(DecodeOutcome.Ok, taking.Process(both, new byte[24], out _, ref times));
            Assert.Contains("the picture is 3x3, the model takes 4x2 only", both.Describe(DecodeOutcome.WrongSize, "cam0").ToString(), StringComparison.Ordinal);
        }

        using FrameDecoder none = Decoder([one, one], PictureTurn.None);
        Assert.Equal(DecodeOutcome.WrongSize, none.Decode(frame, ref times));
    }

    private static FrameDecoder Decoder(PictureInput[] inputs, PictureTurn turn)
        => new(inputs, turn, PreprocessorLimits.Default, TimeProvider.System, NullLogger.Instance);

    private static (int Divisor, PictureLayout Layout) Seen(PictureInput[] inputs)
    {
        using FrameDecoder decoder = Decoder(inputs, PictureTurn.None);
        StageTimes times = default;
        Assert.Equal(DecodeOutcome.Ok, decoder.Decode(PictureFrames.Lease(TinyPictures.GradientJpeg, PixelFormat.Jpeg), ref times));
        return (decoder.View.Divisor, decoder.View.Layout);
    }

    private static FrameLease Lease(byte[] data, PixelFormat format)
        => format == PixelFormat.Jpeg ? PictureFrames.Lease(data, format) : PictureFrames.Lease(data, format, 40, 26);

    private static IEnumerable<(byte[] Data, PixelFormat Format)> Frames()
    {
        yield return (TinyPictures.GradientJpeg, PixelFormat.Jpeg);
        yield return (RawFrames.Noise(PixelFormat.Nv12, 40, 26, 1), PixelFormat.Nv12);
        yield return (RawFrames.Noise(PixelFormat.Yuyv, 40, 26, 2), PixelFormat.Yuyv);
        yield return (RawFrames.Noise(PixelFormat.Rgb24, 40, 26, 3), PixelFormat.Rgb24);
    }
}
