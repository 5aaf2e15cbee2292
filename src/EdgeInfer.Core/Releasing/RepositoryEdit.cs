using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>
/// One change of a repository. What it writes first is named by nothing that is published; the timestamp, renamed in its place at the
/// end, makes all of it count at once. Cut off before, the old state stays published, and the next change writes over what was left.
/// </summary>
/// <param name="folder">The release folder.</param>
/// <param name="published">What it says now.</param>
/// <param name="keys">What signs.</param>
/// <param name="now">Time of signing.</param>
internal sealed class RepositoryEdit(ReleaseFolder folder, PublishedRoles published, KeyRing keys, DateTimeOffset now)
{
    private readonly List<(string Name, byte[] Content)> _files = [];
    private readonly Dictionary<string, TargetsDocument> _changed = new(StringComparer.Ordinal);

    /// <summary>Who signs from now on; null for no change.</summary>
    public RootDocument? Root { get; set; }

    /// <summary>Whether the keys that signed until now are gone or must not be used: nothing is signed with them beside the new ones.</summary>
    public bool AreOldKeysLost { get; set; }

    /// <summary>Adds a file, which lies there before anything names it.</summary>
    /// <param name="name">Relative to the repository.</param>
    /// <param name="content">Its bytes.</param>
    public void Add(string name, byte[] content) => _files.Add((name, content));

    /// <summary>Says anew what top-level targets, models or rollout say; version and expiry are this change's.</summary>
    public void Change(string role, TargetsDocument document) => _changed[role] = document;

    /// <summary>Whether a role is said anew.</summary>
    public bool Changes(string role) => _changed.ContainsKey(role);

    /// <summary>Signs and writes.</summary>
    /// <param name="keep">Is called when all is signed and nothing is written yet.</param>
    /// <exception cref="FaultException">A key is not at hand; nothing was published.</exception>
    /// <exception cref="IOException">Something could not be written; the old state is published, unless the message names the timestamp.</exception>
    public void Commit(Action? keep = null)
    {
        RefuseEarlierClock();
        RootDocument root = Root is { } changed ? changed with { Version = published.Root.Document.Version + 1, Expires = Expiry(RoleName.Root), SignedAt = Whole(now) } : published.Root.Document;
        RootDocument before = published.Root.Document;
        List<(string Name, byte[] Content)> staged = [.. _files];
        Dictionary<string, MetaFile> meta = new(published.Snapshot.Document.Meta, StringComparer.Ordinal);
        TargetsDocument delegating = _changed.GetValueOrDefault(RoleName.Targets) ?? published.Targets.Document;
        bool isWhole = true;
        foreach ((string role, TargetsDocument document) in _changed)
        {
            TargetsDocument next = document with { Version = meta[RoleName.MetaName(role)].Version + 1, Expires = Expiry(role), SignedAt = Whole(now) };
            RoleEnvelope envelope = role == RoleName.Targets ? SignBoth(role, next, root, before, ref isWhole) : SignDelegated(role, next, delegating);
            meta[RoleName.MetaName(role)] = Stage(staged, role, next.Version, envelope.Write());
        }

        SnapshotDocument snapshot = published.Snapshot.Document with { Version = published.Snapshot.Document.Version + 1, Expires = Expiry(RoleName.Snapshot), SignedAt = Whole(now), Meta = meta };
        MetaFile snapshotFile = Stage(staged, RoleName.Snapshot, snapshot.Version, SignBoth(RoleName.Snapshot, snapshot, root, before, ref isWhole).Write());
        TimestampDocument timestamp = published.Timestamp.Document with
        {
            Version = published.Timestamp.Document.Version + 1,
            Expires = Expiry(RoleName.Timestamp),
            SignedAt = Whole(now),
            Snapshot = snapshotFile,
        };
        byte[] timestampBytes = SignBoth(RoleName.Timestamp, timestamp, root, before, ref isWhole).Write();
        byte[]? rootBytes = Root is null ? null : SignBoth(RoleName.Root, root, root, before, ref isWhole).Write();
        keep?.Invoke();
        foreach ((string name, byte[] content) in staged) Put(folder, name, content);
        Publish(timestampBytes, rootBytes is null ? null : (RoleName.MetadataFile(RoleName.Root, root.Version), rootBytes), isWhole);
    }

    /// <summary>Writes a file of the repository, and the folders around it.</summary>
    public static void Put(ReleaseFolder folder, string name, byte[] content)
    {
        string path = folder.FileOf(name);
        DurableFolder.Make(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, content);
    }

    // With old keys and new ones over it, the new timestamp is good under either root, so it goes first. Without the old ones it is good
    // only under the new root: for the moment between two renames a reader finds a timestamp that does not fit, and asks again later.
    private void Publish(byte[] timestamp, (string Name, byte[] Content)? root, bool isWhole)
    {
        string name = RoleName.MetadataFile(RoleName.Timestamp, null);
        if (root is null || isWhole)
        {
            Put(folder, name, timestamp);
            if (root is { } next) Put(folder, next.Name, next.Content);
            return;
        }

        Put(folder, PublishedRoles.NextTimestamp, timestamp);
        Put(folder, root.Value.Name, root.Value.Content);
        DurableMove.Rename(folder.FileOf(PublishedRoles.NextTimestamp), folder.FileOf(name));
    }

    private RoleEnvelope SignDelegated(string role, TargetsDocument document, TargetsDocument delegating)
    {
        (IReadOnlyDictionary<string, TrustKey> known, RoleKeys demand) = PublishedRoles.KeysOf(delegating, role);
        return RoleEnvelope.Sign(document, keys.Require(role, known, demand));
    }

    private RoleEnvelope SignBoth(string role, RoleDocument document, RootDocument root, RootDocument before, ref bool isWhole)
    {
        List<IRoleSigner> signers = [.. keys.Require(role, root.Keys, root.Roles[role])];
        if (Root is null) return RoleEnvelope.Sign(document, signers);

        // Root itself is nothing without its predecessor's keys; the others are only better with them.
        if (role == RoleName.Root || (!AreOldKeysLost && keys.AreHere(before.Keys, before.Roles[role])))
            signers.AddRange(keys.Require(role, before.Keys, before.Roles[role]).Where(s => !signers.Any(other => other.Key.Id == s.Key.Id)));
        else isWhole = false;
        return RoleEnvelope.Sign(document, signers);
    }

    private static MetaFile Stage(List<(string Name, byte[] Content)> staged, string role, long version, byte[] content)
    {
        if (content.Length > RoleLimits.Bytes(role))
            throw FaultException.Of(FaultKind.Usage, role, $"its metadata would have {content.Length} bytes, where devices take {RoleLimits.Bytes(role)}", "begin another release folder for further models");
        staged.Add((RoleName.MetadataFile(role, version), content));
        return MetaFile.Of(version, content);
    }

    // Devices' time rises to the time of signing; one that goes back would be signed with an expiry that may have passed for them.
    private void RefuseEarlierClock()
    {
        if (published.Timestamp.Document.SignedAt is not { } last || now >= last) return;
        throw FaultException.Of(FaultKind.Unavailable, "clock", $"it says {now:u}, which is before the last signature ({last:u})", "set the clock of this machine");
    }

    private DateTimeOffset Expiry(string role) => Whole(now + RoleLifetimes.Of(role));

    private static DateTimeOffset Whole(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}
