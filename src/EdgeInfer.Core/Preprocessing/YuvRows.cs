namespace EdgeInfer.Preprocessing;

/// <summary>
/// Rows of gray or of limited-range BT.601 (16 to 235, 16 to 240; what UVC cameras and ffmpeg's yuv420p give) as RGBX pixels.
/// Chroma is repeated, not interpolated, as OpenCV's cvtColor does.
/// </summary>
internal static unsafe class YuvRows
{
    // BT.601 in 20-bit fixed point: 255/219, and 255/224 times 2(1-Kr), 2(1-Kb) and their shares of green.
    private const int Luma = 1220542;
    private const int RedFromV = 1673527;
    private const int GreenFromV = -852492;
    private const int GreenFromU = -409993;
    private const int BlueFromU = 2116026;
    private const int Half = 1 << 19;

    /// <summary>Repeats the gray level.</summary>
    public static void FromGray(byte* luma, byte* rgbx, int width)
    {
        uint* pixels = (uint*)rgbx;
        for (int x = 0; x < width; x++) pixels[x] = luma[x] * 0x010101u;
    }

    /// <summary>Packed Y0 U Y1 V.</summary>
    public static void FromYuyv(byte* packed, byte* rgbx, int width)
    {
        uint* pixels = (uint*)rgbx;
        for (int x = 0; x < width; x++)
        {
            byte* pair = packed + (x >> 1) * 4;
            pixels[x] = Pixel(packed[x * 2], pair[1], pair[3]);
        }
    }

    /// <summary>Luma, and interleaved chroma of half the width.</summary>
    public static void FromNv12(byte* luma, byte* chroma, byte* rgbx, int width)
    {
        uint* pixels = (uint*)rgbx;
        for (int x = 0; x < width; x++) pixels[x] = Pixel(luma[x], chroma[x & ~1], chroma[x | 1]);
    }

    /// <summary>Luma, and two rows of chroma of half the width.</summary>
    public static void FromI420(byte* luma, byte* u, byte* v, byte* rgbx, int width)
    {
        uint* pixels = (uint*)rgbx;
        for (int x = 0; x < width; x++) pixels[x] = Pixel(luma[x], u[x >> 1], v[x >> 1]);
    }

    private static uint Pixel(int y, int u, int v)
    {
        int light = Math.Max(0, y - 16) * Luma + Half;
        u -= 128;
        v -= 128;
        uint r = (uint)Math.Clamp((light + RedFromV * v) >> 20, 0, 255);
        uint g = (uint)Math.Clamp((light + GreenFromV * v + GreenFromU * u) >> 20, 0, 255);
        uint b = (uint)Math.Clamp((light + BlueFromU * u) >> 20, 0, 255);
        return r | g << 8 | b << 16;
    }
}
