using System.Numerics;

namespace EdgeInfer.Diagnostics;

/// <summary>
/// Counts durations finely enough to compare percentiles of two models: 32 steps to each doubling, so that a percentile is at most 3.2 %
/// above the true one. One thread adds, without a lock and without allocating; any thread reads.
/// </summary>
internal sealed class DurationQuantiles
{
    // A doubling is divided into 2^5 equal steps; one duration is counted by its highest 6 bits, in units of 100 ns.
    private const int StepBits = 5;
    private const int Steps = 1 << StepBits;

    /// <summary>Longer ones count as this long: 214 s.</summary>
    private const long LongestTicks = int.MaxValue;

    private readonly long[] _counts = new long[(31 - StepBits + 1) * Steps];
    private long _count;

    /// <summary>How many were counted.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Counts one; what is below 0 counts as 0.</summary>
    public void Add(TimeSpan duration)
    {
        ref long count = ref _counts[Place(Math.Clamp(duration.Ticks, 0, LongestTicks))];
        Volatile.Write(ref count, count + 1);
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>Counts one, given in milliseconds.</summary>
    public void AddMilliseconds(double milliseconds) => Add(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>The smallest duration that a share of all keep within, rounded up to the end of its step; null where there are none.</summary>
    /// <param name="share">0 to 1: 0.95 for p95.</param>
    public TimeSpan? Percentile(double share)
    {
        long[] counts = new long[_counts.Length];
        long all = 0;
        for (int i = 0; i < counts.Length; i++) all += counts[i] = Volatile.Read(ref _counts[i]);
        if (all == 0) return null;
        long wanted = Math.Clamp((long)Math.Ceiling(share * all), 1, all);
        int place = 0;
        for (long within = counts[0]; within < wanted; within += counts[++place])
        {
        }

        return TimeSpan.FromTicks(LastTicks(place));
    }

    private static int Place(long ticks)
    {
        int shift = Math.Max(0, BitOperations.Log2((ulong)ticks | 1) - StepBits);
        return shift * Steps + (int)(ticks >> shift);
    }

    // The last duration that has a place: the inverse of Place.
    private static long LastTicks(int place)
    {
        int shift = Math.Max(0, place / Steps - 1);
        return (((long)place - (shift * Steps) + 1) << shift) - 1;
    }
}
