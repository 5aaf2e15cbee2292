using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>
/// What a repository says now. Everything is verified from the first root on, so that nobody who can write there has something of
/// theirs signed with the next command; only expiry is no reason to refuse, for that is what publishing cures.
/// </summary>
internal sealed record PublishedRoles
{
    private const int MostRoots = 10_000;
    private const int LongestBytes = 64 << 20;

    /// <summary>A timestamp that waits for the root it fits to.</summary>
    public const string NextTimestamp = "metadata/timestamp.json.next";

    /// <summary>Who signs what.</summary>
    public required PublishedRole<RootDocument> Root { get; init; }

    /// <summary>The newest snapshot.</summary>
    public required PublishedRole<TimestampDocument> Timestamp { get; init; }

    /// <summary>Which targets metadata belong together.</summary>
    public required PublishedRole<SnapshotDocument> Snapshot { get; init; }

    /// <summary>Whom root's keeper delegates to.</summary>
    public required PublishedRole<TargetsDocument> Targets { get; init; }

    /// <summary>Releases of models.</summary>
    public required PublishedRole<TargetsDocument> Models { get; init; }

    /// <summary>Who gets which.</summary>
    public required PublishedRole<TargetsDocument> Rollout { get; init; }

    /// <summary>Reads and verifies a repository.</summary>
    /// <param name="folder">The release folder.</param>
    /// <param name="rootSha256">Digest of its first root.</param>
    /// <exception cref="FaultException">It is damaged, or somebody else wrote there.</exception>
    public static PublishedRoles Read(ReleaseFolder folder, string rootSha256)
    {
        PublishedRole<RootDocument> root = ReadRoot(folder, rootSha256);
        FinishRotation(folder, root.Document);
        PublishedRole<TimestampDocument> timestamp = Take(folder, RoleName.Timestamp, null, TimestampDocument.Read);
        Require(timestamp.Envelope, RoleName.Timestamp, root.Document);
        PublishedRole<SnapshotDocument> snapshot = Take(folder, RoleName.Snapshot, timestamp.Document.Snapshot, SnapshotDocument.Read);
        Require(snapshot.Envelope, RoleName.Snapshot, root.Document);
        PublishedRole<TargetsDocument> targets = Take(folder, RoleName.Targets, Meta(snapshot.Document, RoleName.Targets), TargetsDocument.Read);
        Require(targets.Envelope, RoleName.Targets, root.Document);
        return new()
        {
            Root = root,
            Timestamp = timestamp,
            Snapshot = snapshot,
            Targets = targets,
            Models = Delegated(folder, RoleLifetimes.Models, snapshot.Document, targets.Document),
            Rollout = Delegated(folder, RoleLifetimes.Rollout, snapshot.Document, targets.Document),
        };
    }

    /// <summary>The keys of a delegated role.</summary>
    public static (IReadOnlyDictionary<string, TrustKey> Keys, RoleKeys Demand) KeysOf(TargetsDocument targets, string role)
        => targets.Delegations is { } delegations && delegations.Roles.FirstOrDefault(r => r.Name == role) is { } found
            ? (delegations.Keys, found.Keys)
            : throw FaultException.Of(FaultKind.Data, "targets.json", $"it delegates to no role {role}", "this is no repository of 'edgeinfer release init'");

    private static PublishedRole<RootDocument> ReadRoot(ReleaseFolder folder, string rootSha256)
    {
        PublishedRole<RootDocument> root = Take(folder, RoleName.Root, new MetaFile(1), RootDocument.Read);
        if (Convert.ToHexStringLower(SHA256.HashData(root.Bytes)) != rootSha256)
            throw FaultException.Of(FaultKind.Data, folder.FileOf(RoleName.MetadataFile(RoleName.Root, 1)), "this is another root than the one that this release folder was made with", "take the repository from a copy");
        Require(root.Envelope, RoleName.Root, root.Document);
        for (long version = 2; version <= MostRoots && File.Exists(folder.FileOf(RoleName.MetadataFile(RoleName.Root, version))); version++)
        {
            PublishedRole<RootDocument> next = Take(folder, RoleName.Root, new MetaFile(version), RootDocument.Read);
            Require(next.Envelope, RoleName.Root, root.Document);
            Require(next.Envelope, RoleName.Root, next.Document);
            root = next;
        }

        return root;
    }

    // A rotation without the old key was cut off after its root had been published, and before its timestamp was.
    private static void FinishRotation(ReleaseFolder folder, RootDocument root)
    {
        string next = folder.FileOf(NextTimestamp);
        if (!File.Exists(next)) return;
        try
        {
            Require(RoleEnvelope.Read(BoundedFile.Read(next, LongestBytes), next), RoleName.Timestamp, root);
            DurableMove.Rename(next, folder.FileOf(RoleName.MetadataFile(RoleName.Timestamp, null)));
        }
        catch (FaultException)
        {
            // Cut off before: the root that it fits to is not there.
            File.Delete(next);
        }
    }

    private static PublishedRole<TargetsDocument> Delegated(ReleaseFolder folder, string role, SnapshotDocument snapshot, TargetsDocument targets)
    {
        (IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand) = KeysOf(targets, role);
        PublishedRole<TargetsDocument> read = Take(folder, role, Meta(snapshot, role), TargetsDocument.Read);
        read.Envelope.Require(role, keys, demand, role + ".json");
        return read;
    }

    private static MetaFile Meta(SnapshotDocument snapshot, string role)
        => snapshot.Meta.TryGetValue(RoleName.MetaName(role), out MetaFile? meta) ? meta
            : throw FaultException.Of(FaultKind.Data, "snapshot.json", $"it does not name {role}.json", "this is no repository of 'edgeinfer release init'");

    private static void Require(RoleEnvelope envelope, string role, RootDocument root)
        => envelope.Require(role, root.Keys, root.Roles[role], role + ".json");

    private static PublishedRole<T> Take<T>(ReleaseFolder folder, string role, MetaFile? expected, Func<JsonElement, string, T> read)
        where T : RoleDocument
    {
        string path = folder.FileOf(RoleName.MetadataFile(role, expected?.Version));
        byte[] bytes;
        try
        {
            bytes = BoundedFile.Read(path, LongestBytes);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "take the repository from a copy: what it should hold is on your web server");
            throw FaultException.Of(BoundedFile.KindOf(e), folder.Repository, what, cure, e);
        }

        RoleEnvelope envelope = RoleEnvelope.Read(bytes, path);
        T document = read(envelope.Signed, path);
        if (expected is not null && expected.Version != document.Version)
            throw FaultException.Of(FaultKind.Data, path, $"this is version {document.Version}, where {expected.Version} is expected", "take the repository from a copy");
        if (expected?.Hashes is { } hashes) ContentHash.Require(hashes, bytes, path);
        return new(document, envelope, bytes);
    }
}
