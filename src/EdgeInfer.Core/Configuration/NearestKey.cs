namespace EdgeInfer.Configuration;

/// <summary>Finds the known key that a misspelt one most likely means.</summary>
public static class NearestKey
{
    /// <summary>The nearest of <paramref name="known"/> by edit distance (insert, delete, replace, swap), or null when none is near.</summary>
    public static string? Find(string written, IEnumerable<string> known)
    {
        string? best = null;
        int bestDistance = Math.Max(2, written.Length / 3) + 1;
        foreach (string candidate in known)
        {
            // At least so many letters too many: none of them can be near, and what came from elsewhere may be long.
            if (written.Length >= 2 * candidate.Length) continue;
            int distance = Distance(written.ToLowerInvariant().Replace('-', '_'), candidate.ToLowerInvariant().Replace('-', '_'));
            if (distance < bestDistance && distance < candidate.Length) (best, bestDistance) = (candidate, distance);
        }

        return best;
    }

    // Optimal string alignment.
    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }

        return d[a.Length, b.Length];
    }
}
