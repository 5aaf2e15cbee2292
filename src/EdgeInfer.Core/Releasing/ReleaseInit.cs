using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>What a new release folder is to be.</summary>
internal sealed record InitOptions
{
    /// <summary>How many root keys there are.</summary>
    public int RootKeys { get; init; } = 1;

    /// <summary>How many of them have to sign.</summary>
    public int Threshold { get; init; } = 1;

    /// <summary>Whether models and what is online get keys of their own.</summary>
    public bool IsSeparate { get; init; }

    /// <summary>What keys are made.</summary>
    public PrivateKeyKind Kind { get; init; }

    /// <summary>Rounds of what makes guessing a passphrase slow.</summary>
    public int Rounds { get; init; } = PrivateKeyPem.Rounds;

    /// <summary>Where private halves go; null for <c>keys</c> in the release folder.</summary>
    public string? KeysFolder { get; init; }

    /// <summary>Where devices will find the repository; null where that is not said.</summary>
    public string? Url { get; init; }

    /// <summary>Keys that lie elsewhere, by name.</summary>
    public IReadOnlyDictionary<string, OuterKey> Outer { get; init; } = new Dictionary<string, OuterKey>();
}

/// <summary><c>release init</c>: keys, and a repository without a release.</summary>
internal static class ReleaseInit
{
    /// <summary>Root keys, at most: each signs every root.</summary>
    public const int MostRootKeys = 16;

    /// <summary>Makes a release folder.</summary>
    /// <returns>Its settings.</returns>
    /// <exception cref="FaultException">There is one already, or a key cannot be made.</exception>
    public static ReleaseSettings Run(ReleaseFolder folder, InitOptions options, IPassphrases passphrases, TimeProvider time)
    {
        if (options.RootKeys is < 1 or > MostRootKeys) throw FaultException.Of(FaultKind.Usage, "--root-keys", $"{options.RootKeys} keys", $"give 1 to {MostRootKeys}");
        if (options.Threshold < 1 || options.Threshold > options.RootKeys)
            throw FaultException.Of(FaultKind.Usage, "--threshold", $"{options.Threshold} of {options.RootKeys} root keys", "give at least 1, and at most as many as --root-keys");
        RefuseOccupied(folder);
        MakeFolder(folder.Root);
        using IDisposable held = folder.Lock();
        if (File.Exists(folder.SettingsPath)) throw FaultException.Of(FaultKind.Usage, folder.Root, "this is a release folder already", "name another with --dir DIR; 'edgeinfer release status' shows what it is, 'edgeinfer release rotate' changes keys");
        string keysFolder = options.KeysFolder is { } named ? Path.GetFullPath(named) : Path.Combine(folder.Root, "keys");
        IReadOnlyList<(KnownKey Known, IRoleSigner Signer)> keys = new KeyMaking(keysFolder, folder.InitKeys, options.Kind, options.Rounds, passphrases, time).Make(Names(options), options.Outer);
        IReadOnlyList<(string Name, byte[] Content)> signed;
        try
        {
            // A signer that fails has to fail before anything lies in the repository.
            signed = Sign(options, keys, time.GetUtcNow());
        }
        finally
        {
            foreach ((_, IRoleSigner signer) in keys) (signer as IDisposable)?.Dispose();
        }

        foreach ((string name, byte[] content) in signed) RepositoryEdit.Put(folder, name, content);
        string firstRoot = RoleName.MetadataFile(RoleName.Root, 1);
        ReleaseSettings settings = new()
        {
            RootSha256 = Convert.ToHexStringLower(SHA256.HashData(signed.First(f => f.Name == firstRoot).Content)),
            Url = options.Url,
            Keys = options.KeysFolder is null ? "keys" : keysFolder,
            IsSeparate = options.IsSeparate,
            KnownKeys = [.. keys.Select(static k => k.Known)],
        };

        // At the end: without it the same command begins again, over what it left; with it the release folder is whole.
        settings.Write(folder.SettingsPath);
        folder.InitKeys.End();
        return settings;
    }

    // Devices may trust what lies there, and a new root would lock all of them out. An init that broke off has a note, and wrote first versions alone.
    private static void RefuseOccupied(ReleaseFolder folder)
    {
        if (File.Exists(folder.SettingsPath)) return;
        IReadOnlyList<string> names = folder.MetadataNames();
        if (names.Count == 0 || (folder.InitKeys.IsThere && names.All(static n => n == "timestamp.json" || n.StartsWith("1.", StringComparison.Ordinal)))) return;
        throw FaultException.Of(
            FaultKind.Usage, folder.Repository, $"signed metadata lie here already, and {ReleaseSettings.FileName}, which belongs to them, is missing in {folder.Root}",
            $"put {ReleaseSettings.FileName} back from a copy of the release folder; or name another folder with --dir DIR");
    }

    private static void MakeFolder(string folder)
    {
        if (File.Exists(folder)) throw FaultException.Of(FaultKind.Usage, "--dir", $"{folder} is a file", "name a folder, or one that is not there yet");
        try
        {
            DurableFolder.Make(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Of(FaultKind.InputOutput, "--dir", $"the folder {folder} cannot be made: {e.Message}", "name a folder in one that you may write in", e);
        }
    }

    private static string[] Names(InitOptions options)
    {
        IEnumerable<string> roots = options.RootKeys == 1 ? ["root"] : Enumerable.Range(1, options.RootKeys).Select(static n => $"root-{n}");
        return [.. roots, .. options.IsSeparate ? (string[])["models", "online"] : ["ci"]];
    }

    // In the order of writing: the timestamp, which makes all of it count, at the end.
    private static List<(string Name, byte[] Content)> Sign(InitOptions options, IReadOnlyList<(KnownKey Known, IRoleSigner Signer)> keys, DateTimeOffset now)
    {
        List<(string Name, byte[] Content)> signed = [];
        now = new(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        IRoleSigner[] roots = [.. keys.Where(static k => k.Known.Purpose == KeyPurpose.Root).Select(static k => k.Signer)];
        IRoleSigner online = keys[^1].Signer;
        IRoleSigner models = options.IsSeparate ? keys[^2].Signer : online;
        RoleKeys byRoot = new([.. roots.Select(static r => r.Key.Id)], options.Threshold);
        RoleKeys byOnline = new([online.Key.Id], 1), byModels = new([models.Key.Id], 1);

        RootDocument root = new(1, now + RoleLifetimes.Of(RoleName.Root), Keys([.. roots, online]), new Dictionary<string, RoleKeys>
        {
            [RoleName.Root] = byRoot,
            [RoleName.Targets] = byRoot,
            [RoleName.Snapshot] = byOnline,
            [RoleName.Timestamp] = byOnline,
        });
        Delegations delegations = new(Keys([models, online]),
        [
            new(RoleLifetimes.Models, byModels, IsTerminating: true, [$"{RoleLifetimes.Models}/*/*"]),
            new(RoleLifetimes.Rollout, byOnline, IsTerminating: true, [$"{RoleLifetimes.Rollout}/*"]),
        ]);
        Dictionary<string, MetaFile> meta = new(StringComparer.Ordinal)
        {
            [RoleName.MetaName(RoleName.Targets)] = Put(signed, RoleName.Targets, new TargetsDocument(1, Expiry(RoleName.Targets), None(), delegations) { SignedAt = now }, roots),
            [RoleName.MetaName(RoleLifetimes.Models)] = Put(signed, RoleLifetimes.Models, new TargetsDocument(1, Expiry(RoleLifetimes.Models), None()) { SignedAt = now }, models),
            [RoleName.MetaName(RoleLifetimes.Rollout)] = Put(signed, RoleLifetimes.Rollout, new TargetsDocument(1, Expiry(RoleLifetimes.Rollout), None()) { SignedAt = now }, online),
        };
        MetaFile snapshot = Put(signed, RoleName.Snapshot, new SnapshotDocument(1, Expiry(RoleName.Snapshot), meta) { SignedAt = now }, online);
        signed.Add((RoleName.MetadataFile(RoleName.Root, 1), RoleEnvelope.Sign(root with { SignedAt = now }, roots).Write()));
        TimestampDocument timestamp = new(1, Expiry(RoleName.Timestamp), snapshot) { SignedAt = now };
        signed.Add((RoleName.MetadataFile(RoleName.Timestamp, null), RoleEnvelope.Sign(timestamp, [online]).Write()));
        return signed;

        DateTimeOffset Expiry(string role) => now + RoleLifetimes.Of(role);
    }

    private static MetaFile Put(List<(string Name, byte[] Content)> signed, string role, RoleDocument document, params IEnumerable<IRoleSigner> signers)
    {
        byte[] bytes = RoleEnvelope.Sign(document, signers).Write();
        signed.Add((RoleName.MetadataFile(role, document.Version), bytes));
        return MetaFile.Of(document.Version, bytes);
    }

    private static Dictionary<string, TrustKey> Keys(IEnumerable<IRoleSigner> signers)
        => signers.Select(static s => s.Key).DistinctBy(static k => k.Id).ToDictionary(static k => k.Id, StringComparer.Ordinal);

    private static Dictionary<string, TargetFile> None() => new(StringComparer.Ordinal);
}
