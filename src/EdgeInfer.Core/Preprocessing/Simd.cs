using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace EdgeInfer.Preprocessing;

/// <summary>Vector operations that x64 and arm64 both have and the portable vector API does not name.</summary>
internal static class Simd
{
    /// <summary>The upper halves of the 32-bit products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyHigh(Vector128<short> a, Vector128<short> b)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyHigh(a, b);
        if (AdvSimd.IsSupported)
        {
            Vector64<short> lower = AdvSimd.ShiftRightLogicalNarrowingLower(AdvSimd.MultiplyWideningLower(a.GetLower(), b.GetLower()), 16);
            return AdvSimd.ShiftRightLogicalNarrowingUpper(lower, AdvSimd.MultiplyWideningUpper(a, b), 16);
        }

        return Vector128.Narrow((Vector128.WidenLower(a) * Vector128.WidenLower(b)) >> 16, (Vector128.WidenUpper(a) * Vector128.WidenUpper(b)) >> 16);
    }

    /// <summary>(a·ka + b·kb + 2¹⁵) / 2¹⁶, rounded down, in 32-bit sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> WeightedSum(Vector128<short> a, short ka, Vector128<short> b, short kb)
    {
        Vector128<int> half = Vector128.Create(1 << 15);
        if (Sse2.IsSupported)
        {
            Vector128<short> k = Vector128.Create((ushort)ka | kb << 16).AsInt16();
            Vector128<int> low = (Sse2.MultiplyAddAdjacent(Sse2.UnpackLow(a, b), k) + half) >> 16;
            Vector128<int> high = (Sse2.MultiplyAddAdjacent(Sse2.UnpackHigh(a, b), k) + half) >> 16;
            return Sse2.PackSignedSaturate(low, high);
        }

        if (AdvSimd.IsSupported)
        {
            Vector128<int> low = AdvSimd.MultiplyWideningLowerAndAdd(half, a.GetLower(), Vector64.Create(ka));
            low = AdvSimd.MultiplyWideningLowerAndAdd(low, b.GetLower(), Vector64.Create(kb));
            Vector128<int> high = AdvSimd.MultiplyWideningUpperAndAdd(half, a, Vector128.Create(ka));
            high = AdvSimd.MultiplyWideningUpperAndAdd(high, b, Vector128.Create(kb));
            return AdvSimd.ShiftRightLogicalNarrowingUpper(AdvSimd.ShiftRightLogicalNarrowingLower(low, 16), high, 16);
        }

        return Vector128.Narrow(
            (Vector128.WidenLower(a) * ka + Vector128.WidenLower(b) * kb + half) >> 16,
            (Vector128.WidenUpper(a) * ka + Vector128.WidenUpper(b) * kb + half) >> 16);
    }

    /// <summary>Bytes of <paramref name="data"/> by index; an index of 128 or more gives 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Lookup(Vector128<byte> data, Vector128<byte> indexes)
    {
        if (Ssse3.IsSupported) return Ssse3.Shuffle(data, indexes);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.VectorTableLookup(data, indexes) : Vector128.Shuffle(data, indexes);
    }

    /// <summary>Signed words to unsigned bytes, clamped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> NarrowSaturated(Vector128<short> lower, Vector128<short> upper)
    {
        if (Sse2.IsSupported) return Sse2.PackUnsignedSaturate(lower, upper);
        if (AdvSimd.IsSupported)
            return AdvSimd.ExtractNarrowingSaturateUnsignedUpper(AdvSimd.ExtractNarrowingSaturateUnsignedLower(lower), upper);
        Vector128<short> most = Vector128.Create((short)255);
        return Vector128.Narrow(
            Vector128.Min(Vector128.Max(lower, Vector128<short>.Zero), most).AsUInt16(),
            Vector128.Min(Vector128.Max(upper, Vector128<short>.Zero), most).AsUInt16());
    }

    /// <summary>
    /// The order in which a pixel and its right neighbour, read as eight bytes, become four pairs of words: left and right of
    /// the first channel, of the second, of the third, and nothing. For <see cref="Lookup"/>.
    /// </summary>
    /// <param name="step">Bytes of a pixel.</param>
    public static Vector128<byte> PixelPairing(int step)
        => Vector128.Create(0, 255, (byte)step, 255, 1, 255, (byte)(step + 1), 255, 2, 255, (byte)(step + 2), 255, 255, 255, 255, 255);

    /// <summary>a0 b0 … a7 b7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> InterleaveLower(Vector128<byte> a, Vector128<byte> b)
    {
        if (Sse2.IsSupported) return Sse2.UnpackLow(a, b).AsUInt16();
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.ZipLow(a, b).AsUInt16();
        return Vector128.WidenLower(a) | Vector128.WidenLower(b) << 8;
    }

    /// <summary>a8 b8 … a15 b15.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> InterleaveUpper(Vector128<byte> a, Vector128<byte> b)
    {
        if (Sse2.IsSupported) return Sse2.UnpackHigh(a, b).AsUInt16();
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.ZipHigh(a, b).AsUInt16();
        return Vector128.WidenUpper(a) | Vector128.WidenUpper(b) << 8;
    }

    /// <summary>a0 b0 a1 b1 a2 b2 a3 b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> InterleaveLower(Vector128<ushort> a, Vector128<ushort> b)
    {
        if (Sse2.IsSupported) return Sse2.UnpackLow(a, b).AsUInt32();
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.ZipLow(a, b).AsUInt32();
        return Vector128.WidenLower(a) | Vector128.WidenLower(b) << 16;
    }

    /// <summary>a4 b4 a5 b5 a6 b6 a7 b7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> InterleaveUpper(Vector128<ushort> a, Vector128<ushort> b)
    {
        if (Sse2.IsSupported) return Sse2.UnpackHigh(a, b).AsUInt32();
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.ZipHigh(a, b).AsUInt32();
        return Vector128.WidenUpper(a) | Vector128.WidenUpper(b) << 16;
    }

    /// <summary>a0 b0 a1 b1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> InterleaveLower(Vector128<uint> a, Vector128<uint> b)
    {
        if (Sse2.IsSupported) return Sse2.UnpackLow(a, b);
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.ZipLow(a, b);
        return (Vector128.WidenLower(a) | Vector128.WidenLower(b) << 32).AsUInt32();
    }

    /// <summary>a2 b2 a3 b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> InterleaveUpper(Vector128<uint> a, Vector128<uint> b)
    {
        if (Sse2.IsSupported) return Sse2.UnpackHigh(a, b);
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.ZipHigh(a, b);
        return (Vector128.WidenUpper(a) | Vector128.WidenUpper(b) << 32).AsUInt32();
    }
}
