using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>What all signed metadata have.</summary>
/// <param name="Version">At least 1.</param>
/// <param name="Expires">From then on it is not trusted.</param>
internal abstract record RoleDocument(long Version, DateTimeOffset Expires)
{
    /// <summary>The specification that is written to; whatever begins with 1 is read.</summary>
    public const string Specification = "1.0.34";

    private const string SignedAtName = "x-edgeinfer-signed-at";

    /// <summary>When it was signed; null where its signer does not say. In timestamp metadata it is what a device's time may rise to.</summary>
    public DateTimeOffset? SignedAt { get; init; }

    /// <summary>Members that this program does not know, as they were read.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Rest { get; init; }

    /// <summary><c>_type</c>.</summary>
    public abstract string Type { get; }

    /// <summary>Writes the object that is signed.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("_type", Type);
        writer.WriteString("spec_version", Specification);
        writer.WriteNumber("version", Version);
        writer.WriteString("expires", JsonMembers.TimeText(Expires));
        if (SignedAt is DateTimeOffset signedAt) writer.WriteString(SignedAtName, JsonMembers.TimeText(signedAt));
        WriteMembers(writer);
        JsonMembers.WriteRest(writer, Rest);
        writer.WriteEndObject();
    }

    /// <summary>The canonical form, as it is signed.</summary>
    public byte[] Canonical() => CanonicalJson.Encode(CanonicalJson.Build(Write));

    /// <summary>Writes what the kind of document has beyond this.</summary>
    protected abstract void WriteMembers(Utf8JsonWriter writer);

    /// <summary>Reads what all have.</summary>
    /// <exception cref="UpdateException">It is another type, another specification or malformed (<see cref="UpdateCode.Signature"/>).</exception>
    protected static (JsonMembers Members, long Version, DateTimeOffset Expires, DateTimeOffset? SignedAt) Begin(JsonElement signed, string type, string where)
    {
        JsonMembers members = new(signed, where, "the signed object");
        string found = members.Text("_type");
        if (found != type) throw members.Refused($"is of type {OneLine.Short(found)}, where {type} is expected");
        string specification = members.Text("spec_version");
        if (!IsRead(specification)) throw members.Refused($"follows version {OneLine.Short(specification)} of the specification; 1.0 is read");
        return (members, members.Integer("version", 1), members.Time("expires"), members.OptionalTime(SignedAtName));
    }

    private static bool IsRead(string specification)
    {
        string[] parts = specification.Split('.');
        return parts.Length is 2 or 3 && parts[0] == "1" && parts.All(p => p.Length is > 0 and < 6 && p.All(char.IsAsciiDigit));
    }
}
