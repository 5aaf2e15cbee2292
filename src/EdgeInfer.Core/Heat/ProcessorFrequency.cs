using EdgeInfer.Posix;

namespace EdgeInfer.Heat;

/// <summary>The processor's frequency as cpufreq tells it; of several clusters the fastest counts.</summary>
/// <param name="files">The system.</param>
internal sealed class ProcessorFrequency(SystemFiles files)
{
    // x86 has a policy per core, all alike; on Arm each cluster is one.
    private const int MostPolicies = 8;
    private const long Kilo = 1000;

    private string[] _now = [];
    private string[] _allowed = [];

    /// <summary>The highest that the processor has, in Hz.</summary>
    public long? HighestHz { get; private set; }

    /// <summary>Looks up the files.</summary>
    public void Find()
    {
        string[] policies = [.. files.List("/sys/devices/system/cpu/cpufreq", "policy*").Take(MostPolicies)];
        _now = [.. policies.Select(static p => p + "/scaling_cur_freq")];
        _allowed = [.. policies.Select(static p => p + "/scaling_max_freq")];
        HighestHz = Highest([.. policies.Select(static p => p + "/cpuinfo_max_freq")]);
    }

    /// <summary>The fastest core's now, in Hz.</summary>
    public long? Now() => Highest(_now);

    /// <summary>The highest that is allowed now, in Hz.</summary>
    public long? Allowed() => Highest(_allowed);

    private long? Highest(string[] paths)
    {
        long? highest = null;
        foreach (string path in paths)
            if (files.Number(path) is > 0 and <= long.MaxValue / Kilo and { } kilohertz && (highest is not { } known || kilohertz * Kilo > known)) highest = kilohertz * Kilo;
        return highest;
    }
}
