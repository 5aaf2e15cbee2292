using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Children;

/// <summary>Cuts a stream of raw pictures of one size, one after the other with nothing between them.</summary>
internal sealed class RawCutter(RawShape shape, FramePool pool, TimeProvider time) : FrameCutter(pool, time)
{
    /// <inheritdoc/>
    public override int PendingBytes => Filled;

    // Never beyond the frame's end: nothing is copied then.
    /// <inheritdoc/>
    public override Span<byte> Room() => RoomUpTo(shape.FrameBytes);

    /// <inheritdoc/>
    public override CutOutcome Next(out FrameLease frame)
    {
        frame = default;
        if (Filled < shape.FrameBytes) return CutOutcome.More;
        FrameInfo info = new() { Format = shape.Format, WidthPixels = shape.Width, HeightPixels = shape.Height, Colour = shape.Colour };
        return HandOver(info, 0, shape.FrameBytes, out frame);
    }
}

/// <summary>Raw pictures of one format and size, rows without a gap.</summary>
/// <param name="Format">A raw format.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Colour">How luma and chroma become colours.</param>
internal sealed record RawShape(PixelFormat Format, int Width, int Height, YuvColour Colour = YuvColour.Bt601Limited)
{
    /// <summary>Bytes of one picture; widths of the interleaved formats are even.</summary>
    public int FrameBytes { get; } = Bytes(Format, Width, Height);

    private static int Bytes(PixelFormat format, int width, int height)
    {
        int chromaPixels = checked((width + 1) / 2 * ((height + 1) / 2));
        return checked(format switch
        {
            PixelFormat.Rgb24 or PixelFormat.Bgr24 => width * height * 3,
            PixelFormat.Gray8 => width * height,
            PixelFormat.Yuyv => width * height * 2,
            PixelFormat.Nv12 or PixelFormat.I420 => width * height + 2 * chromaPixels,
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "not a raw format"),
        });
    }
}
