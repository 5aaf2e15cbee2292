using System.Globalization;
using EdgeInfer.Inference.Interop;

namespace EdgeInfer.Inference;

/// <summary>How many processors this process may really use: by affinity and by the control group's CPU quota.</summary>
/// <param name="Affine">Processors of the affinity mask.</param>
/// <param name="Quota">Processors' worth of time by the tightest quota; null where there is none.</param>
internal readonly record struct ProcessorAllowance(int Affine, double? Quota)
{
    /// <summary>More threads than this gained nothing for models of this size and take the cores from the cameras.</summary>
    public const int MostAutomaticThreads = 4;

    /// <summary>
    /// Threads of one inference where the configuration says <c>auto</c>: min(4, processors). A quota counts rounded down, at least 1: with more
    /// threads than quota, the kernel stops all of them in the middle of a run until the next period.
    /// </summary>
    public int AutomaticThreads
    {
        get
        {
            int threads = Math.Clamp(Affine, 1, MostAutomaticThreads);
            return Quota is { } quota ? Math.Clamp((int)quota, 1, threads) : threads;
        }
    }

    /// <summary>Reads both for this process.</summary>
    public static ProcessorAllowance Read() => new(NativeEnvironment.CountAffineProcessors(), ReadQuota("/"));

    /// <summary>The tightest CPU quota of the control groups this process is in, version 1 or 2; null where there is none.</summary>
    /// <param name="root">The file system's root; another in tests.</param>
    public static double? ReadQuota(string root)
    {
        double? tightest = null;
        foreach ((string mount, string group, bool isUnified) in Groups(root))
        {
            // A group may use no more than any group above it; inside a container the path may lie outside what is mounted.
            for (string? path = group; path is not null; path = path.Length <= 1 ? null : Path.GetDirectoryName(path))
            {
                string folder = Path.Combine(mount, path.TrimStart('/'));
                double? quota = isUnified ? UnifiedQuota(folder) : LegacyQuota(folder);
                if (quota is { } value && (tightest is null || value < tightest)) tightest = value;
            }
        }

        return tightest;
    }

    private static List<(string Mount, string Group, bool IsUnified)> Groups(string root)
    {
        List<(string, string, bool)> groups = [];
        string cgroups = Path.Combine(root, "sys/fs/cgroup");
        foreach (string line in Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length != 3 || !parts[2].StartsWith('/')) continue;
            if (parts[1].Length == 0) groups.Add((cgroups, parts[2], true));
            else if (parts[1].Split(',').Contains("cpu")) groups.Add((LegacyMount(cgroups, parts[1]), parts[2], false));
        }

        return groups;
    }

    private static string LegacyMount(string cgroups, string controllers)
    {
        string together = Path.Combine(cgroups, controllers);
        return Directory.Exists(together) ? together : Path.Combine(cgroups, "cpu");
    }

    // cpu.max: "max 100000" or "150000 100000"
    private static double? UnifiedQuota(string folder)
    {
        string[] words = Lines(Path.Combine(folder, "cpu.max")).FirstOrDefault("").Split(' ');
        return words.Length == 2 ? Ratio(words[0], words[1]) : null;
    }

    // cpu.cfs_quota_us: -1 or microseconds of each cpu.cfs_period_us
    private static double? LegacyQuota(string folder)
        => Ratio(Lines(Path.Combine(folder, "cpu.cfs_quota_us")).FirstOrDefault(""), Lines(Path.Combine(folder, "cpu.cfs_period_us")).FirstOrDefault(""));

    private static double? Ratio(string quota, string period)
        => long.TryParse(quota, NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds > 0
            && long.TryParse(period, NumberStyles.None, CultureInfo.InvariantCulture, out long every) && every > 0
            ? (double)microseconds / every
            : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
