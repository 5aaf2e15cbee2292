namespace EdgeInfer.Pipeline;

/// <summary>Lets through at most so many frames a second, evenly; the others are dropped before they are decoded.</summary>
/// <param name="framesPerSecond">Frames a second, or null for all.</param>
/// <param name="timestampFrequency">Units of a second of the timestamps passed in.</param>
public sealed class RateGate(double? framesPerSecond, long timestampFrequency)
{
    private double _interval = framesPerSecond is { } rate ? timestampFrequency / rate : 0;
    private double _due = double.MinValue;

    /// <summary>Another rate from the next turn on, which stays on the grid of the last one.</summary>
    /// <param name="framesPerSecond">Frames a second, or null for all.</param>
    public void Limit(double? framesPerSecond)
    {
        double interval = framesPerSecond is { } rate ? timestampFrequency / rate : 0;
        _due += interval - _interval;
        _interval = interval;
    }

    /// <summary>Whether a frame that is ready now may pass; if so, its turn is used up.</summary>
    /// <param name="now">Monotonic timestamp.</param>
    public bool TryPass(long now)
    {
        // A camera's frames come a little early or late: that must not cost a whole frame interval.
        double slack = Math.Min(_interval / 8, timestampFrequency / 200.0);
        if (now < _due - slack) return false;

        // Turns follow the grid while frames keep up, and start anew after a pause, so that a pause is not made up for by a burst.
        _due = now - _due > _interval ? now + _interval : _due + _interval;
        return true;
    }

    /// <summary>How long a frame that can wait (a file) has to, until its turn; zero when it may pass.</summary>
    /// <param name="now">Monotonic timestamp.</param>
    public TimeSpan Wait(long now) => _due <= now ? TimeSpan.Zero : TimeSpan.FromSeconds((_due - now) / timestampFrequency);
}
