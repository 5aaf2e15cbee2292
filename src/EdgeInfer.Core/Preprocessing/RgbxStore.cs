using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EdgeInfer.Preprocessing;

/// <summary>Puts sixteen pixels together from what was computed for even and odd columns apart.</summary>
internal static unsafe class RgbxStore
{
    /// <summary>Clamps to a byte, interleaves and writes 64 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector128<short> evenRed, Vector128<short> evenGreen, Vector128<short> evenBlue,
        Vector128<short> oddRed, Vector128<short> oddGreen, Vector128<short> oddBlue,
        uint* pixels)
    {
        Vector128<uint> evenLower = Pixels(evenRed, evenGreen, evenBlue, out Vector128<uint> evenUpper);
        Vector128<uint> oddLower = Pixels(oddRed, oddGreen, oddBlue, out Vector128<uint> oddUpper);
        Simd.InterleaveLower(evenLower, oddLower).Store(pixels);
        Simd.InterleaveUpper(evenLower, oddLower).Store(pixels + 4);
        Simd.InterleaveLower(evenUpper, oddUpper).Store(pixels + 8);
        Simd.InterleaveUpper(evenUpper, oddUpper).Store(pixels + 12);
    }

    /// <summary>Eight pixels; saturation is the clamp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Pixels(Vector128<short> red, Vector128<short> green, Vector128<short> blue, out Vector128<uint> upper)
    {
        Vector128<byte> redBlue = Simd.NarrowSaturated(red, blue);
        Vector128<byte> greenGreen = Simd.NarrowSaturated(green, green);
        Vector128<ushort> first = Simd.InterleaveLower(redBlue, greenGreen);
        Vector128<ushort> second = Simd.InterleaveUpper(redBlue, greenGreen);
        upper = Simd.InterleaveUpper(first, second);
        return Simd.InterleaveLower(first, second);
    }
}
