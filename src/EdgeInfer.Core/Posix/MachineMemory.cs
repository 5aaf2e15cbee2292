using System.Globalization;

namespace EdgeInfer.Posix;

/// <summary>Memory as the kernel tells it (<c>/proc/meminfo</c>), and the control group that limits this process; null where it does not say.</summary>
/// <param name="TotalBytes">What the machine has.</param>
/// <param name="AvailableBytes">What programs could have without anything being swapped out.</param>
/// <param name="SwapBytes">Swap space.</param>
/// <param name="Group">The group's limit and use; null for none.</param>
internal readonly record struct MachineMemory(long? TotalBytes, long? AvailableBytes, long? SwapBytes, GroupMemory? Group)
{
    /// <summary>The most that a process of this group could ever have.</summary>
    public long? MostBytes => Group is { } group && !(TotalBytes < group.LimitBytes) ? group.LimitBytes : TotalBytes;

    /// <summary>What a process of this group could have now.</summary>
    public long? FreeBytes
    {
        get
        {
            long? left = Group is { } group ? Math.Max(0, group.LimitBytes - (group.UsedBytes ?? 0)) : null;
            return left is null || AvailableBytes < left ? AvailableBytes : left;
        }
    }

    /// <summary>Reads it.</summary>
    public static MachineMemory Read(SystemFiles files)
    {
        string[] lines = files.Lines("/proc/meminfo");
        return new(Kibibytes(lines, "MemTotal:"), Kibibytes(lines, "MemAvailable:"), Kibibytes(lines, "SwapTotal:"), GroupMemory.Read(files.Text));
    }

    /// <summary>The value of a line such as <c>VmRSS:   12345 kB</c> in bytes, as files of <c>/proc</c> have them.</summary>
    public static long? Kibibytes(string[] lines, string key)
    {
        string? line = Array.Find(lines, l => l.StartsWith(key, StringComparison.Ordinal));
        string[] words = (line ?? "").Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 1 && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value << 10 : null;
    }
}
