using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>Who has to sign for a role.</summary>
/// <param name="KeyIds">Ids of keys; one may be there twice, or have no key: neither adds a signature.</param>
/// <param name="Threshold">Different keys that have to sign, at least 1.</param>
internal sealed record RoleKeys(IReadOnlyList<string> KeyIds, int Threshold)
{
    /// <summary>Members that this program does not know.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Rest { get; init; }

    /// <summary>Reads <c>keyids</c> and <c>threshold</c> from an object that may have more.</summary>
    public static RoleKeys Take(JsonMembers members)
    {
        IReadOnlyList<string> ids = members.OptionalTexts("keyids") ?? throw members.Refused("has no member keyids");
        return new(ids, (int)Math.Min(members.Integer("threshold", 1), int.MaxValue));
    }

    /// <summary>Writes the two members.</summary>
    public void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("keyids");
        foreach (string id in KeyIds) writer.WriteStringValue(id);
        writer.WriteEndArray();
        writer.WriteNumber("threshold", Threshold);
    }

    /// <summary>Reads an object of keys by id; each id has to be its key's.</summary>
    public static IReadOnlyDictionary<string, TrustKey> ReadKeys(JsonMembers members, string where)
    {
        Dictionary<string, TrustKey> keys = new(StringComparer.Ordinal);
        foreach ((string id, JsonElement value) in members.Object("keys"))
        {
            TrustKey key = TrustKey.Read(value, where);
            if (key.Id != id) throw members.Refused($"has a key under the id {OneLine.Short(id)}, which is {key.Id}");
            keys.Add(id, key);
        }

        return keys;
    }

    /// <summary>Writes an object of keys by id.</summary>
    public static void WriteKeys(Utf8JsonWriter writer, IReadOnlyDictionary<string, TrustKey> keys)
    {
        writer.WriteStartObject("keys");
        foreach (TrustKey key in keys.Values)
        {
            writer.WritePropertyName(key.Id);
            key.Json.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
