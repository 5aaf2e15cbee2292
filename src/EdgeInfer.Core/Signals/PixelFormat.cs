namespace EdgeInfer.Signals;

/// <summary>How the bytes of a frame are to be read.</summary>
public enum PixelFormat : byte
{
    /// <summary>Nothing captured yet.</summary>
    None,

    /// <summary>A baseline or progressive JPEG.</summary>
    Jpeg,

    /// <summary>A picture file of another kind (PNG, BMP, WebP, GIF), recognised by its content.</summary>
    PictureFile,

    /// <summary>Three bytes a pixel, red first.</summary>
    Rgb24,

    /// <summary>Three bytes a pixel, blue first.</summary>
    Bgr24,

    /// <summary>One byte a pixel (V4L2 GREY).</summary>
    Gray8,

    /// <summary>Packed 4:2:2, limited range BT.601 unless the source says otherwise (V4L2 YUYV).</summary>
    Yuyv,

    /// <summary>A luma plane, then interleaved half-size chroma (V4L2 NV12).</summary>
    Nv12,

    /// <summary>A luma plane, then two half-size chroma planes (ffmpeg yuv420p).</summary>
    I420,
}
