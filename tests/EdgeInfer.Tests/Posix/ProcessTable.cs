using System.Diagnostics;
using System.Globalization;

namespace EdgeInfer.Tests.Posix;

/// <summary>What <c>/proc</c> says of processes.</summary>
internal static class ProcessTable
{
    /// <summary>Waits until a group that was killed has no living members.</summary>
    public static void AwaitEndOfGroup(int group, TimeSpan patience)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (OfGroup(group) is { Count: > 0 } living)
        {
            Assert.True(waited.Elapsed < patience, "these live on: " + string.Join('\n', living));
            Thread.Yield();
        }
    }

    /// <summary>The living members of a process group: what has ended and waits to be reaped by somebody else does not count.</summary>
    private static List<string> OfGroup(int group)
    {
        List<string> members = [];
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _)) continue;
            try
            {
                // pid (name) state ppid pgrp …; the name may hold anything.
                string stat = File.ReadAllText(Path.Combine(folder, "stat"));
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (fields[0] is not ("Z" or "X") && fields[2] == group.ToString(CultureInfo.InvariantCulture)) members.Add(stat);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return members;
    }
}
