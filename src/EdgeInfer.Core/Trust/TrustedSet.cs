using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>Which roles lost keys in a new root: a key that only came to the others is no reason to forget what was signed.</summary>
/// <param name="Timestamp">The timestamp role.</param>
/// <param name="Snapshot">The snapshot role.</param>
internal readonly record struct Rotation(bool Timestamp, bool Snapshot);

/// <summary>
/// The metadata trusted in one refresh, and the rules by which they become so: the specification's client workflow (5.3 to 5.6), step by step and in
/// its order. Bytes come in, a verdict goes out; nothing here knows of files or networks. What is refused changes nothing.
/// </summary>
internal sealed class TrustedSet
{
    private readonly Dictionary<string, (DelegatedRole Delegation, byte[] Content, TargetsDocument Document)> _delegated = new(StringComparer.Ordinal);
    private byte[] _heldSnapshotContent = [];
    private SnapshotDocument? _heldSnapshot;

    private TrustedSet(RootDocument root, DateTimeOffset now) => (Root, Now) = (root, now);

    /// <summary>The update time, which expiry is judged by.</summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>Who signs what.</summary>
    public RootDocument Root { get; private set; }

    /// <summary>The timestamp held from before, then the accepted one.</summary>
    public TimestampDocument? Timestamp { get; private set; }

    /// <summary>The accepted snapshot.</summary>
    public SnapshotDocument? Snapshot { get; private set; }

    /// <summary>The accepted top-level targets.</summary>
    public TargetsDocument? Targets { get; private set; }

    /// <summary>All documents that are trusted or held.</summary>
    public IEnumerable<(string Role, RoleDocument Document)> Documents
    {
        get
        {
            yield return (RoleName.Root, Root);
            if (Timestamp is not null) yield return (RoleName.Timestamp, Timestamp);
            if ((Snapshot ?? _heldSnapshot) is SnapshotDocument snapshot) yield return (RoleName.Snapshot, snapshot);
            if (Targets is not null) yield return (RoleName.Targets, Targets);
            foreach ((string role, (_, _, TargetsDocument document)) in _delegated) yield return (role, document);
        }
    }

    /// <summary>Begins with a root that is trusted already (5.2). It has to be signed by its own keys; its expiry does not matter yet.</summary>
    /// <exception cref="UpdateException">It is no root metadata, or not signed by its own keys.</exception>
    public static TrustedSet Start(ReadOnlyMemory<byte> root, DateTimeOffset now, string where)
    {
        RoleEnvelope envelope = RoleEnvelope.Read(root, where);
        RootDocument document = RootDocument.Read(envelope.Signed, where);
        envelope.Require(RoleName.Root, document.Keys, document.Roles[RoleName.Root], where);
        return new(document, now);
    }

    /// <summary>Takes the next version of root (5.3.4 to 5.3.7): signed by the threshold of the trusted root and by its own.</summary>
    /// <returns>Which roles lost keys; held metadata of timestamp and snapshot are then forgotten here.</returns>
    /// <exception cref="UpdateException">Signature, threshold, or another version than the next (<see cref="UpdateCode.Rollback"/>).</exception>
    public Rotation AcceptRoot(ReadOnlyMemory<byte> content, string where)
    {
        RoleEnvelope envelope = RoleEnvelope.Read(content, where);
        RootDocument next = RootDocument.Read(envelope.Signed, where);
        envelope.Require(RoleName.Root, Root.Keys, Root.Roles[RoleName.Root], where);
        envelope.Require(RoleName.Root, next.Keys, next.Roles[RoleName.Root], where);
        if (next.Version != Root.Version + 1) throw Rollback(where, $"root is version {next.Version}, where {Root.Version + 1} follows");
        Rotation rotation = new(LostKeys(RoleName.Timestamp, Root, next), LostKeys(RoleName.Snapshot, Root, next));
        Root = next;
        if (rotation != default) (Timestamp, _heldSnapshot, _heldSnapshotContent) = (null, null, []);
        return rotation;
    }

    /// <summary>Demands that the trusted root has not expired (5.3.10).</summary>
    /// <exception cref="UpdateException">It has (<see cref="UpdateCode.Expired"/>).</exception>
    public void RequireFreshRoot() => RequireFresh(RoleName.Root, Root, RoleName.MetadataFile(RoleName.Root, Root.Version));

    /// <summary>Holds the timestamp of an earlier refresh, to compare with. What is damaged, or not signed by keys of today's root, is not held.</summary>
    public void HoldTimestamp(ReadOnlyMemory<byte> content) => Timestamp = Held(RoleName.Timestamp, content, TimestampDocument.Read);

    /// <summary>Holds the snapshot of an earlier refresh, to compare with, as the timestamp.</summary>
    public void HoldSnapshot(byte[] content)
    {
        _heldSnapshot = Held(RoleName.Snapshot, content, SnapshotDocument.Read);
        _heldSnapshotContent = content;
    }

    /// <summary>Takes a timestamp (5.4.2 to 5.4.4).</summary>
    /// <returns>Whether it is a new one; one with the version held is passed over, whatever it says, and the one held remains.</returns>
    /// <exception cref="UpdateException">Signature, threshold, rollback or expired.</exception>
    public bool AcceptTimestamp(ReadOnlyMemory<byte> content, string where)
    {
        RoleEnvelope envelope = RoleEnvelope.Read(content, where);
        envelope.Require(RoleName.Timestamp, Root.Keys, Root.Roles[RoleName.Timestamp], where);
        TimestampDocument next = TimestampDocument.Read(envelope.Signed, where);
        if (next.SignedAt >= next.Expires) throw UpdateException.Of(UpdateCode.Signature, where, "it says to have been signed after it expires");
        if (Timestamp is TimestampDocument held)
        {
            if (next.Version < held.Version) throw Rollback(where, $"timestamp is version {next.Version}, and this device has seen {held.Version}");
            if (next.Version == held.Version)
            {
                RequireFresh(RoleName.Timestamp, held, where);
                return false;
            }

            if (next.Snapshot.Version < held.Snapshot.Version)
                throw Rollback(where, $"timestamp names version {next.Snapshot.Version} of snapshot, and this device has seen {held.Snapshot.Version}");
        }

        RequireFresh(RoleName.Timestamp, next, where);
        Timestamp = next;
        return true;
    }

    /// <summary>Lets the update time rise to what verified timestamp metadata say, and judges root and timestamp by it once more.</summary>
    /// <exception cref="UpdateException">One has expired by then (<see cref="UpdateCode.Expired"/>).</exception>
    public void RaiseTime(DateTimeOffset signedAt)
    {
        if (signedAt <= Now) return;
        Now = signedAt;
        RequireFreshRoot();
        RequireFresh(RoleName.Timestamp, Timestamp!, RoleName.MetadataFile(RoleName.Timestamp, null));
    }

    /// <summary>Begins the time anew: what it had risen to was said by keys that are not trusted any more.</summary>
    public void RestartTime(DateTimeOffset now) => Now = now;

    /// <summary>Takes the snapshot held, if it is the one that the timestamp names.</summary>
    /// <exception cref="UpdateException">It is, and has expired (<see cref="UpdateCode.Expired"/>).</exception>
    public bool UseHeldSnapshot()
    {
        if (_heldSnapshot is not SnapshotDocument held || held.Version != Timestamp!.Snapshot.Version) return false;
        try
        {
            RequireContent(_heldSnapshotContent, Timestamp.Snapshot, RoleName.Snapshot);
        }
        catch (UpdateException)
        {
            return false;
        }

        RequireFresh(RoleName.Snapshot, held, FileOf(RoleName.Snapshot, held.Version));
        Snapshot = held;
        return true;
    }

    /// <summary>Takes a snapshot (5.5.2 to 5.5.6).</summary>
    /// <exception cref="UpdateException">Size, digest, signature, threshold, rollback or expired.</exception>
    public void AcceptSnapshot(ReadOnlyMemory<byte> content, string where)
    {
        MetaFile meta = Timestamp!.Snapshot;
        RequireContent(content.Span, meta, where);
        RoleEnvelope envelope = RoleEnvelope.Read(content, where);
        envelope.Require(RoleName.Snapshot, Root.Keys, Root.Roles[RoleName.Snapshot], where);
        SnapshotDocument next = SnapshotDocument.Read(envelope.Signed, where);
        RequireVersion(RoleName.Snapshot, next, meta, where);
        foreach ((string name, MetaFile before) in _heldSnapshot?.Meta ?? new Dictionary<string, MetaFile>())
        {
            if (!next.Meta.TryGetValue(name, out MetaFile? now)) throw Rollback(where, $"snapshot lists {OneLine.Short(name)} no longer");
            if (now.Version < before.Version) throw Rollback(where, $"snapshot names version {now.Version} of {OneLine.Short(name)}, and this device has seen {before.Version}");
        }

        RequireFresh(RoleName.Snapshot, next, where);
        Snapshot = next;
    }

    /// <summary>What the snapshot says of a targets role's file.</summary>
    /// <exception cref="UpdateException">Nothing (<see cref="UpdateCode.Signature"/>).</exception>
    public MetaFile MetaOf(string role) => Snapshot!.Meta.TryGetValue(RoleName.MetaName(role), out MetaFile? meta) ? meta
        : throw UpdateException.Of(UpdateCode.Signature, FileOf(RoleName.Snapshot, Snapshot.Version), $"snapshot does not list the role {OneLine.Short(role)}, which is delegated to");

    /// <summary>Takes the top-level targets (5.6.2 to 5.6.5).</summary>
    /// <exception cref="UpdateException">Size, digest, signature, threshold, rollback or expired.</exception>
    public void AcceptTargets(ReadOnlyMemory<byte> content, string where)
        => Targets = ReadTargets(RoleName.Targets, Root.Keys, Root.Roles[RoleName.Targets], content, where);

    /// <summary>Takes a delegated role's targets, as the top-level ones but by the keys of this delegation.</summary>
    /// <exception cref="UpdateException">Size, digest, signature, threshold, rollback or expired.</exception>
    public TargetsDocument AcceptDelegated(DelegatedRole role, Delegations of, byte[] content, string where)
    {
        TargetsDocument document = ReadTargets(role.Name, of.Keys, role.Keys, content, where);
        _delegated[role.Name] = (role, content, document);
        return document;
    }

    /// <summary>A delegated role's targets that were taken before in this refresh; null where they were not. Two roles may delegate to one with different
    /// keys: what was verified by another delegation is verified by this one before it counts.</summary>
    /// <exception cref="UpdateException">This delegation's keys have not signed it.</exception>
    public TargetsDocument? Delegated(DelegatedRole role, Delegations of)
    {
        if (!_delegated.TryGetValue(role.Name, out var known)) return null;
        return ReferenceEquals(known.Delegation, role) ? known.Document : AcceptDelegated(role, of, known.Content, FileOf(role.Name, known.Document.Version));
    }

    /// <summary>A file of this repository: with its version where the repository is consistent.</summary>
    public string FileOf(string role, long version) => RoleName.MetadataFile(role, Root.IsConsistent ? version : null);

    private TargetsDocument ReadTargets(string role, IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand, ReadOnlyMemory<byte> content, string where)
    {
        MetaFile meta = MetaOf(role);
        RequireContent(content.Span, meta, where);
        RoleEnvelope envelope = RoleEnvelope.Read(content, where);
        envelope.Require(role, keys, demand, where);
        TargetsDocument next = TargetsDocument.Read(envelope.Signed, where);
        RequireVersion(role, next, meta, where);
        RequireFresh(role, next, where);
        return next;
    }

    private TDocument? Held<TDocument>(string role, ReadOnlyMemory<byte> content, Func<JsonElement, string, TDocument> read) where TDocument : RoleDocument
    {
        try
        {
            RoleEnvelope envelope = RoleEnvelope.Read(content, role);
            envelope.Require(role, Root.Keys, Root.Roles[role], role);
            return read(envelope.Signed, role);
        }
        catch (UpdateException)
        {
            return null;
        }
    }

    private void RequireFresh(string role, RoleDocument document, string where)
    {
        if (document.Expires > Now) return;
        throw UpdateException.Of(
            UpdateCode.Expired, where, $"{OneLine.Short(role)} expired at {JsonMembers.TimeText(document.Expires)}, and it is {JsonMembers.TimeText(Now)}",
            "let the publisher sign it again; if the date is wrong, set this device's clock");
    }

    private static void RequireVersion(string role, RoleDocument document, MetaFile meta, string where)
    {
        if (document.Version != meta.Version) throw Rollback(where, $"{OneLine.Short(role)} is version {document.Version}, where {meta.Version} was signed for");
    }

    private static void RequireContent(ReadOnlySpan<byte> content, MetaFile meta, string where)
    {
        if (meta.Length is long length && content.Length != length) throw UpdateException.Of(UpdateCode.Size, where, $"the file has {content.Length} bytes, where {length} were signed for");
        if (meta.Hashes is not null) ContentHash.Require(meta.Hashes, content, where);
    }

    private static bool LostKeys(string role, RootDocument before, RootDocument after) => before.Roles[role].KeyIds.Except(after.Roles[role].KeyIds).Any();

    private static UpdateException Rollback(string where, string what) => UpdateException.Of(UpdateCode.Rollback, where, what);
}
