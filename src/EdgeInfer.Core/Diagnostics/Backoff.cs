namespace EdgeInfer.Diagnostics;

/// <summary>How delays between attempts are spread.</summary>
public enum BackoffJitter
{
    /// <summary>Between half of the ceiling and the ceiling: for what fails for itself alone.</summary>
    Half,

    /// <summary>
    /// Between the first delay and the ceiling: for what fails for many at once. A thousand devices whose broker restarts come back
    /// spread over the whole time instead of in its second half.
    /// </summary>
    Full,
}

/// <summary>
/// Delays between attempts under a ceiling that doubles from <paramref name="first"/> (with <see cref="BackoffJitter.Full"/> from twice
/// of it, or all would make the second attempt at one moment) to <paramref name="cap"/>.
/// </summary>
/// <param name="first">The delay after the first failure.</param>
/// <param name="cap">The longest delay.</param>
/// <param name="random">Seeded by the caller.</param>
/// <param name="jitter">How they are spread.</param>
public sealed class Backoff(TimeSpan first, TimeSpan cap, Random random, BackoffJitter jitter = BackoffJitter.Half)
{
    private int _failures;

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    /// <summary>The next attempt follows at once.</summary>
    public void Reset() => _failures = 0;

    /// <summary>Counts a failure and returns how long to wait before the next attempt.</summary>
    public TimeSpan Next()
    {
        int doublings = Math.Min(jitter == BackoffJitter.Full ? _failures + 1 : _failures, 30);
        double ceiling = Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, doublings));
        double floor = jitter == BackoffJitter.Full ? Math.Min(first.TotalMilliseconds, ceiling) : ceiling / 2;
        _failures++;
        return TimeSpan.FromMilliseconds(floor + random.NextDouble() * (ceiling - floor));
    }
}
