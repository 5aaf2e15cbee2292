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
        DurableFolder.Make(folder.Root);
        using IDisposable held = folder.Lock();
        if (File.Exists(folder.SettingsPath)) throw FaultException.Of(FaultKind.Usage, folder.Root, "this is a release folder already", "name another with --dir DIR; 'edgeinfer release rotate' changes keys");
        string keysFolder = options.KeysFolder is { } named ? Path.GetFullPath(named) : Path.Combine(folder.Root, "keys");
        IReadOnlyList<(KnownKey Known, IRoleSigner Signer)> keys = new KeyMaking(keysFolder, options.Kind, options.Rounds, passphrases, time).Make(Names(options), options.Outer);
        byte[] root = Write(folder, options, keys, time.GetUtcNow());
        foreach ((_, IRoleSigner signer) in keys) (signer as IDisposable)?.Dispose();
        ReleaseSettings settings = new()
        {
            RootSha256 = Convert.ToHexStringLower(SHA256.HashData(root)),
            Url = options.Url,
            Keys = options.KeysFolder is null ? "keys" : keysFolder,
            IsSeparate = options.IsSeparate,
            KnownKeys = [.. keys.Select(static k => k.Known)],
        };
        settings.Write(folder.SettingsPath);
        return settings;
    }

    private static string[] Names(InitOptions options)
    {
        IEnumerable<string> roots = options.RootKeys == 1 ? ["root"] : Enumerable.Range(1, options.RootKeys).Select(static n => $"root-{n}");
        return [.. roots, .. options.IsSeparate ? (string[])["models", "online"] : ["ci"]];
    }

    private static byte[] Write(ReleaseFolder folder, InitOptions options, IReadOnlyList<(KnownKey Known, IRoleSigner Signer)> keys, DateTimeOffset now)
    {
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
            [RoleName.MetaName(RoleName.Targets)] = Put(folder, RoleName.Targets, new TargetsDocument(1, Expiry(RoleName.Targets), None(), delegations) { SignedAt = now }, roots),
            [RoleName.MetaName(RoleLifetimes.Models)] = Put(folder, RoleLifetimes.Models, new TargetsDocument(1, Expiry(RoleLifetimes.Models), None()) { SignedAt = now }, models),
            [RoleName.MetaName(RoleLifetimes.Rollout)] = Put(folder, RoleLifetimes.Rollout, new TargetsDocument(1, Expiry(RoleLifetimes.Rollout), None()) { SignedAt = now }, online),
        };
        MetaFile snapshot = Put(folder, RoleName.Snapshot, new SnapshotDocument(1, Expiry(RoleName.Snapshot), meta) { SignedAt = now }, online);
        byte[] rootBytes = RoleEnvelope.Sign(root with { SignedAt = now }, roots).Write();
        RepositoryEdit.Put(folder, RoleName.MetadataFile(RoleName.Root, 1), rootBytes);
        TimestampDocument timestamp = new(1, Expiry(RoleName.Timestamp), snapshot) { SignedAt = now };
        RepositoryEdit.Put(folder, RoleName.MetadataFile(RoleName.Timestamp, null), RoleEnvelope.Sign(timestamp, [online]).Write());
        return rootBytes;

        DateTimeOffset Expiry(string role) => now + RoleLifetimes.Of(role);
    }

    private static MetaFile Put(ReleaseFolder folder, string role, RoleDocument document, params IEnumerable<IRoleSigner> signers)
    {
        byte[] bytes = RoleEnvelope.Sign(document, signers).Write();
        RepositoryEdit.Put(folder, RoleName.MetadataFile(role, document.Version), bytes);
        return MetaFile.Of(document.Version, bytes);
    }

    private static Dictionary<string, TrustKey> Keys(IEnumerable<IRoleSigner> signers)
        => signers.Select(static s => s.Key).DistinctBy(static k => k.Id).ToDictionary(static k => k.Id, StringComparer.Ordinal);

    private static Dictionary<string, TargetFile> None() => new(StringComparer.Ordinal);
}
