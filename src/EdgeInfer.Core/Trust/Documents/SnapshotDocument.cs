using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>Snapshot metadata: which versions of all targets metadata belong together.</summary>
/// <param name="Version">At least 1.</param>
/// <param name="Expires">From then on it is not trusted.</param>
/// <param name="Meta">Files by <c>{role}.json</c>; <c>targets.json</c> is there.</param>
internal sealed record SnapshotDocument(long Version, DateTimeOffset Expires, IReadOnlyDictionary<string, MetaFile> Meta) : RoleDocument(Version, Expires)
{
    /// <inheritdoc/>
    public override string Type => RoleName.Snapshot;

    /// <summary>Reads the object that is signed.</summary>
    /// <exception cref="UpdateException">It is no such metadata (<see cref="UpdateCode.Signature"/>).</exception>
    public static SnapshotDocument Read(JsonElement signed, string where)
    {
        (JsonMembers members, long version, DateTimeOffset expires, DateTimeOffset? signedAt) = Begin(signed, RoleName.Snapshot, where);
        IReadOnlyDictionary<string, MetaFile> meta = MetaFile.ReadAll(members, where);
        if (!meta.ContainsKey(RoleName.MetaName(RoleName.Targets))) throw members.Refused("does not describe targets.json in meta");
        return new(version, expires, meta) { SignedAt = signedAt, Rest = members.Rest() };
    }

    /// <inheritdoc/>
    protected override void WriteMembers(Utf8JsonWriter writer) => MetaFile.WriteAll(writer, Meta);
}
