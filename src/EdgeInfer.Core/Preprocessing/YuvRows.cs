using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Rows of gray or of a raw frame's luma and chroma as RGBX pixels.
/// Chroma is repeated, not interpolated, as OpenCV's cvtColor does. Nothing is read past a row's end: the frame's memory
/// may end there.
/// </summary>
internal static unsafe class YuvRows
{
    /// <summary>Repeats the gray level.</summary>
    public static void FromGray(byte* luma, byte* rgbx, int width)
    {
        uint* pixels = (uint*)rgbx;
        int x = 0;
        for (; x <= width - 16; x += 16)
        {
            Vector128<byte> levels = Vector128.Load(luma + x);
            for (int k = 0; k < 4; k++)
            {
                Vector128<byte> repeat = Vector128.Create(0xFF000000u, 0xFF010101u, 0xFF020202u, 0xFF030303u).AsByte() | Vector128.Create((byte)(4 * k));
                Simd.Lookup(levels, repeat).Store((byte*)(pixels + x + 4 * k));
            }
        }

        for (; x < width; x++) pixels[x] = luma[x] * 0x010101u;
    }

    /// <summary>Packed Y0 U Y1 V.</summary>
    public static void FromYuyv(byte* packed, byte* rgbx, int width, in YuvRule rule)
    {
        uint* pixels = (uint*)rgbx;
        Vector128<uint> low = Vector128.Create(0xFFu);
        int x = 0;
        for (; x <= width - 16; x += 16)
        {
            Vector128<uint> a = Vector128.Load((uint*)(packed + x * 2));
            Vector128<uint> b = Vector128.Load((uint*)(packed + x * 2 + 16));
            Convert16(
                Vector128.Narrow(a & low, b & low), Vector128.Narrow((a >> 16) & low, (b >> 16) & low),
                Vector128.Narrow((a >> 8) & low, (b >> 8) & low), Vector128.Narrow(a >> 24, b >> 24), pixels + x, rule);
        }

        for (; x < width; x++)
        {
            byte* pair = packed + (x >> 1) * 4;
            pixels[x] = Pixel(packed[x * 2], pair[1], pair[3], rule);
        }
    }

    /// <summary>Luma, and interleaved chroma of half the width.</summary>
    public static void FromNv12(byte* luma, byte* chroma, byte* rgbx, int width, in YuvRule rule)
    {
        uint* pixels = (uint*)rgbx;
        Vector128<ushort> low = Vector128.Create((ushort)0xFF);
        int x = 0;
        for (; x <= width - 16; x += 16)
        {
            Vector128<ushort> y = Vector128.Load(luma + x).AsUInt16();
            Vector128<ushort> uv = Vector128.Load(chroma + x).AsUInt16();
            Convert16(y & low, y >> 8, uv & low, uv >> 8, pixels + x, rule);
        }

        for (; x < width; x++) pixels[x] = Pixel(luma[x], chroma[x & ~1], chroma[x | 1], rule);
    }

    /// <summary>Luma, and two rows of chroma of half the width.</summary>
    public static void FromI420(byte* luma, byte* u, byte* v, byte* rgbx, int width, in YuvRule rule)
    {
        uint* pixels = (uint*)rgbx;
        Vector128<ushort> low = Vector128.Create((ushort)0xFF);
        int x = 0;
        for (; x <= width - 16; x += 16)
        {
            Vector128<ushort> y = Vector128.Load(luma + x).AsUInt16();
            Vector128<ushort> blue = Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)(u + x / 2)).AsByte());
            Vector128<ushort> red = Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)(v + x / 2)).AsByte());
            Convert16(y & low, y >> 8, blue, red, pixels + x, rule);
        }

        for (; x < width; x++) pixels[x] = Pixel(luma[x], u[x >> 1], v[x >> 1], rule);
    }

    /// <summary>One row from values 0 to 255, with one chroma value for two pixels; room for whole vectors of sixteen everywhere.</summary>
    public static void FromHalved(short* luma, short* u, short* v, byte* rgbx, int width, in YuvRule rule)
    {
        for (int x = 0; x < width; x += 16)
        {
            Vector128<ushort> levels = Simd.NarrowSaturated(Vector128.Load(luma + x), Vector128.Load(luma + x + 8)).AsUInt16();
            Vector128<ushort> blue = Vector128.Load(u + x / 2).AsUInt16();
            Vector128<ushort> red = Vector128.Load(v + x / 2).AsUInt16();
            Convert16(levels & Vector128.Create((ushort)0xFF), levels >> 8, blue, red, (uint*)rgbx + x, rule);
        }
    }

    /// <summary>Sixteen pixels: eight even and eight odd columns share their chroma. Sums have four fraction bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Convert16(Vector128<ushort> even, Vector128<ushort> odd, Vector128<ushort> u, Vector128<ushort> v, uint* pixels, in YuvRule rule)
    {
        Vector128<short> blueDifference = (u.AsInt16() - Vector128.Create((short)128)) << 8;
        Vector128<short> redDifference = (v.AsInt16() - Vector128.Create((short)128)) << 8;
        Vector128<short> half = Vector128.Create((short)8);
        Vector128<short> red = Simd.MultiplyHigh(redDifference, Vector128.Create(rule.RedFromV)) + half;
        Vector128<short> green = Simd.MultiplyHigh(redDifference, Vector128.Create(rule.GreenFromV))
            + Simd.MultiplyHigh(blueDifference, Vector128.Create(rule.GreenFromU)) + half;
        Vector128<short> blue = Simd.MultiplyHigh(blueDifference, Vector128.Create(rule.BlueFromU)) + half;
        Vector128<short> evenLight = Light(even, rule);
        Vector128<short> oddLight = Light(odd, rule);
        RgbxStore.Store(
            (evenLight + red) >> 4, (evenLight + green) >> 4, (evenLight + blue) >> 4,
            (oddLight + red) >> 4, (oddLight + green) >> 4, (oddLight + blue) >> 4,
            pixels);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Light(Vector128<ushort> luma, in YuvRule rule)
    {
        Vector128<short> black = Vector128.Create(rule.Black);
        return Simd.MultiplyHigh((Vector128.Max(luma.AsInt16(), black) - black) << 7, Vector128.Create(rule.Luma));
    }

    /// <summary>The same for the pixels that do not fill a vector, in the same arithmetic.</summary>
    private static uint Pixel(int y, int u, int v, in YuvRule rule)
    {
        int light = (Math.Max(0, y - rule.Black) * (rule.Luma << 7)) >> 16;
        u = (u - 128) << 8;
        v = (v - 128) << 8;
        uint r = (uint)Math.Clamp((light + ((rule.RedFromV * v) >> 16) + 8) >> 4, 0, 255);
        uint g = (uint)Math.Clamp((light + ((rule.GreenFromV * v) >> 16) + ((rule.GreenFromU * u) >> 16) + 8) >> 4, 0, 255);
        uint b = (uint)Math.Clamp((light + ((rule.BlueFromU * u) >> 16) + 8) >> 4, 0, 255);
        return r | g << 8 | b << 16;
    }
}
