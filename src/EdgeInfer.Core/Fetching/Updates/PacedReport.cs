namespace EdgeInfer.Fetching.Updates;

/// <summary>Passes on how a download comes along, at a bounded rate: the first and the last word of each file, and in between one now and then.</summary>
/// <param name="inner">Is told.</param>
/// <param name="pace">The shortest time between two words.</param>
/// <param name="time">Measures it.</param>
internal sealed class PacedReport(IPullReport inner, TimeSpan pace, TimeProvider time) : IPullReport
{
    private long? _last;
    private long _received;
    private long _told;

    /// <inheritdoc/>
    public void Say(string line) => inner.Say(line);

    /// <inheritdoc/>
    public void Begin(string name, long received, long? total)
    {
        _received = _told = received;
        _last = time.GetTimestamp();
        inner.Begin(name, received, total);
    }

    /// <inheritdoc/>
    public void Received(long bytes)
    {
        _received = bytes;
        if (_last is { } last && time.GetElapsedTime(last) < pace) return;
        Tell();
    }

    /// <inheritdoc/>
    public void End()
    {
        if (_told != _received) Tell();
        inner.End();
    }

    private void Tell()
    {
        _last = time.GetTimestamp();
        _told = _received;
        inner.Received(_received);
    }
}
