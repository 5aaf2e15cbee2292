using System.Globalization;

namespace EdgeInfer.Posix;

/// <summary>What a control group allows this process to hold.</summary>
internal static class MemoryLimit
{
    // Version 1 says "none" by a number near the largest.
    private const long NoLimit = 1L << 50;

    /// <summary>The tightest limit, in bytes, of the control groups that this process is in, version 1 or 2; null where there is none.</summary>
    /// <param name="root">The file system's root; another in tests.</param>
    public static long? Read(string root)
    {
        long? tightest = null;
        foreach (string line in Text(Path.Combine(root, "proc/self/cgroup")).Split('\n'))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length != 3 || !parts[2].StartsWith('/')) continue;
            bool isUnified = parts[1].Length == 0;
            if (!isUnified && !parts[1].Split(',').Contains("memory")) continue;
            string mount = Path.Combine(root, isUnified ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
            string name = isUnified ? "memory.max" : "memory.limit_in_bytes";

            // A group may hold no more than any group above it; inside a container the path may lie outside what is mounted.
            for (string? group = parts[2]; group is not null; group = group.Length <= 1 ? null : Path.GetDirectoryName(group))
            {
                string limit = Text(Path.Combine(mount, group.TrimStart('/'), name)).Trim();
                if (long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes < NoLimit && (tightest is null || bytes < tightest)) tightest = bytes;
            }
        }

        return tightest;
    }

    private static string Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
