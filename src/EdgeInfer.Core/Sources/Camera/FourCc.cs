using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Camera;

/// <summary>V4L2's name of a pixel format: four characters, the first in the lowest byte.</summary>
/// <param name="Value">The number as the kernel has it.</param>
internal readonly record struct FourCc(uint Value)
{
    /// <summary>Motion JPEG.</summary>
    public static readonly FourCc Mjpg = Of("MJPG");

    /// <summary>JPEG pictures; some drivers name their MJPEG so.</summary>
    public static readonly FourCc Jpeg = Of("JPEG");

    /// <summary>Packed 4:2:2.</summary>
    public static readonly FourCc Yuyv = Of("YUYV");

    /// <summary>4:2:0 with interleaved chroma.</summary>
    public static readonly FourCc Nv12 = Of("NV12");

    /// <summary>8-bit luma.</summary>
    public static readonly FourCc Grey = Of("GREY");

    /// <summary>What EdgeInfer reads, the best first: MJPG costs the least USB bandwidth, GREY has no colour.</summary>
    public static readonly IReadOnlyList<FourCc> Preferred = [Mjpg, Jpeg, Yuyv, Nv12, Grey];

    /// <summary>How frames of this format are read; <see cref="Signals.PixelFormat.None"/> where EdgeInfer cannot.</summary>
    public PixelFormat PixelFormat => this == Mjpg || this == Jpeg ? PixelFormat.Jpeg
        : this == Yuyv ? PixelFormat.Yuyv
        : this == Nv12 ? PixelFormat.Nv12
        : this == Grey ? PixelFormat.Gray8
        : PixelFormat.None;

    /// <summary>The code for four ASCII characters, in either case.</summary>
    public static FourCc Of(string name)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(name.Length, 4);
        uint value = 0;
        for (int i = 3; i >= 0; i--) value = value << 8 | (byte)char.ToUpperInvariant(name[i]);
        return new(value);
    }

    /// <summary>The four characters, without trailing spaces; what is not printable shows as a dot.</summary>
    public override string ToString() => string.Create(4, Value, static (text, value) =>
    {
        for (int i = 0; i < 4; i++)
        {
            byte c = (byte)(value >> (8 * i));
            text[i] = c is >= 0x20 and < 0x7f ? (char)c : '.';
        }
    }).TrimEnd();
}
