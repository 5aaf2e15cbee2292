using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeInfer.Signals;

/// <summary>Looks for NaN in tensors. Allocates nothing.</summary>
internal static class NotANumber
{
    /// <summary>Whether an element is NaN; integers have none.</summary>
    public static bool IsIn(TensorBuffer tensor) => tensor.Type switch
    {
        ElementType.Float32 => IsIn(tensor.Elements<float>()),
        ElementType.Float16 => IsIn(tensor.Elements<Half>()),
        ElementType.Float64 => IsIn(tensor.Elements<double>()),
        _ => false,
    };

    // Every output of every frame of a trial: a large detector has 705,600 values.
    private static bool IsIn(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        foreach (Vector<float> vector in vectors)
            if (!Vector.EqualsAll(vector, vector)) return true;
        foreach (float value in values[(vectors.Length * Vector<float>.Count)..])
            if (float.IsNaN(value)) return true;
        return false;
    }

    private static bool IsIn(ReadOnlySpan<Half> values)
    {
        foreach (Half value in values)
            if (Half.IsNaN(value)) return true;
        return false;
    }

    private static bool IsIn(ReadOnlySpan<double> values)
    {
        foreach (double value in values)
            if (double.IsNaN(value)) return true;
        return false;
    }
}
