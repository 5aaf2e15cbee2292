using EdgeInfer.Diagnostics;

namespace EdgeInfer.Updates;

/// <summary>When something that failed is tried again, by a clock that nobody sets. One thread at a time.</summary>
/// <param name="backoff">How long each further failure makes it wait.</param>
/// <param name="time">The clock.</param>
internal sealed class LaterTry(Backoff backoff, TimeProvider time)
{
    private long? _dueTimestamp;

    /// <summary>Whether it failed, and is to be tried again.</summary>
    public bool IsOutstanding => _dueTimestamp is not null;

    /// <summary>Whether it failed, and its time to be tried again has come.</summary>
    public bool IsDue => IsOutstanding && Wait == TimeSpan.Zero;

    /// <summary>How long until it is due; infinite where nothing is to be tried.</summary>
    public TimeSpan Wait
    {
        get
        {
            if (_dueTimestamp is not { } due) return Timeout.InfiniteTimeSpan;
            TimeSpan left = time.GetElapsedTime(time.GetTimestamp(), due);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>It failed, or could not even be tried.</summary>
    public void Put() => _dueTimestamp = time.GetTimestamp() + (long)(backoff.Next().TotalSeconds * time.TimestampFrequency);

    /// <summary>It succeeded.</summary>
    public void Done()
    {
        _dueTimestamp = null;
        backoff.Reset();
    }
}
