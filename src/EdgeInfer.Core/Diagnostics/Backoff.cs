namespace EdgeInfer.Diagnostics;

/// <summary>Delays between attempts: doubling from <paramref name="first"/> to <paramref name="cap"/>, each with full jitter above half.</summary>
/// <param name="first">The delay after the first failure.</param>
/// <param name="cap">The longest delay.</param>
/// <param name="random">Seeded by the caller.</param>
public sealed class Backoff(TimeSpan first, TimeSpan cap, Random random)
{
    private int _failures;

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    /// <summary>The next attempt follows at once.</summary>
    public void Reset() => _failures = 0;

    /// <summary>Counts a failure and returns how long to wait before the next attempt.</summary>
    public TimeSpan Next()
    {
        double ceiling = Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, 30)));
        _failures++;
        return TimeSpan.FromMilliseconds(ceiling / 2 + random.NextDouble() * ceiling / 2);
    }
}
