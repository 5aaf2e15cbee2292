namespace EdgeInfer.Fetching;

/// <summary>Spreads bytes over time, so that a download leaves the line to others. Not thread-safe.</summary>
/// <param name="bytesPerSecond">At least 1.</param>
/// <param name="time">For the pauses.</param>
internal sealed class RateLimit(long bytesPerSecond, TimeProvider time)
{
    private const int LeastPieceBytes = 1 << 10;
    private const int MostPieceBytes = 128 << 10;

    // Time that was not used counts up to this: a line that has stood still is not caught up with.
    private readonly long _credit = time.TimestampFrequency / 4;
    private long _paidUntil = long.MinValue;

    /// <summary>How much to read at a time: an eighth of a second's share, so that pauses are short and the server's patience is not tried.</summary>
    public int PieceBytes => (int)Math.Clamp(bytesPerSecond / 8, LeastPieceBytes, MostPieceBytes);

    /// <summary>Accounts for bytes that have come, and waits until more may.</summary>
    /// <returns>Whether it waited.</returns>
    public async ValueTask<bool> Take(int bytes, CancellationToken stop)
    {
        long now = time.GetTimestamp();
        _paidUntil = Math.Max(_paidUntil, now - _credit) + (long)(bytes * (double)time.TimestampFrequency / bytesPerSecond);
        TimeSpan ahead = time.GetElapsedTime(now, _paidUntil);
        if (ahead <= TimeSpan.Zero) return false;
        await Task.Delay(ahead, time, stop).ConfigureAwait(false);
        return true;
    }
}
