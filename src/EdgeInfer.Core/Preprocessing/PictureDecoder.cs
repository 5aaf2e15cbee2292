using EdgeInfer.Preprocessing.Interop;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// From a frame's bytes to an upright picture in memory. Raw frames are not copied: the view is on the frame's own bytes.
/// Used by one thread.
/// </summary>
internal sealed unsafe class PictureDecoder : IDisposable
{
    private readonly PreprocessorLimits _limits;
    private readonly TurboJpegDecoder? _turbo;
    private readonly NativeBuffer _stored = new();
    private readonly NativeBuffer _upright = new();
    private ImageSharpDecoder? _imageSharp;

    /// <summary>Prepares the decoders; no picture memory is taken yet.</summary>
    public PictureDecoder(PreprocessorLimits limits)
    {
        _limits = limits;
        _turbo = TurboJpegDecoder.TryCreate();
    }

    /// <summary>Who decodes JPEG: <c>libjpeg-turbo</c>, or <c>ImageSharp</c> where that is not installed.</summary>
    public string JpegDecoderName => _turbo is null ? "ImageSharp" : "libjpeg-turbo";

    /// <summary>Whether libjpeg-turbo is there.</summary>
    public bool IsTurbo => _turbo is not null;

    private ImageSharpDecoder ImageSharp => _imageSharp ??= new ImageSharpDecoder();

    /// <summary>Reads what the picture is, and refuses what the limits forbid; allocates no picture memory.</summary>
    public DecodeOutcome ReadHead(in FrameInfo info, ReadOnlySpan<byte> data, out PictureHead head)
    {
        head = default;
        if (data.IsEmpty) return DecodeOutcome.Empty;
        DecodeOutcome outcome = info.Format is PixelFormat.Jpeg or PixelFormat.PictureFile
            ? ReadFileHead(data, out head)
            : RawFrame.ReadHead(info, data, out head);
        return outcome != DecodeOutcome.Ok ? outcome : IsWithinLimits(head) ? DecodeOutcome.Ok : DecodeOutcome.TooLarge;
    }

    /// <summary>Decodes a picture whose head was read with success.</summary>
    /// <param name="info">The frame's facts.</param>
    /// <param name="data">The frame's bytes.</param>
    /// <param name="head">Its head.</param>
    /// <param name="isGray">Whether luma alone will do.</param>
    /// <param name="smallest">Upright size below which a reduced scale must not go; (0, 0) asks for the full picture.</param>
    /// <param name="view">The upright picture, valid until the next call or until the frame is returned.</param>
    public DecodeOutcome Decode(in FrameInfo info, ReadOnlySpan<byte> data, in PictureHead head, bool isGray, (int Width, int Height) smallest, out PictureView view)
    {
        view = default;
        if (head.Format is not (PixelFormat.Jpeg or PixelFormat.PictureFile)) return RawFrame.Read(info, data, head, out view);
        if (head.Format == PixelFormat.Jpeg && _turbo is not null)
        {
            if (head.Components == 4) return DecodeCmyk(data, head, out view);
            int divisor = Divisor(head, smallest);
            return DecodeJpeg(data, head, isGray, divisor, out view);
        }

        byte* pixels = _stored.Take((long)head.Width * head.Height * 3);
        DecodeOutcome outcome = ImageSharp.Decode(data, head, pixels);
        if (outcome == DecodeOutcome.Ok) view = Finish(pixels, head.Width, head.Height, 3, head.Orientation);
        return outcome;
    }

    /// <summary>What the decoder said of the last picture; empty where it said nothing.</summary>
    public string LastMessage(PixelFormat format) => format switch
    {
        PixelFormat.Jpeg when _turbo is not null => _turbo.LastMessage,
        PixelFormat.Jpeg or PixelFormat.PictureFile => _imageSharp?.LastMessage ?? "",
        _ => "",
    };

    /// <summary>Frees decoders and picture memory.</summary>
    public void Dispose()
    {
        _turbo?.Dispose();
        _stored.Dispose();
        _upright.Dispose();
    }

    private DecodeOutcome ReadFileHead(ReadOnlySpan<byte> data, out PictureHead head)
        => JpegHeader.IsJpeg(data) ? JpegHeader.Read(data, out head) : ImageSharp.ReadHead(data, out head);

    private bool IsWithinLimits(in PictureHead head)
    {
        long pixels = (long)head.Width * head.Height;
        if (pixels > _limits.MaxPixels) return false;
        long bytes = pixels * 3;
        if (head.Orientation != 1) bytes += pixels * 3;

        // A progressive JPEG keeps two bytes a coefficient and component; CMYK takes a copy of four bytes a pixel; ImageSharp its own picture.
        if (head.IsProgressive) bytes += pixels * 2 * head.Components;
        if (head.Components == 4) bytes += pixels * 4;
        if (head.Format == PixelFormat.PictureFile || _turbo is null) bytes += pixels * 4;
        return bytes <= _limits.MaxBytes;
    }

    /// <summary>The strongest reduction by the DCT (1, 2, 4 or 8) that stays at or above the size wanted.</summary>
    private static int Divisor(in PictureHead head, (int Width, int Height) smallest)
    {
        if (smallest.Width == 0) return 1;
        int divisor = 8;
        while (divisor > 1 && (Reduced(head.UprightWidth, divisor) < smallest.Width || Reduced(head.UprightHeight, divisor) < smallest.Height)) divisor /= 2;
        return divisor;
    }

    private static int Reduced(int size, int divisor) => (size + divisor - 1) / divisor;

    private DecodeOutcome DecodeJpeg(ReadOnlySpan<byte> data, in PictureHead head, bool isGray, int divisor, out PictureView view)
    {
        int width = Reduced(head.Width, divisor);
        int height = Reduced(head.Height, divisor);
        int pixelBytes = isGray ? 1 : 3;
        byte* pixels = _stored.Take((long)width * height * pixelBytes);
        int format = isGray ? TurboJpeg.PixelGray : TurboJpeg.PixelRgb;
        DecodeOutcome outcome = _turbo!.Decode(data, pixels, width, width * pixelBytes, height, format, 0);
        view = outcome == DecodeOutcome.Ok ? Finish(pixels, width, height, pixelBytes, head.Orientation) : default;
        return outcome;
    }

    private DecodeOutcome DecodeCmyk(ReadOnlySpan<byte> data, in PictureHead head, out PictureView view)
    {
        view = default;
        byte* inks = _upright.Take((long)head.Width * head.Height * 4);
        DecodeOutcome outcome = _turbo!.Decode(data, inks, head.Width, head.Width * 4, head.Height, TurboJpeg.PixelCmyk, 0);
        if (outcome != DecodeOutcome.Ok) return outcome;
        byte* pixels = _stored.Take((long)head.Width * head.Height * 3);
        Cmyk.ToRgb(inks, pixels, (long)head.Width * head.Height);
        view = Finish(pixels, head.Width, head.Height, 3, head.Orientation);
        return DecodeOutcome.Ok;
    }

    private PictureView Finish(byte* pixels, int width, int height, int pixelBytes, int orientation)
    {
        if (orientation != 1)
        {
            byte* upright = _upright.Take((long)width * height * pixelBytes);
            Upright.Copy(pixels, width * pixelBytes, width, height, pixelBytes, orientation, upright);
            pixels = upright;
            if (orientation >= 5) (width, height) = (height, width);
        }

        return new PictureView
        {
            Format = pixelBytes == 1 ? PixelFormat.Gray8 : PixelFormat.Rgb24,
            Width = width,
            Height = height,
            Plane0 = pixels,
            Stride0 = width * pixelBytes,
            HasSlack = true,
        };
    }
}
