using System.Runtime.InteropServices;

namespace EdgeInfer.Inference;

/// <summary>What makes one processor compute differently from another, for things that are tuned to it.</summary>
internal static class ProcessorIdentity
{
    private static readonly string[] s_keys = ["model name", "flags", "Features", "CPU implementer", "CPU part", "CPU variant"];

    /// <summary>Name and features of every kind of core; null where the kernel does not show them (<c>ProcSubset=pid</c>).</summary>
    /// <param name="root">The file system's root; another in tests.</param>
    public static string? Read(string root)
    {
        SortedSet<string> facts = new(StringComparer.Ordinal);
        try
        {
            foreach (string line in File.ReadLines(Path.Combine(root, "proc/cpuinfo")))
            {
                string key = line.Split(':', 2)[0].Trim();
                if (s_keys.Contains(key)) facts.Add(line.Replace('\t', ' '));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return facts.Count == 0 ? null : $"{RuntimeInformation.ProcessArchitecture}\n{string.Join('\n', facts)}";
    }
}
