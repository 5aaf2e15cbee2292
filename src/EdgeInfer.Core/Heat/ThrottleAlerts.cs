using EdgeInfer.Posix;

namespace EdgeInfer.Heat;

/// <summary>A Jetson's cooling devices that stand for throttling in hardware (<c>cpu-throttle-alert</c>, <c>gpu-throttle-alert</c>).</summary>
/// <param name="files">The system.</param>
internal sealed class ThrottleAlerts(SystemFiles files)
{
    private const int Most = 16;

    private string[] _states = [];

    /// <summary>Looks them up.</summary>
    public void Find() => _states = [.. files.List("/sys/class/thermal", "cooling_device*")
        .Where(device => files.Text(device + "/type")?.Contains("throttle-alert", StringComparison.Ordinal) == true).Select(static device => device + "/cur_state").Take(Most)];

    /// <summary>Reads them.</summary>
    /// <param name="now">Gains what is at work now.</param>
    /// <returns>Whether there is any.</returns>
    public bool Read(ref ThrottleReasons now)
    {
        bool isTold = false;
        foreach (string path in _states)
        {
            if (files.Number(path) is not { } state) continue;
            isTold = true;
            if (state > 0) now |= ThrottleReasons.Throttled;
        }

        return isTold;
    }
}
