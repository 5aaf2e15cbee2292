using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>What targets metadata say of one target.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Hashes">Lower-case hex by algorithm; at least one.</param>
/// <param name="Custom">Whatever the publisher adds; an object; null where there is none.</param>
internal sealed record TargetFile(long Length, IReadOnlyDictionary<string, string> Hashes, JsonElement? Custom = null)
{
    /// <summary>Members that this program does not know.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Rest { get; init; }
}

/// <summary>Metadata of targets: the top-level role's, and those of every role that it delegates to.</summary>
/// <param name="Version">At least 1.</param>
/// <param name="Expires">From then on it is not trusted.</param>
/// <param name="Targets">Targets by path.</param>
/// <param name="Delegations">Who else signs targets; null where nobody does.</param>
internal sealed record TargetsDocument(long Version, DateTimeOffset Expires, IReadOnlyDictionary<string, TargetFile> Targets, Delegations? Delegations = null)
    : RoleDocument(Version, Expires)
{
    /// <inheritdoc/>
    public override string Type => RoleName.Targets;

    /// <summary>Reads the object that is signed.</summary>
    /// <exception cref="UpdateException">It is no such metadata (<see cref="UpdateCode.Signature"/>).</exception>
    public static TargetsDocument Read(JsonElement signed, string where)
    {
        (JsonMembers members, long version, DateTimeOffset expires, DateTimeOffset? signedAt) = Begin(signed, RoleName.Targets, where);
        Dictionary<string, TargetFile> targets = new(StringComparer.Ordinal);
        foreach ((string path, JsonElement value) in members.Object("targets"))
        {
            JsonMembers target = new(value, where, $"target {path}");
            long length = target.Integer("length", 0);
            IReadOnlyDictionary<string, string> hashes = target.OptionalTextsByName("hashes") ?? throw target.Refused("has no member hashes");
            ContentHash.Check(hashes, target);
            JsonElement? custom = target.TakeOptional("custom");
            if (custom is { ValueKind: not JsonValueKind.Object }) throw target.Refused("has no object in custom");
            targets.Add(path, new(length, hashes, custom) { Rest = target.Rest() });
        }

        Delegations? delegations = members.TakeOptional("delegations") is JsonElement found ? Delegations.Read(found, where) : null;
        return new(version, expires, targets, delegations) { SignedAt = signedAt, Rest = members.Rest() };
    }

    /// <inheritdoc/>
    protected override void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("targets");
        foreach ((string path, TargetFile target) in Targets)
        {
            writer.WriteStartObject(path);
            writer.WriteNumber("length", target.Length);
            ContentHash.Write(writer, target.Hashes);
            if (target.Custom is JsonElement custom)
            {
                writer.WritePropertyName("custom");
                custom.WriteTo(writer);
            }

            JsonMembers.WriteRest(writer, target.Rest);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        Delegations?.Write(writer);
    }
}
