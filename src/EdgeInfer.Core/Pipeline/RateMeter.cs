namespace EdgeInfer.Pipeline;

/// <summary>Events a second between two readings of a count.</summary>
/// <param name="timestampFrequency">Units of a second of the timestamps passed in.</param>
public sealed class RateMeter(long timestampFrequency)
{
    private long _count;
    private long _since;
    private double _rate;

    /// <summary>The rate since the last reading; readings less than a second apart give the one before.</summary>
    /// <param name="count">The count now.</param>
    /// <param name="now">Monotonic timestamp.</param>
    public double Read(long count, long now)
    {
        double seconds = (double)(now - _since) / timestampFrequency;
        if (_since != 0 && seconds < 1) return _rate;
        _rate = _since == 0 || seconds <= 0 ? 0 : (count - _count) / seconds;
        (_count, _since) = (count, now);
        return _rate;
    }
}
