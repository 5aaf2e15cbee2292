using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>What decoding needs to know before it starts, from a picture's header or a raw frame's facts.</summary>
internal struct PictureHead
{
    /// <summary>How the bytes are read: <see cref="PixelFormat.Jpeg"/>, <see cref="PixelFormat.PictureFile"/> or a raw format.</summary>
    public PixelFormat Format;

    /// <summary>Columns as stored.</summary>
    public int Width;

    /// <summary>Rows as stored.</summary>
    public int Height;

    /// <summary>EXIF orientation, 1 to 8.</summary>
    public int Orientation;

    /// <summary>For a JPEG: colour components, 1, 3 or 4.</summary>
    public int Components;

    /// <summary>For a JPEG: whether the decoder keeps all coefficients in memory.</summary>
    public bool IsProgressive;

    /// <summary>For a JPEG: sampling factors of the components, four bits each, first component highest.</summary>
    public int Sampling;

    /// <summary>Columns once upright.</summary>
    public readonly int UprightWidth => Orientation >= 5 ? Height : Width;

    /// <summary>Rows once upright.</summary>
    public readonly int UprightHeight => Orientation >= 5 ? Width : Height;
}

/// <summary>
/// An upright picture in memory that somebody else owns: the decoder's buffer until its next picture, or the frame's own bytes.
/// Its formats are the raw ones of <see cref="PixelFormat"/>.
/// </summary>
internal unsafe struct PictureView
{
    /// <summary>How the planes are read.</summary>
    public PixelFormat Format;

    /// <summary>Columns.</summary>
    public int Width;

    /// <summary>Rows.</summary>
    public int Height;

    /// <summary>First (or only) plane.</summary>
    public byte* Plane0;

    /// <summary>Chroma (NV12), or blue difference (I420).</summary>
    public byte* Plane1;

    /// <summary>Red difference (I420).</summary>
    public byte* Plane2;

    /// <summary>Bytes between rows of the first plane.</summary>
    public int Stride0;

    /// <summary>Bytes between rows of the chroma planes.</summary>
    public int Stride1;

    /// <summary>Whether memory may be read <see cref="NativeBuffer.Slack"/> bytes past the last row.</summary>
    public bool HasSlack;
}
