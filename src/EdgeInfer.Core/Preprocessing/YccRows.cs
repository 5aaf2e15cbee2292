using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Rows of a JPEG's luma and chroma planes as RGBX pixels, bit for bit what libjpeg makes of them: chroma is interpolated with
/// weights 3:1 in each direction ("fancy upsampling", jdsample.c) and converted by full-range BT.601 (jdcolor.c).
/// Only rows that a kernel asks for are converted, which is why this beats the library's own conversion when shrinking.
/// </summary>
internal sealed unsafe class YccRows : IDisposable
{
    private const int Margin = 8;

    private readonly NativeBuffer _blueLine = new();
    private readonly NativeBuffer _redLine = new();

    /// <summary>One row of 4:2:0. The far chroma row is the neighbour of the near one on the side where the luma row lies.</summary>
    public void From420(byte* luma, byte* nearBlue, byte* farBlue, byte* nearRed, byte* farRed, byte* rgbx, int width)
    {
        int count = (width + 1) / 2;
        short* blue = Line(_blueLine, nearBlue, farBlue, count);
        short* red = Line(_redLine, nearRed, farRed, count);

        // The library alternates its rounding, 8 and 7 sixteenths, so that it does not drift.
        Convert(luma, blue, red, 8, 7, (uint*)rgbx, width);
    }

    /// <summary>One row of 4:2:2.</summary>
    public void From422(byte* luma, byte* blue, byte* red, byte* rgbx, int width)
    {
        int count = (width + 1) / 2;

        // Without a vertical neighbour the library works in quarters and rounds by 1 and 2 of them.
        Convert(luma, Line(_blueLine, blue, blue, count), Line(_redLine, red, red, count), 4, 8, (uint*)rgbx, width);
    }

    /// <summary>One row of 4:4:4.</summary>
    public static void From444(byte* luma, byte* blue, byte* red, byte* rgbx, int width)
    {
        Vector128<ushort> low = Vector128.Create((ushort)0xFF);
        for (int x = 0; x < width; x += 16)
        {
            Vector128<ushort> cb = Vector128.Load(blue + x).AsUInt16();
            Vector128<ushort> cr = Vector128.Load(red + x).AsUInt16();
            Convert16(Vector128.Load(luma + x), Centred(cb & low), Centred(cb >> 8), Centred(cr & low), Centred(cr >> 8), (uint*)rgbx + x);
        }
    }

    /// <summary>One row from values 0 to 255, with one chroma value for two pixels.</summary>
    public static void FromHalved(short* luma, short* blue, short* red, byte* rgbx, int width)
    {
        Vector128<short> grey = Vector128.Create((short)128);
        for (int x = 0; x < width; x += 16)
        {
            Vector128<ushort> levels = Simd.NarrowSaturated(Vector128.Load(luma + x), Vector128.Load(luma + x + 8)).AsUInt16();
            Vector128<short> even = (levels & Vector128.Create((ushort)0xFF)).AsInt16();
            Vector128<short> odd = (levels >> 8).AsInt16();
            Vector128<short> cb = Vector128.Load(blue + x / 2) - grey;
            Vector128<short> cr = Vector128.Load(red + x / 2) - grey;
            Vector128<short> r = Red(cr);
            Vector128<short> g = Green(cb, cr);
            Vector128<short> b = Blue(cb);
            RgbxStore.Store(even + r, even + g, even + b, odd + r, odd + g, odd + b, (uint*)rgbx + x);
        }
    }

    /// <summary>Frees the lines.</summary>
    public void Dispose()
    {
        _blueLine.Dispose();
        _redLine.Dispose();
    }

    /// <summary>3·near + far along a row, less four times the chroma that is grey, with the edge values repeated once on both sides.</summary>
    private static short* Line(NativeBuffer memory, byte* near, byte* far, int count)
    {
        short* line = (short*)memory.Take((count + 2L * Margin + 16) * sizeof(short)) + Margin;
        for (int i = 0; i < count; i += 16)
        {
            Vector128<byte> a = Vector128.Load(near + i);
            Vector128<byte> b = Vector128.Load(far + i);
            Triple(Vector128.WidenLower(a), Vector128.WidenLower(b)).Store(line + i);
            Triple(Vector128.WidenUpper(a), Vector128.WidenUpper(b)).Store(line + i + 8);
        }

        line[-1] = line[0];
        line[count] = line[count - 1];
        return line;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Triple(Vector128<ushort> near, Vector128<ushort> far)
        => (near + near + near + far).AsInt16() - Vector128.Create((short)512);

    private static void Convert(byte* luma, short* blue, short* red, short evenBias, short oddBias, uint* pixels, int width)
    {
        Vector128<short> biasEven = Vector128.Create(evenBias);
        Vector128<short> biasOdd = Vector128.Create(oddBias);
        for (int x = 0; x < width; x += 16)
        {
            short* b = blue + x / 2;
            short* r = red + x / 2;
            Vector128<short> here = Vector128.Load(b);
            Vector128<short> triple = here + here + here;
            Vector128<short> blueEven = (triple + Vector128.Load(b - 1) + biasEven) >> 4;
            Vector128<short> blueOdd = (triple + Vector128.Load(b + 1) + biasOdd) >> 4;
            here = Vector128.Load(r);
            triple = here + here + here;
            Vector128<short> redEven = (triple + Vector128.Load(r - 1) + biasEven) >> 4;
            Vector128<short> redOdd = (triple + Vector128.Load(r + 1) + biasOdd) >> 4;
            Convert16(Vector128.Load(luma + x), blueEven, blueOdd, redEven, redOdd, pixels + x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Centred(Vector128<ushort> chroma) => chroma.AsInt16() - Vector128.Create((short)128);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Convert16(
        Vector128<byte> luma, Vector128<short> blueEven, Vector128<short> blueOdd, Vector128<short> redEven, Vector128<short> redOdd, uint* pixels)
    {
        Vector128<short> even = (luma.AsUInt16() & Vector128.Create((ushort)0xFF)).AsInt16();
        Vector128<short> odd = (luma.AsUInt16() >> 8).AsInt16();
        RgbxStore.Store(
            even + Red(redEven), even + Green(blueEven, redEven), even + Blue(blueEven),
            odd + Red(redOdd), odd + Green(blueOdd, redOdd), odd + Blue(blueOdd),
            pixels);
    }

    /// <summary>1.402·Cr, rounded: the whole part by itself, so that the rest fits 16-bit fixed point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Red(Vector128<short> red)
    {
        Vector128<short> part = Simd.MultiplyHigh(red + red, Vector128.Create((short)26345));
        return red + ((part + Vector128<short>.One) >> 1);
    }

    /// <summary>1.772·Cb, as 2·Cb − 0.228·Cb.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Blue(Vector128<short> blue)
    {
        Vector128<short> part = Simd.MultiplyHigh(blue + blue, Vector128.Create((short)-14942));
        return blue + blue + ((part + Vector128<short>.One) >> 1);
    }

    /// <summary>−0.34414·Cb − 0.71414·Cr, as −0.34414·Cb + 0.28586·Cr − Cr.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Green(Vector128<short> blue, Vector128<short> red)
        => Simd.WeightedSum(blue, -22554, red, 18734) - red;
}
