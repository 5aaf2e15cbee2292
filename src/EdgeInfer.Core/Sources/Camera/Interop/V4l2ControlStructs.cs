using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeInfer.Sources.Camera.Interop;

/// <summary>struct v4l2_query_ext_ctrl.</summary>
[StructLayout(LayoutKind.Explicit, Size = 232)]
internal struct V4l2ControlQuery
{
    [FieldOffset(0)] public uint Id;
    [FieldOffset(4)] public uint Type;
    [FieldOffset(8)] public Text32 Name;
    [FieldOffset(40)] public long Minimum;
    [FieldOffset(48)] public long Maximum;
    [FieldOffset(56)] public ulong Step;
    [FieldOffset(64)] public long Default;
    [FieldOffset(72)] public uint Flags;
}

/// <summary>struct v4l2_querymenu; an integer menu's value shares its bytes with the name.</summary>
[StructLayout(LayoutKind.Explicit, Size = 44, Pack = 1)]
internal struct V4l2MenuQuery
{
    [FieldOffset(0)] public uint Id;
    [FieldOffset(4)] public uint Index;
    [FieldOffset(8)] public Text32 Name;
    [FieldOffset(8)] public long Value;
}

/// <summary>struct v4l2_ext_control; a 32-bit value shares its bytes with the low half of a 64-bit one.</summary>
[StructLayout(LayoutKind.Explicit, Size = 20, Pack = 1)]
internal struct V4l2ExtendedControl
{
    [FieldOffset(0)] public uint Id;
    [FieldOffset(4)] public uint Size;
    [FieldOffset(12)] public int Value;
    [FieldOffset(12)] public long Value64;
}

/// <summary>struct v4l2_ext_controls.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct V4l2ExtendedControls
{
    [FieldOffset(0)] public uint Class;
    [FieldOffset(4)] public uint Count;
    [FieldOffset(8)] public uint ErrorIndex;
    [FieldOffset(24)] public nint Controls;
}

/// <summary>struct v4l2_control.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct V4l2PlainControl
{
    public uint Id;
    public int Value;
}
