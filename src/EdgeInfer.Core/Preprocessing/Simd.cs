using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace EdgeInfer.Preprocessing;

/// <summary>Vector operations that every target has and the portable vector API does not name.</summary>
internal static class Simd
{
    /// <summary>The upper halves of the 32-bit products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyHigh(Vector128<short> a, Vector128<short> b)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyHigh(a, b);
        Vector128<int> lower = AdvSimd.IsSupported
            ? AdvSimd.MultiplyWideningLower(a.GetLower(), b.GetLower())
            : Vector128.WidenLower(a) * Vector128.WidenLower(b);
        Vector128<int> upper = AdvSimd.IsSupported
            ? AdvSimd.MultiplyWideningUpper(a, b)
            : Vector128.WidenUpper(a) * Vector128.WidenUpper(b);
        return Vector128.Narrow(lower >> 16, upper >> 16);
    }
}
