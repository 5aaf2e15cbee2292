using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>A role that another one trusts for some paths.</summary>
/// <param name="Name">The role.</param>
/// <param name="Keys">Who signs for it.</param>
/// <param name="IsTerminating">Whether nothing after it is searched for a path that it matches.</param>
/// <param name="Paths">Patterns of paths; null where it is trusted by <paramref name="HashPrefixes"/>.</param>
/// <param name="HashPrefixes">Beginnings of the lower-case hex SHA-256 of paths; null where it is trusted by <paramref name="Paths"/>.</param>
internal sealed record DelegatedRole(string Name, RoleKeys Keys, bool IsTerminating, IReadOnlyList<string>? Paths, IReadOnlyList<string>? HashPrefixes = null)
{
    /// <summary>Members that this program does not know.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Rest { get; init; }

    /// <summary>Whether the role is trusted for a path; one with neither patterns nor prefixes is trusted for none.</summary>
    public bool Covers(string path)
    {
        if (Paths is not null) return Paths.Any(pattern => PathPattern.Matches(pattern, path));
        if (HashPrefixes is null) return false;
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)));
        return HashPrefixes.Any(prefix => hash.StartsWith(prefix, StringComparison.Ordinal));
    }
}

/// <summary>Whom a role trusts besides itself.</summary>
/// <param name="Keys">Keys by id.</param>
/// <param name="Roles">In the order in which they are searched.</param>
internal sealed record Delegations(IReadOnlyDictionary<string, TrustKey> Keys, IReadOnlyList<DelegatedRole> Roles)
{
    /// <summary>Members that this program does not know.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Rest { get; init; }

    /// <summary>Reads the member <c>delegations</c>.</summary>
    /// <exception cref="UpdateException">It is no such object (<see cref="UpdateCode.Signature"/>).</exception>
    public static Delegations Read(JsonElement element, string where)
    {
        JsonMembers members = new(element, where, "delegations");
        IReadOnlyDictionary<string, TrustKey> keys = RoleKeys.ReadKeys(members, where);
        List<DelegatedRole> roles = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (JsonElement item in members.List("roles"))
        {
            JsonMembers role = new(item, where, "a delegation");
            string name = role.Text("name");
            if (!RoleName.IsDelegable(name)) throw role.Refused($"has a name that no delegated role may have: {OneLine.Short(name)}");
            if (!names.Add(name)) throw role.Refused($"is there twice for the role {name}");
            RoleKeys roleKeys = RoleKeys.Take(role);
            bool isTerminating = role.Flag("terminating");
            IReadOnlyList<string>? paths = role.OptionalTexts("paths");
            IReadOnlyList<string>? prefixes = role.OptionalTexts("path_hash_prefixes");
            if (paths is not null && prefixes is not null) throw role.Refused($"has both paths and path_hash_prefixes for the role {name}");
            roles.Add(new(name, roleKeys, isTerminating, paths, prefixes) { Rest = role.Rest() });
        }

        return new(keys, roles) { Rest = members.Rest() };
    }

    /// <summary>Writes the member <c>delegations</c>.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("delegations");
        RoleKeys.WriteKeys(writer, Keys);
        writer.WriteStartArray("roles");
        foreach (DelegatedRole role in Roles)
        {
            writer.WriteStartObject();
            writer.WriteString("name", role.Name);
            role.Keys.WriteMembers(writer);
            writer.WriteBoolean("terminating", role.IsTerminating);
            WriteTexts(writer, "paths", role.Paths);
            WriteTexts(writer, "path_hash_prefixes", role.HashPrefixes);
            JsonMembers.WriteRest(writer, role.Rest);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        JsonMembers.WriteRest(writer, Rest);
        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string>? texts)
    {
        if (texts is null) return;
        writer.WriteStartArray(name);
        foreach (string text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}
