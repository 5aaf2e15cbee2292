using System.Security.Cryptography;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What kills, cuts and years leave in a store and nothing names.</summary>
internal static class Litter
{
    private static readonly byte[] s_orphan = "a file of no release"u8.ToArray();
    private static readonly string s_digest = new('5', 64);
    private static readonly DateTime s_longAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Makes it in a state folder.</summary>
    public static async Task Make(string state)
    {
        string generations = Path.Combine(state, "models", ReleaseShelf.ModelName, "gen"), building = Path.Combine(state, "staging", ReleaseShelf.ModelName);
        string one = Assert.Single(Directory.GetDirectories(generations, "1-*"));
        Directory.CreateDirectory(Path.Combine(building, "gen"));
        Directory.CreateDirectory(Path.Combine(building, "old"));
        foreach (string copy in Copies(state)) await ReleaseShelf.CopyTree(one, copy);
        File.WriteAllBytes(Orphan(state), s_orphan);
        foreach (string old in new[] { $"staging/{s_digest}.part", $"staging/{s_digest}.part.json", $"blobs/quarantine/{s_digest}" })
        {
            string path = Path.Combine(state, old);
            File.WriteAllText(path, "old");
            File.SetLastWriteTimeUtc(path, s_longAgo);
        }
    }

    /// <summary>What of it is still there.</summary>
    public static IReadOnlyList<string> Left(string state)
    {
        List<string> left = [.. Copies(state).Where(Directory.Exists)];
        left.AddRange(new[] { "staging", "blobs/quarantine" }.SelectMany(folder => Directory.GetFileSystemEntries(Path.Combine(state, folder))));
        if (File.Exists(Orphan(state))) left.Add(Orphan(state));
        return left;
    }

    private static string Orphan(string state) => Path.Combine(state, "blobs", "sha256", Convert.ToHexStringLower(SHA256.HashData(s_orphan)));

    private static string[] Copies(string state) =>
    [
        Path.Combine(state, "models", ReleaseShelf.ModelName, "gen", "9-deadbeef"), Path.Combine(state, "staging", ReleaseShelf.ModelName, "gen", "8-cafecafe"),
        Path.Combine(state, "staging", ReleaseShelf.ModelName, "old", "7-0badf00d"),
    ];
}
