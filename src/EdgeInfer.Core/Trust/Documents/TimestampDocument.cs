using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>Timestamp metadata: which snapshot is the newest.</summary>
/// <param name="Version">At least 1.</param>
/// <param name="Expires">From then on it is not trusted.</param>
/// <param name="Snapshot">The snapshot's file.</param>
internal sealed record TimestampDocument(long Version, DateTimeOffset Expires, MetaFile Snapshot) : RoleDocument(Version, Expires)
{
    private const string SnapshotFile = "snapshot.json";

    /// <inheritdoc/>
    public override string Type => RoleName.Timestamp;

    /// <summary>Reads the object that is signed.</summary>
    /// <exception cref="UpdateException">It is no such metadata (<see cref="UpdateCode.Signature"/>).</exception>
    public static TimestampDocument Read(JsonElement signed, string where)
    {
        (JsonMembers members, long version, DateTimeOffset expires, DateTimeOffset? signedAt) = Begin(signed, RoleName.Timestamp, where);
        IReadOnlyDictionary<string, MetaFile> meta = MetaFile.ReadAll(members, where);
        if (meta.Count != 1 || !meta.TryGetValue(SnapshotFile, out MetaFile? snapshot)) throw members.Refused($"does not describe {SnapshotFile} alone in meta");
        return new(version, expires, snapshot) { SignedAt = signedAt, Rest = members.Rest() };
    }

    /// <inheritdoc/>
    protected override void WriteMembers(Utf8JsonWriter writer) => MetaFile.WriteAll(writer, [new(SnapshotFile, Snapshot)]);
}
