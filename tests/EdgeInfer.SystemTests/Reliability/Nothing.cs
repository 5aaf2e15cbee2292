using System.Text.Json;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The account at the end of a fault: each number of the stream has arrived or stands in a declared gap.</summary>
internal static class Nothing
{
    /// <summary>Stops the agent once everything has gone out, and holds what has arrived against what it made.</summary>
    public static async Task IsLost(NetworkRig rig, Arrivals arrivals, Link? link, string fault, int duplicates = 32)
    {
        await rig.Status.Until(s => !s.TryGetProperty("outbox", out JsonElement box) || box.GetProperty("messages").GetInt64() == 0, $"{fault}: the backlog is gone");
        long upTo = await rig.Results();
        await arrivals.Until(() => arrivals.Last.Sequence >= upTo, $"{fault}: what was made by now arrives");
        await rig.Stop();
        long last = arrivals.Predictions.Max(p => p.Sequence);
        await arrivals.Until(() => Absent(arrivals, last).Count == 0, $"{fault}: every message has arrived or is declared lost; absent {string.Join(' ', Absent(arrivals, last).Take(20))}", TimeSpan.FromSeconds(10));
        int more = arrivals.Count - arrivals.Predictions.Select(p => (p.Boot, p.Sequence)).Distinct().Count();
        Assert.True(more <= duplicates, $"{fault}: {more} duplicates");
        if (link is null) return;
        HashSet<(long, long)> arrived = [.. arrivals.Predictions.Select(p => (p.Boot, p.Sequence))];
        Assert.DoesNotContain(link.Acknowledged.Keys, k => !arrived.Contains(k));
    }

    /// <summary>Numbers that have neither arrived nor are declared lost.</summary>
    public static List<long> Absent(Arrivals arrivals, long upTo)
    {
        HashSet<long> declared = [];
        foreach (JsonElement gap in arrivals.Gaps)
        {
            if (!gap.TryGetProperty("from_seq", out JsonElement from)) continue;
            for (long number = from.GetInt64(); number <= gap.GetProperty("to_seq").GetInt64(); number++) declared.Add(number);
        }

        return [.. arrivals.Missing(arrivals.Predictions.Max(p => p.Boot), upTo).Where(n => !declared.Contains(n))];
    }
}
