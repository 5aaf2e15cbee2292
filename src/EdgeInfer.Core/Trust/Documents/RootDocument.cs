using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>Root metadata: who signs what.</summary>
/// <param name="Version">At least 1.</param>
/// <param name="Expires">From then on it is not trusted.</param>
/// <param name="Keys">Keys by id.</param>
/// <param name="Roles">Who signs, by role; the four of the specification are there.</param>
/// <param name="IsConsistent">Whether files have their version or digest in their names.</param>
internal sealed record RootDocument(
    long Version, DateTimeOffset Expires, IReadOnlyDictionary<string, TrustKey> Keys, IReadOnlyDictionary<string, RoleKeys> Roles, bool IsConsistent = true)
    : RoleDocument(Version, Expires)
{
    /// <inheritdoc/>
    public override string Type => RoleName.Root;

    /// <summary>Reads the object that is signed.</summary>
    /// <exception cref="UpdateException">It is no such metadata (<see cref="UpdateCode.Signature"/>).</exception>
    public static RootDocument Read(JsonElement signed, string where)
    {
        (JsonMembers members, long version, DateTimeOffset expires, DateTimeOffset? signedAt) = Begin(signed, RoleName.Root, where);
        bool isConsistent = members.Flag("consistent_snapshot");
        IReadOnlyDictionary<string, TrustKey> keys = RoleKeys.ReadKeys(members, where);
        Dictionary<string, RoleKeys> roles = new(StringComparer.Ordinal);
        foreach ((string name, JsonElement value) in members.Object("roles"))
        {
            JsonMembers role = new(value, where, $"role {name}");
            roles.Add(name, RoleKeys.Take(role) with { Rest = role.Rest() });
        }

        foreach (string name in RoleName.TopLevel)
            if (!roles.ContainsKey(name)) throw members.Refused($"says nothing of the role {name}");
        return new(version, expires, keys, roles, isConsistent) { SignedAt = signedAt, Rest = members.Rest() };
    }

    /// <inheritdoc/>
    protected override void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteBoolean("consistent_snapshot", IsConsistent);
        RoleKeys.WriteKeys(writer, Keys);
        writer.WriteStartObject("roles");
        foreach ((string name, RoleKeys role) in Roles)
        {
            writer.WriteStartObject(name);
            role.WriteMembers(writer);
            JsonMembers.WriteRest(writer, role.Rest);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
