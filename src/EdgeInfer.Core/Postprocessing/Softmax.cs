namespace EdgeInfer.Postprocessing;

/// <summary>Softmax that a value which is no finite number cannot spoil: such a class gets 0.</summary>
internal static class Softmax
{
    /// <summary>Fills <paramref name="probabilities"/> from values of the same count; their sum is 1 where any is finite.</summary>
    public static void Compute(ReadOnlySpan<float> values, Span<float> probabilities)
    {
        float greatest = float.NegativeInfinity;
        foreach (float value in values)
        {
            if (value > greatest && float.IsFinite(value)) greatest = value;
        }

        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            // The greatest is taken off first, so that no exponential overflows.
            float share = float.IsFinite(values[i]) ? MathF.Exp(values[i] - greatest) : 0;
            probabilities[i] = share;
            sum += share;
        }

        if (sum == 0) return;
        float scale = (float)(1 / sum);
        foreach (ref float probability in probabilities[..values.Length]) probability *= scale;
    }
}
