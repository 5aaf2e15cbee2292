using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Camera;

/// <summary>What the driver really gives.</summary>
/// <param name="Format">V4L2's name of the format.</param>
/// <param name="WidthPixels">Width.</param>
/// <param name="HeightPixels">Height.</param>
/// <param name="StrideBytes">Bytes from row to row of the first plane; 0 for JPEG.</param>
/// <param name="FramesPerSecond">Rate; 0 where the driver does not say.</param>
/// <param name="Colour">How luma and chroma become colours, for the formats that have them.</param>
internal sealed record CameraMode(FourCc Format, int WidthPixels, int HeightPixels, int StrideBytes, double FramesPerSecond, YuvColour Colour = default)
{
    /// <summary>How frames are read.</summary>
    public PixelFormat PixelFormat { get; } = Format.PixelFormat;

    /// <summary>Bytes a whole uncompressed frame has; 0 for JPEG.</summary>
    public int FrameBytes => PixelFormat switch
    {
        PixelFormat.Yuyv or PixelFormat.Gray8 => StrideBytes * HeightPixels,
        PixelFormat.Nv12 => StrideBytes * (HeightPixels + (HeightPixels + 1) / 2),
        _ => 0,
    };

    /// <inheritdoc/>
    public override string ToString() => FramesPerSecond > 0
        ? $"{WidthPixels}x{HeightPixels} {Format} {FramesPerSecond:0.##}/s"
        : $"{WidthPixels}x{HeightPixels} {Format}";
}
