using EdgeInfer.Preprocessing.Interop;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// From a frame's bytes to a picture in memory, as stored. Raw frames are not copied: the view is on the frame's own bytes.
/// Used by one thread.
/// </summary>
internal sealed unsafe class PictureDecoder : IDisposable
{
    private readonly PreprocessorLimits _limits;
    private readonly TurboJpegDecoder? _turbo;
    private readonly NativeBuffer _stored = new();
    private readonly NativeBuffer _inks = new();
    private ImageSharpDecoder? _imageSharp;
    private Speaker _lastSpeaker;

    /// <summary>Prepares the decoders; no picture memory is taken yet.</summary>
    /// <param name="limits">What a picture may cost.</param>
    /// <param name="turbo">libjpeg-turbo, to be owned; null decodes JPEG by ImageSharp.</param>
    public PictureDecoder(PreprocessorLimits limits, TurboJpegDecoder? turbo)
    {
        _limits = limits;
        _turbo = turbo;
    }

    private enum Speaker
    {
        None,
        Turbo,
        ImageSharp,
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
        _lastSpeaker = Speaker.None;
        if (data.IsEmpty) return DecodeOutcome.Empty;
        DecodeOutcome outcome = info.Format switch
        {
            PixelFormat.Jpeg => ReadJpegHead(data, out head),
            PixelFormat.PictureFile => JpegStart.IsAtHead(data) ? ReadJpegHead(data, out head) : ReadFileHead(data, out head),
            _ => RawFrame.ReadHead(info, out head),
        };
        return outcome != DecodeOutcome.Ok ? outcome : IsWithinLimits(head) ? DecodeOutcome.Ok : DecodeOutcome.TooLarge;
    }

    /// <summary>Decodes a picture whose head was read with success.</summary>
    /// <param name="info">The frame's facts.</param>
    /// <param name="data">The frame's bytes.</param>
    /// <param name="head">Its head.</param>
    /// <param name="wish">What may be left out.</param>
    /// <param name="view">The picture as stored, whole; valid until the next call or until the frame is returned.</param>
    public DecodeOutcome Decode(in FrameInfo info, ReadOnlySpan<byte> data, in PictureHead head, DecodeWish wish, out PictureView view)
    {
        view = default;
        if (head.Format is not (PixelFormat.Jpeg or PixelFormat.PictureFile)) return RawFrame.Read(info, data, head, out view);
        data = data[head.Start..];
        if (head.Format == PixelFormat.Jpeg && _turbo is not null)
        {
            _lastSpeaker = Speaker.Turbo;
            if (head.Components == 4) return DecodeCmyk(data, head, out view);
            int divisor = Divisor(head, wish);
            if (wish.MayBePlanar && !wish.IsGray && Planar(head) is { } layout) return DecodePlanes(data, head, layout, divisor, out view);

            // A part of packed pixels begins and ends on whole ones, which a reduced scale does not have.
            return DecodePacked(data, head, wish.IsGray, wish.IsPart ? 1 : divisor, out view);
        }

        _lastSpeaker = Speaker.ImageSharp;
        byte* pixels = _stored.Take((long)head.Width * head.Height * 3);
        DecodeOutcome outcome = ImageSharp.Decode(data, head, pixels);
        if (outcome == DecodeOutcome.Ok) view = Packed(pixels, head.Width, head.Height, 3);
        return outcome;
    }

    /// <summary>What a decoder said of the last picture; empty where it was not asked.</summary>
    public string LastMessage() => _lastSpeaker switch
    {
        Speaker.Turbo => _turbo!.LastMessage,
        Speaker.ImageSharp => ImageSharp.LastMessage,
        _ => "",
    };

    /// <summary>Frees decoders and picture memory.</summary>
    public void Dispose()
    {
        _turbo?.Dispose();
        _stored.Dispose();
        _inks.Dispose();
    }

    private static DecodeOutcome ReadJpegHead(ReadOnlySpan<byte> data, out PictureHead head)
    {
        int start = JpegStart.Find(data);
        head = default;
        if (start < 0) return DecodeOutcome.NotAPicture;
        DecodeOutcome outcome = JpegHeader.Read(data[start..], out head);
        head.Start = start;
        return outcome;
    }

    private DecodeOutcome ReadFileHead(ReadOnlySpan<byte> data, out PictureHead head)
    {
        _lastSpeaker = Speaker.ImageSharp;
        return ImageSharp.ReadHead(data, out head);
    }

    private bool IsWithinLimits(in PictureHead head)
    {
        long pixels = (long)head.Width * head.Height;
        if (pixels > _limits.MaxPixels) return false;
        long bytes = pixels * 3;

        // A progressive JPEG keeps two bytes a coefficient and component; CMYK takes a copy of four bytes a pixel; ImageSharp its own picture.
        if (head.IsProgressive) bytes += pixels * 2 * head.Components;
        if (head.Components == 4) bytes += pixels * 4;
        if (head.Format == PixelFormat.PictureFile || _turbo is null) bytes += pixels * 4;
        return bytes <= _limits.MaxBytes;
    }

    /// <summary>The strongest reduction by the DCT (1, 2, 4 or 8) that stays at or above the size wanted.</summary>
    private static int Divisor(in PictureHead head, DecodeWish wish)
    {
        if (wish.SmallestWidth == 0) return 1;
        int divisor = 8;
        while (divisor > 1 && (Reduced(head.Width, divisor) < wish.SmallestWidth || Reduced(head.Height, divisor) < wish.SmallestHeight)) divisor /= 2;
        return divisor;
    }

    /// <summary>
    /// The layout of a JPEG's planes, for the samplings that cameras use; others are left to the library, as are
    /// pictures of at most two chroma columns, whose chroma it does not interpolate.
    /// </summary>
    private static PictureLayout? Planar(in PictureHead head) => head.IsYcc && head.Width > 4
        ? head.Sampling switch
        {
            0x221111 => PictureLayout.Ycc420,
            0x211111 => PictureLayout.Ycc422,
            0x111111 => PictureLayout.Ycc444,
            _ => null,
        }
        : null;

    private static int Reduced(int size, int divisor) => (size + divisor - 1) / divisor;

    private DecodeOutcome DecodePacked(ReadOnlySpan<byte> data, in PictureHead head, bool isGray, int divisor, out PictureView view)
    {
        int width = Reduced(head.Width, divisor);
        int height = Reduced(head.Height, divisor);
        int pixelBytes = isGray ? 1 : 3;
        byte* pixels = _stored.Take((long)width * height * pixelBytes);
        int format = isGray ? TurboJpeg.PixelGray : TurboJpeg.PixelRgb;
        DecodeOutcome outcome = _turbo!.Decode(data, pixels, width, width * pixelBytes, height, format, 0, head.HasRestarts);
        view = Packed(pixels, width, height, pixelBytes) with { Divisor = divisor };
        return outcome;
    }

    private DecodeOutcome DecodePlanes(ReadOnlySpan<byte> data, in PictureHead head, PictureLayout layout, int divisor, out PictureView view)
    {
        view = default;
        int width = Reduced(head.Width, divisor);
        int height = Reduced(head.Height, divisor);

        // Whole chroma pairs, and rows that begin on a cache line.
        int stride = (width + 63) & ~63;
        int chromaStride = layout == PictureLayout.Ycc444 ? stride : stride / 2;
        long lumaBytes = (long)stride * ((height + 1) & ~1);
        long chromaBytes = (long)chromaStride * (layout == PictureLayout.Ycc420 ? (height + 1) / 2 : height);
        byte* pixels = _stored.Take(lumaBytes + 2 * chromaBytes);
        view = new PictureView
        {
            Layout = layout,
            Width = width,
            Height = height,
            Divisor = divisor,
            Plane0 = pixels,
            Plane1 = pixels + lumaBytes,
            Plane2 = pixels + lumaBytes + chromaBytes,
            Stride0 = stride,
            Stride1 = chromaStride,
            HasSlack = true,
        };
        return _turbo!.DecodePlanes(data, view, head.HasRestarts);
    }

    private DecodeOutcome DecodeCmyk(ReadOnlySpan<byte> data, in PictureHead head, out PictureView view)
    {
        view = default;
        byte* inks = _inks.Take((long)head.Width * head.Height * 4);
        DecodeOutcome outcome = _turbo!.Decode(data, inks, head.Width, head.Width * 4, head.Height, TurboJpeg.PixelCmyk, 0, head.HasRestarts);
        if (outcome != DecodeOutcome.Ok) return outcome;
        byte* pixels = _stored.Take((long)head.Width * head.Height * 3);
        Cmyk.ToRgb(inks, pixels, (long)head.Width * head.Height);
        view = Packed(pixels, head.Width, head.Height, 3);
        return DecodeOutcome.Ok;
    }

    private static PictureView Packed(byte* pixels, int width, int height, int pixelBytes) => new()
    {
        Layout = pixelBytes == 1 ? PictureLayout.Gray8 : PictureLayout.Rgb24,
        Width = width,
        Height = height,
        Divisor = 1,
        Plane0 = pixels,
        Stride0 = width * pixelBytes,
        HasSlack = true,
    };
}
