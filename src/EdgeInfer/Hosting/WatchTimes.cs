using System.Globalization;

namespace EdgeInfer.Hosting;

/// <summary>What the service manager asks for in time.</summary>
/// <param name="Watchdog">It ends a service that says nothing for so long; null where it does not watch.</param>
internal readonly record struct WatchTimes(TimeSpan? Watchdog)
{
    // A thread that sleeps says so once a second: less than a few of them would end a healthy agent on a busy device.
    private static readonly TimeSpan s_shortestStep = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_usualStep = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longestInterval = TimeSpan.FromSeconds(5);

    /// <summary>What one step of a pipeline may take: as long as the watchdog's own time, so that one setting of the unit says both.</summary>
    public TimeSpan LongestStep => Watchdog is not { } own ? s_usualStep : own > s_shortestStep ? own : s_shortestStep;

    /// <summary>How often the service manager hears of the agent: four times in the watchdog's time, of which two may be late.</summary>
    public TimeSpan Interval => Watchdog is { } own && own / 4 < s_longestInterval ? own / 4 : s_longestInterval;

    /// <summary>As sd_watchdog_enabled(3) reads them: the time in microseconds, and the process that it is meant for.</summary>
    /// <param name="variables">The environment.</param>
    /// <param name="process">This process.</param>
    public static WatchTimes Of(IReadOnlyDictionary<string, string> variables, int process)
    {
        if (!variables.TryGetValue("WATCHDOG_USEC", out string? text)
            || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) || microseconds is 0 or > long.MaxValue / TimeSpan.TicksPerMicrosecond) return default;
        bool isOthers = variables.TryGetValue("WATCHDOG_PID", out string? owner) && owner != process.ToString(CultureInfo.InvariantCulture);
        return isOthers ? default : new(TimeSpan.FromMicroseconds(microseconds));
    }
}
