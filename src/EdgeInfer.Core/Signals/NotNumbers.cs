using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeInfer.Signals;

/// <summary>Finds NaN in tensors: a model that computes it compares false with every threshold and silently reports nothing.</summary>
internal static class NotNumbers
{
    /// <summary>Whether one of the elements is NaN; types without it have none. Allocates nothing.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="bytes">The elements.</param>
    public static bool AreIn(ElementType type, ReadOnlySpan<byte> bytes) => type switch
    {
        ElementType.Float32 => AreIn(MemoryMarshal.Cast<byte, float>(bytes)),
        ElementType.Float64 => AreIn(MemoryMarshal.Cast<byte, double>(bytes)),
        ElementType.Float16 => AreIn(MemoryMarshal.Cast<byte, ushort>(bytes)),
        _ => false,
    };

    private static bool AreIn<T>(ReadOnlySpan<T> values)
        where T : struct, IFloatingPointIeee754<T>
    {
        int at = 0;
        for (; at <= values.Length - Vector<T>.Count; at += Vector<T>.Count)
        {
            Vector<T> some = new(values[at..]);
            // NaN alone is not equal to itself.
            if (!Vector.EqualsAll(some, some)) return true;
        }

        for (; at < values.Length; at++)
            if (T.IsNaN(values[at])) return true;
        return false;
    }

    // Of binary16: every bit of the exponent, and one of the fraction.
    private static bool AreIn(ReadOnlySpan<ushort> values)
    {
        foreach (ushort bits in values)
            if ((bits & 0x7FFF) > 0x7C00) return true;
        return false;
    }
}
