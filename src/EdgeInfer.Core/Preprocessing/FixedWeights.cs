using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EdgeInfer.Preprocessing;

/// <summary>The fixed point of weighted sums.</summary>
/// <param name="WeightBits">Fraction bits of horizontal weights.</param>
/// <param name="FractionBits">Fraction bits of a pixel between the directions.</param>
/// <param name="VerticalWeightBits">Fraction bits of vertical weights.</param>
internal readonly record struct Precision(int WeightBits, int FractionBits, int VerticalWeightBits)
{
    /// <summary>The longest run for which <see cref="Short"/> stays within a quarter of a grey level of exact weights.</summary>
    public const int ShortRun = 16;

    /// <summary>As Pillow computes: 22-bit weights, rounded to whole grey levels between the directions.</summary>
    public static Precision Pillow => new(22, 0, 22);

    /// <summary>14-bit weights, one multiplication a pair of taps; seven further bits of the pixel between the directions.</summary>
    public static Precision Short => new(14, 7, 14);
}

/// <summary>
/// Weights of two neighbouring taps in eight bytes, for the multiplication of 16-bit pairs. Weights of more than 15 bits are
/// split into a low and a high part, which keeps their sums exact.
/// </summary>
internal sealed class FixedWeights
{
    /// <summary>Bits of the low part of a split weight.</summary>
    public const int LowBits = 11;

    /// <summary>Rounds the weights, whose number is even.</summary>
    public FixedWeights(double[] weights, int bits)
    {
        IsWide = bits > 14;
        Pairs = new ulong[weights.Length / 2];
        int lowMask = IsWide ? (1 << LowBits) - 1 : 0x7FFF;
        for (int i = 0; i < Pairs.Length; i++)
        {
            int left = (int)(0.5 + weights[2 * i] * (1 << bits));
            int right = (int)(0.5 + weights[2 * i + 1] * (1 << bits));
            uint low = (uint)(left & lowMask) | (uint)(right & lowMask) << 16;
            uint high = IsWide ? (uint)(left >> LowBits) | (uint)(right >> LowBits) << 16 : 0;
            Pairs[i] = low | (ulong)high << 32;
        }
    }

    /// <summary>Whether there are high parts.</summary>
    public bool IsWide { get; }

    /// <summary>Low parts of two taps in the lower half, high parts in the upper.</summary>
    public ulong[] Pairs { get; }

    /// <summary>The sum of two taps with the low parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LowSum(Vector128<short> pairs, ulong weights) => Sum(pairs, (int)weights);

    /// <summary>The sum of two taps with the high parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> HighSum(Vector128<short> pairs, ulong weights) => Sum(pairs, (int)(weights >> 32));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Sum(Vector128<short> pairs, int weights)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyAddAdjacent(pairs, Vector128.Create(weights).AsInt16());

        // Values are below 2¹⁵: the left ones are the low words, the right ones the high words of each lane.
        Vector128<int> lanes = pairs.AsInt32();
        return (lanes & Vector128.Create(0xFFFF)) * (weights & 0xFFFF) + (lanes >> 16) * (weights >> 16);
    }
}
