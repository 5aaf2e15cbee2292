using EdgeInfer.Posix;

namespace EdgeInfer.Heat;

/// <summary>
/// Counters of throttling: a Jetson's electrical events (<c>ocN_event_cnt</c>, the first is under-voltage, the others over-current) and an
/// x86 processor's thermal ones. One that has risen since the last reading is at work now.
/// </summary>
/// <param name="files">The system.</param>
internal sealed class EventCounts(SystemFiles files)
{
    private const int MostCounters = 8;

    private readonly Dictionary<string, long> _last = new(StringComparer.Ordinal);
    private (string Path, ThrottleReasons Reason)[] _counters = [];

    /// <summary>Looks up the counters.</summary>
    public void Find()
    {
        IEnumerable<(string, ThrottleReasons)> jetson = files.List("/sys/class/hwmon").SelectMany(sensor => files.List(sensor, "oc*_event_cnt"))
            .Select(static path => (path, Path.GetFileName(path) == "oc1_event_cnt" ? ThrottleReasons.UnderVoltage : ThrottleReasons.OverCurrent));
        IEnumerable<(string, ThrottleReasons)> x86 = files.List("/sys/devices/system/cpu/cpu0/thermal_throttle", "package_throttle_count")
            .Select(static path => (path, ThrottleReasons.Throttled));
        _counters = [.. jetson.Concat(x86).Take(MostCounters)];
    }

    /// <summary>Reads them.</summary>
    /// <param name="now">Gains what has been counted since the last reading.</param>
    /// <param name="sinceStart">Gains what has been counted since the device was switched on.</param>
    /// <returns>Whether there is any.</returns>
    public bool Read(ref ThrottleReasons now, ref ThrottleReasons sinceStart)
    {
        bool isTold = false;
        foreach ((string path, ThrottleReasons reason) in _counters)
        {
            if (files.Number(path) is not { } count) continue;
            isTold = true;
            if (count > 0) sinceStart |= reason;
            if (_last.TryGetValue(path, out long before) && count > before) now |= reason;
            _last[path] = count;
        }

        return isTold;
    }
}
