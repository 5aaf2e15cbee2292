using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>What decoding needs to know before it starts, from a picture's header or a raw frame's facts.</summary>
internal struct PictureHead
{
    /// <summary>How the bytes are read: <see cref="PixelFormat.Jpeg"/>, <see cref="PixelFormat.PictureFile"/> or a raw format.</summary>
    public PixelFormat Format;

    /// <summary>Where the picture begins in the frame's bytes: some cameras put a header of their own before a JPEG.</summary>
    public int Start;

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

    /// <summary>For a JPEG: whether its scans are cut into restart intervals.</summary>
    public bool HasRestarts;

    /// <summary>For a JPEG: sampling factors of the components, horizontal and vertical four bits each, first component highest.</summary>
    public uint Sampling;

    /// <summary>For a JPEG: whether its three components are luma and two colour differences.</summary>
    public bool IsYcc;

    /// <summary>For a JPEG: whether its components are named R, G, B.</summary>
    public bool HasRedGreenBlueIds;
}

/// <summary>How the planes of a picture are read.</summary>
internal enum PictureLayout : byte
{
    /// <summary>Three bytes a pixel, red first.</summary>
    Rgb24,

    /// <summary>Three bytes a pixel, blue first.</summary>
    Bgr24,

    /// <summary>One byte a pixel.</summary>
    Gray8,

    /// <summary>Packed Y0 U Y1 V, limited range.</summary>
    Yuyv,

    /// <summary>Luma, and a plane of interleaved chroma, limited range.</summary>
    Nv12,

    /// <summary>Three planes, chroma halved both ways, limited range.</summary>
    I420,

    /// <summary>A JPEG's three planes, 4:2:0, full range.</summary>
    Ycc420,

    /// <summary>A JPEG's three planes, 4:2:2, full range.</summary>
    Ycc422,

    /// <summary>A JPEG's three planes, 4:4:4, full range.</summary>
    Ycc444,
}

/// <summary>
/// A picture in memory that somebody else owns: the decoder's buffer until its next picture, or the frame's own bytes. It lies there
/// as it was stored; turning it and cutting it is left to who reads it.
/// </summary>
internal unsafe struct PictureView
{
    /// <summary>How the planes are read.</summary>
    public PictureLayout Layout;

    /// <summary>How luma and chroma of a raw frame become colours.</summary>
    public YuvColour Colour;

    /// <summary>Columns as stored.</summary>
    public int Width;

    /// <summary>Rows as stored.</summary>
    public int Height;

    /// <summary>By what the picture was reduced while decoding: 1, 2, 4 or 8.</summary>
    public int Divisor;

    /// <summary>What is looked at, before any reduction.</summary>
    public PicturePose Pose;

    /// <summary>First (or only) plane.</summary>
    public byte* Plane0;

    /// <summary>Interleaved chroma, or blue difference.</summary>
    public byte* Plane1;

    /// <summary>Red difference.</summary>
    public byte* Plane2;

    /// <summary>Bytes between rows of the first plane.</summary>
    public int Stride0;

    /// <summary>Bytes between rows of the chroma planes.</summary>
    public int Stride1;

    /// <summary>Whether memory may be read <see cref="NativeBuffer.Slack"/> bytes past the last row.</summary>
    public bool HasSlack;

    /// <summary>Whether the planes are a JPEG's.</summary>
    public readonly bool IsYcc => Layout is PictureLayout.Ycc420 or PictureLayout.Ycc422 or PictureLayout.Ycc444;
}
