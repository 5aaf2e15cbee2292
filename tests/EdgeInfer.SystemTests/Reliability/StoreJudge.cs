using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>
/// What lies on a device's disk, read without a line of the product: the commit point by its own checksum, each generation that it names against
/// the files that were published, each fetched file against its name.
/// </summary>
internal sealed record StoreReading
{
    /// <summary>The generation that serves; null where none does yet.</summary>
    public long? Active { get; private set; }

    /// <summary>The one on trial.</summary>
    public long? Trial { get; private set; }

    /// <summary>What the model is held at.</summary>
    public long? Pin { get; private set; }

    /// <summary>Releases that are not to be tried again.</summary>
    public IReadOnlyList<long> Refused { get; private set; } = [];

    /// <summary>The version of the newest signed timestamp that the device has accepted.</summary>
    public long Timestamp { get; private set; }

    /// <summary>The root that it trusts; null where it trusts none.</summary>
    public byte[]? Root { get; private set; }

    /// <summary>What is broken.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Reads a state folder; nobody may be writing to it.</summary>
    public static StoreReading Of(ReleaseShelf shelf, string stateFolder)
    {
        StoreReading reading = new();
        reading.ReadSlots(shelf, Path.Combine(stateFolder, "models", ReleaseShelf.ModelName));
        reading.ReadBlobs(Path.Combine(stateFolder, "blobs", "sha256"));
        if (Checked(Path.Combine(stateFolder, "jobs", "refused", $"{ReleaseShelf.ModelName}.json"), reading.Faults) is { } refused)
            reading.Refused = [.. refused.GetProperty("releases").EnumerateArray().Select(static r => r.GetProperty("seq").GetInt64())];
        Checked(Path.Combine(stateFolder, "jobs", $"{ReleaseShelf.ModelName}.json"), reading.Faults);
        string tuf = Path.Combine(stateFolder, "tuf");
        reading.Timestamp = VersionOf(Path.Combine(tuf, "timestamp.json"), reading.Faults);
        foreach (string role in new[] { "snapshot.json", "targets.json", "delegated/models.json", "delegated/rollout.json" }) VersionOf(Path.Combine(tuf, role), reading.Faults);
        string root = Path.Combine(tuf, "root.json");
        if (File.Exists(root)) reading.Root = File.ReadAllBytes(root);
        return reading;
    }

    /// <summary>The version of signed metadata; 0 where there are none.</summary>
    public static long VersionOf(string path, List<string>? faults = null)
    {
        if (!File.Exists(path)) return 0;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.GetProperty("signed").GetProperty("version").GetInt64();
        }
        catch (Exception e) when (IsTorn(e))
        {
            faults?.Add($"{path} is torn: {e.Message}");
            return 0;
        }
    }

    // What a power cut leaves in a file's place may be JSON by chance: a number, say.
    private static bool IsTorn(Exception e) => e is JsonException or InvalidOperationException or KeyNotFoundException;

    /// <inheritdoc/>
    public override string ToString()
        => $"active {Active}, trial {Trial}, pin {Pin}, refused [{string.Join(",", Refused)}], timestamp {Timestamp}{string.Concat(Faults.Select(static f => $"; {f}"))}";

    private void ReadSlots(ReleaseShelf shelf, string folder)
    {
        string path = Path.Combine(folder, "slots.json");
        if (!File.Exists(path))
        {
            if (File.Exists(path + ".copy")) Faults.Add("the commit point is gone and its copy is there");
            return;
        }

        if (Checked(path, Faults) is not { } slots) return;
        Active = Named(slots, "active", shelf, folder);
        Named(slots, "previous", shelf, folder);
        if (slots.TryGetProperty("trial", out JsonElement trial)) Trial = Named(trial, "generation", shelf, folder);
        if (slots.TryGetProperty("pin", out JsonElement pin)) Pin = pin.GetInt64();
    }

    private long? Named(JsonElement slots, string slot, ReleaseShelf shelf, string folder)
    {
        if (!slots.TryGetProperty(slot, out JsonElement generation)) return null;
        long seq = generation.GetProperty("seq").GetInt64();
        string manifest = generation.GetProperty("manifest").GetString()!;
        Compare(shelf, seq, manifest, Path.Combine(folder, "gen", $"{seq}-{manifest[..8]}"));
        return seq;
    }

    private void Compare(ReleaseShelf shelf, long seq, string manifest, string folder)
    {
        if (!Directory.Exists(folder))
        {
            Faults.Add($"the commit point names {Path.GetFileName(folder)}, which is not there");
            return;
        }

        string own = Path.Combine(folder, ".release", "manifest");
        if (!File.Exists(own) || Hash(own) != manifest) Faults.Add($"{own} is not what the commit point names");
        else if (seq > 0 && !File.ReadAllBytes(own).AsSpan().SequenceEqual(shelf.Manifest(seq))) Faults.Add($"{own} is not what was signed");
        string published = shelf.Model(seq);
        string[] wanted = Files(published), found = [.. Files(folder).Where(static f => !f.StartsWith(".release/", StringComparison.Ordinal))];
        if (!wanted.SequenceEqual(found)) Faults.Add($"{folder} has {string.Join(", ", found)} instead of {string.Join(", ", wanted)}");
        foreach (string file in wanted.Intersect(found))
            if (Hash(Path.Combine(folder, file)) != Hash(Path.Combine(published, file))) Faults.Add($"{folder}/{file} is not what was published");
    }

    private void ReadBlobs(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (string path in Directory.GetFiles(folder))
            if (Hash(path) != Path.GetFileName(path)) Faults.Add($"{path} has other bytes than its name says");
    }

    // {"sha256":"…","content":…}: the digest is over the content's exact bytes.
    private static JsonElement? Checked(string path, List<string> faults)
    {
        if (!File.Exists(path)) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement content = document.RootElement.GetProperty("content");
            string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content.GetRawText())));
            if (digest == document.RootElement.GetProperty("sha256").GetString()) return content.Clone();
            faults.Add($"{path} has another checksum");
        }
        catch (Exception e) when (IsTorn(e))
        {
            faults.Add($"{path} is torn: {e.Message}");
        }

        return null;
    }

    private static string[] Files(string folder)
        => [.. Directory.GetFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];

    private static string Hash(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
