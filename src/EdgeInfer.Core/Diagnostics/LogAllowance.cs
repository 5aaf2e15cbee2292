namespace EdgeInfer.Diagnostics;

/// <summary>So many lines of the log in a time, however often others make something happen that is worth one. Any thread.</summary>
/// <param name="lines">Lines.</param>
/// <param name="over">The time.</param>
/// <param name="time">Clock.</param>
internal sealed class LogAllowance(int lines, TimeSpan over, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long? _began;
    private int _taken;
    private long _leftOut;

    /// <summary>Asks for a line.</summary>
    /// <param name="leftOut">Lines that were not given since the last one that was; not 0 with the first of a new time alone.</param>
    /// <returns>Whether it may be written.</returns>
    public bool TryTake(out long leftOut)
    {
        lock (_lock)
        {
            leftOut = 0;
            long now = time.GetTimestamp();
            if (_began is not { } began || time.GetElapsedTime(began, now) >= over)
            {
                (leftOut, _leftOut) = (_leftOut, 0);
                (_began, _taken) = (now, 0);
            }

            if (_taken < lines)
            {
                _taken++;
                return true;
            }

            _leftOut++;
            return false;
        }
    }
}
