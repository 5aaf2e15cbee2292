namespace EdgeInfer.Pipeline;

/// <summary>Percentiles of a stage.</summary>
/// <param name="Name">The stage.</param>
/// <param name="P50">Median milliseconds.</param>
/// <param name="P90">Milliseconds that 9 of 10 keep within.</param>
/// <param name="P99">Milliseconds that 99 of 100 keep within.</param>
/// <param name="BytesPerFrame">Managed bytes allocated per frame; null where they are counted with the stage before.</param>
internal sealed record StageFigures(string Name, double P50, double P90, double P99, double? BytesPerFrame);

/// <summary>Durations of one stage and the managed bytes it took; the first <see cref="Limit"/> durations count.</summary>
internal sealed class DurationSamples(string name)
{
    /// <summary>The most durations kept: 8 MB.</summary>
    public const int Limit = 1 << 20;

    private readonly List<double> _milliseconds = new(4096);
    private long _bytes;
    private long _count;

    /// <summary>Adds one.</summary>
    public void Add(double milliseconds, long bytes)
    {
        _count++;
        _bytes += bytes;
        if (_milliseconds.Count < Limit) _milliseconds.Add(milliseconds);
    }

    /// <summary>The figures so far; zeros where there are none.</summary>
    /// <param name="isCountingBytes">Whether this stage's bytes are its own.</param>
    public StageFigures Figures(bool isCountingBytes = true)
    {
        double[] sorted = [.. _milliseconds];
        Array.Sort(sorted);
        return new(name, Percentile(sorted, 0.5), Percentile(sorted, 0.9), Percentile(sorted, 0.99), isCountingBytes ? (double)_bytes / Math.Max(1, _count) : null);
    }

    // Linear between the two nearest, as NumPy's default.
    private static double Percentile(double[] sorted, double share)
    {
        if (sorted.Length == 0) return 0;
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
    }
}
