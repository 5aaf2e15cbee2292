using System.Globalization;

namespace EdgeInfer.Posix;

/// <summary>Memory of the control group that limits this process the most (<c>MemoryMax=</c> of a unit, <c>--memory</c> of a container).</summary>
/// <param name="LimitBytes">The most it may use.</param>
/// <param name="UsedBytes">What it uses and the kernel could not take back at once: without the files that are only cached. Null where the kernel does not say.</param>
/// <param name="Kills">Processes of the group that were killed for its memory since it was made.</param>
internal readonly record struct GroupMemory(long LimitBytes, long? UsedBytes, long Kills)
{
    private const string Unified = "/sys/fs/cgroup";
    private const string Version1 = "/sys/fs/cgroup/memory";

    // Version 1 says "none" by a number near the largest.
    private const long NoLimitBytes = 1L << 50;

    /// <summary>Reads it; null where no group limits this process.</summary>
    /// <param name="text">A file's text; null where it cannot be read.</param>
    public static GroupMemory? Read(Func<string, string?> text)
    {
        (string Folder, bool IsUnified, long Limit)? tightest = null;
        foreach (string line in (text("/proc/self/cgroup") ?? "").Split('\n', StringSplitOptions.TrimEntries))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length != 3 || !parts[2].StartsWith('/')) continue;
            bool isUnified = parts[1].Length == 0;
            if (!isUnified && !parts[1].Split(',').Contains("memory")) continue;
            string mount = isUnified ? Unified : Version1;
            for (string? group = parts[2]; group is not null; group = group.Length <= 1 ? null : Path.GetDirectoryName(group))
            {
                string folder = mount + group.TrimEnd('/');
                if (Number(text($"{folder}/{(isUnified ? "memory.max" : "memory.limit_in_bytes")}")) is { } limit && limit < NoLimitBytes
                    && (tightest is not { } best || limit < best.Limit)) tightest = (folder, isUnified, limit);
            }
        }

        if (tightest is not { } found) return null;
        return found.IsUnified ? OfUnified(found.Folder, found.Limit, text) : OfVersion1(found.Folder, found.Limit, text);
    }

    /// <summary>A file of the system itself.</summary>
    public static string? SystemText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static GroupMemory OfUnified(string folder, long limit, Func<string, string?> text) => new(
        limit,
        InUse(text($"{folder}/memory.current"), Entry(text($"{folder}/memory.stat"), "inactive_file")),
        Entry(text($"{folder}/memory.events"), "oom_kill") ?? 0);

    // The usage counts the groups below, so what is cached has to be the sum that does, too. Kernels before 4.13 count no kills.
    private static GroupMemory OfVersion1(string folder, long limit, Func<string, string?> text) => new(
        limit,
        InUse(text($"{folder}/memory.usage_in_bytes"), Entry(text($"{folder}/memory.stat"), "total_inactive_file")),
        Entry(text($"{folder}/memory.oom_control"), "oom_kill") ?? 0);

    private static long? InUse(string? all, long? cached) => Number(all) is { } bytes ? Math.Max(0, bytes - (cached ?? 0)) : null;

    private static long? Entry(string? text, string key)
    {
        foreach (string line in (text ?? "").Split('\n'))
            if (line.StartsWith(key, StringComparison.Ordinal) && line.Length > key.Length && line[key.Length] == ' ') return Number(line[key.Length..]);
        return null;
    }

    private static long? Number(string? text)
        => long.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
}
