using System.Globalization;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>
/// The memory that a process has taken for itself, in RAM or in swap. Pages of files are left out: the kernel takes them away and
/// brings them back as it likes, and no leak is made of them.
/// </summary>
internal static class OwnMemory
{
    /// <summary>Reads it.</summary>
    /// <param name="process">The process's id.</param>
    public static long Kilobytes(int process) => File.ReadLines($"/proc/{process}/status")
        .Where(static line => line.StartsWith("RssAnon:", StringComparison.Ordinal) || line.StartsWith("VmSwap:", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
}
