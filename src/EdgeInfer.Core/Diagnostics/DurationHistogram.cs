namespace EdgeInfer.Diagnostics;

/// <summary>
/// Counts durations by fixed bounds. One thread adds, without a lock and without allocating; any thread reads.
/// </summary>
/// <param name="bounds">Upper bounds in seconds, inclusive, ascending, finite; not changed afterwards.</param>
internal sealed class DurationHistogram(double[] bounds)
{
    // One for each bound, and one for what is longer than all of them.
    private readonly long[] _counts = new long[bounds.Length + 1];
    private double _sumSeconds;

    /// <summary>
    /// Upper bounds for one stage of a frame, in seconds: from 100 µs (a small tensor is filled in 0.1 to 0.9 ms) to 5 s (a large model
    /// on one slow core).
    /// </summary>
    public static double[] StageBounds => [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

    /// <summary>Upper bounds for what a whole frame waited or took, in seconds: from 1 ms to half a minute.</summary>
    public static double[] AgeBounds => [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    /// <summary>Counts one. What is below 0 (a clock that went back, a stamp of the driver from the future) counts as 0.</summary>
    public void Add(TimeSpan duration)
    {
        double seconds = Math.Max(0, duration.TotalSeconds);
        int at = 0;
        while (at < bounds.Length && seconds > bounds[at]) at++;

        // Whoever reads sees whole numbers, of this moment or of the one before; there is no second writer that could lose one.
        Volatile.Write(ref _sumSeconds, _sumSeconds + seconds);
        Volatile.Write(ref _counts[at], _counts[at] + 1);
    }

    /// <summary>Counts one, given in milliseconds.</summary>
    public void AddMilliseconds(double milliseconds) => Add(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>What was counted until now. Any thread.</summary>
    public DurationReading Read()
    {
        long[] cumulative = new long[_counts.Length];
        long count = 0;
        for (int i = 0; i < cumulative.Length; i++) cumulative[i] = count += Volatile.Read(ref _counts[i]);
        return new(bounds, cumulative, Volatile.Read(ref _sumSeconds));
    }
}

/// <summary>A <see cref="DurationHistogram"/> at one moment.</summary>
/// <param name="BoundsSeconds">Upper bounds, inclusive, ascending.</param>
/// <param name="Cumulative">For each bound how many were no longer, and at the end how many there were.</param>
/// <param name="SumSeconds">All of them together.</param>
internal sealed record DurationReading(double[] BoundsSeconds, long[] Cumulative, double SumSeconds)
{
    /// <summary>How many there were.</summary>
    public long Count => Cumulative[^1];
}
