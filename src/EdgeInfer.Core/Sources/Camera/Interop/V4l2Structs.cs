using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Fields are named as EdgeInfer reads them; offsets and sizes are those of linux/videodev2.h on 64-bit Linux, x64 and arm64
// alike, which a test asks of the C compiler. What EdgeInfer never reads is left out of the explicit layouts.
namespace EdgeInfer.Sources.Camera.Interop;

/// <summary>struct v4l2_capability.</summary>
[StructLayout(LayoutKind.Explicit, Size = 104)]
internal struct V4l2Capability
{
    [FieldOffset(0)] public Text16 Driver;
    [FieldOffset(16)] public Text32 Card;
    [FieldOffset(48)] public Text32 Bus;
    [FieldOffset(80)] public uint Version;
    [FieldOffset(84)] public uint Capabilities;
    [FieldOffset(88)] public uint DeviceCapabilities;
}

/// <summary>struct v4l2_fmtdesc.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct V4l2FormatDescription
{
    [FieldOffset(0)] public uint Index;
    [FieldOffset(4)] public uint Type;
    [FieldOffset(8)] public uint Flags;
    [FieldOffset(12)] public Text32 Description;
    [FieldOffset(44)] public uint PixelFormat;
}

/// <summary>struct v4l2_frmsizeenum; a discrete size shares its bytes with the first bounds of a stepwise one.</summary>
[StructLayout(LayoutKind.Explicit, Size = 44)]
internal struct V4l2FrameSizeEnumeration
{
    [FieldOffset(0)] public uint Index;
    [FieldOffset(4)] public uint PixelFormat;
    [FieldOffset(8)] public uint Type;
    [FieldOffset(12)] public uint DiscreteWidth;
    [FieldOffset(16)] public uint DiscreteHeight;
    [FieldOffset(12)] public uint MinWidth;
    [FieldOffset(16)] public uint MaxWidth;
    [FieldOffset(20)] public uint StepWidth;
    [FieldOffset(24)] public uint MinHeight;
    [FieldOffset(28)] public uint MaxHeight;
    [FieldOffset(32)] public uint StepHeight;
}

/// <summary>struct v4l2_fract: seconds a frame.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct V4l2Fraction
{
    public uint Numerator;
    public uint Denominator;

    /// <summary>Frames a second, or 0 where the driver does not say.</summary>
    public readonly double FramesPerSecond => Numerator == 0 ? 0 : (double)Denominator / Numerator;
}

/// <summary>struct v4l2_frmivalenum; a discrete interval is in <see cref="Min"/>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 52)]
internal struct V4l2FrameIntervalEnumeration
{
    [FieldOffset(0)] public uint Index;
    [FieldOffset(4)] public uint PixelFormat;
    [FieldOffset(8)] public uint Width;
    [FieldOffset(12)] public uint Height;
    [FieldOffset(16)] public uint Type;
    [FieldOffset(20)] public V4l2Fraction Min;
    [FieldOffset(28)] public V4l2Fraction Max;
}

/// <summary>struct v4l2_format with its single-planar picture format.</summary>
[StructLayout(LayoutKind.Explicit, Size = 208)]
internal struct V4l2Format
{
    [FieldOffset(0)] public uint Type;
    [FieldOffset(8)] public uint Width;
    [FieldOffset(12)] public uint Height;
    [FieldOffset(16)] public uint PixelFormat;
    [FieldOffset(20)] public uint Field;
    [FieldOffset(24)] public uint BytesPerLine;
    [FieldOffset(28)] public uint SizeImage;
    [FieldOffset(32)] public uint ColourSpace;
    [FieldOffset(36)] public uint Private;
    [FieldOffset(44)] public uint YuvEncoding;
    [FieldOffset(48)] public uint Quantisation;
}

/// <summary>struct v4l2_streamparm with its capture part.</summary>
[StructLayout(LayoutKind.Explicit, Size = 204)]
internal struct V4l2StreamParameters
{
    [FieldOffset(0)] public uint Type;
    [FieldOffset(4)] public uint Capability;
    [FieldOffset(8)] public uint CaptureMode;
    [FieldOffset(12)] public V4l2Fraction TimePerFrame;
}

/// <summary>struct v4l2_requestbuffers.</summary>
[StructLayout(LayoutKind.Explicit, Size = 20)]
internal struct V4l2RequestBuffers
{
    [FieldOffset(0)] public uint Count;
    [FieldOffset(4)] public uint Type;
    [FieldOffset(8)] public uint Memory;
}

/// <summary>struct v4l2_buffer.</summary>
[StructLayout(LayoutKind.Explicit, Size = 88)]
internal struct V4l2Buffer
{
    [FieldOffset(0)] public uint Index;
    [FieldOffset(4)] public uint Type;
    [FieldOffset(8)] public uint BytesUsed;
    [FieldOffset(12)] public uint Flags;
    [FieldOffset(24)] public long TimestampSeconds;
    [FieldOffset(32)] public long TimestampMicroseconds;
    [FieldOffset(56)] public uint Sequence;
    [FieldOffset(60)] public uint Memory;
    [FieldOffset(64)] public uint Offset;
    [FieldOffset(72)] public uint Length;
}

/// <summary>struct statx: the same on every processor, unlike struct stat.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileFacts
{
    [FieldOffset(20)] public uint Owner;
    [FieldOffset(24)] public uint Group;
    [FieldOffset(28)] public ushort Mode;
    [FieldOffset(128)] public uint DeviceMajor;
    [FieldOffset(132)] public uint DeviceMinor;
}

/// <summary>16 bytes of text, ended by a zero where shorter.</summary>
[InlineArray(16)]
internal struct Text16
{
    private byte _first;
}

/// <summary>32 bytes of text, ended by a zero where shorter.</summary>
[InlineArray(32)]
internal struct Text32
{
    private byte _first;
}
