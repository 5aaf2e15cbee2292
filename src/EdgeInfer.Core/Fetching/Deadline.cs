namespace EdgeInfer.Fetching;

/// <summary>A token that ends with a stop or after a time; which of the two it was, the stop itself says.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly TimeSpan _patience;
    private readonly CancellationTokenSource _time;
    private readonly CancellationTokenSource _either;

    /// <summary>Begins at once.</summary>
    public Deadline(TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        _patience = patience;
        _time = new CancellationTokenSource(patience, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_time.Token, stop);
    }

    /// <summary>Ends with the stop or the time.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Whether the time is over.</summary>
    public bool IsOver => _time.IsCancellationRequested;

    /// <summary>Begins anew.</summary>
    public void Extend() => _time.CancelAfter(_patience);

    /// <inheritdoc/>
    public void Dispose()
    {
        _either.Dispose();
        _time.Dispose();
    }
}
