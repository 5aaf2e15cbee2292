namespace EdgeInfer.Pipeline;

/// <summary>
/// Counts the results of one pipeline from 1 (<c>seq</c>), over all its models and over every restart of it while the agent runs.
/// Any thread.
/// </summary>
internal sealed class ResultNumbers
{
    private long _last;

    /// <summary>The next number.</summary>
    public long Next() => Interlocked.Increment(ref _last);
}
