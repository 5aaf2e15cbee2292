namespace EdgeInfer.Sources.Children;

/// <summary>Says how long to wait so that frames come no faster than they should.</summary>
internal struct Tempo(double? framesPerSecond, TimeProvider time)
{
    private readonly long _interval = framesPerSecond is { } rate ? (long)(time.TimestampFrequency / rate) : 0;
    private long _due = time.GetTimestamp();

    /// <summary>To be called once per frame: how long until the next one is due. A late frame moves those after it.</summary>
    public TimeSpan Next()
    {
        if (_interval == 0) return TimeSpan.Zero;
        long now = time.GetTimestamp();
        _due = Math.Max(_due + _interval, now);
        return time.GetElapsedTime(now, _due);
    }
}
