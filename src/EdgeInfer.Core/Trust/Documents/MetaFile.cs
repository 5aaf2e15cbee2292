using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>What timestamp or snapshot metadata say of another file.</summary>
/// <param name="Version">The version in the file.</param>
/// <param name="Length">Its bytes; null where unsaid.</param>
/// <param name="Hashes">Lower-case hex by algorithm; null where unsaid.</param>
internal sealed record MetaFile(long Version, long? Length = null, IReadOnlyDictionary<string, string>? Hashes = null)
{
    /// <summary>What is to be said of a file.</summary>
    /// <param name="version">The version in it.</param>
    /// <param name="content">Its bytes.</param>
    public static MetaFile Of(long version, byte[] content)
        => new(version, content.Length, new Dictionary<string, string> { [ContentHash.Sha256] = Convert.ToHexStringLower(SHA256.HashData(content)) });

    /// <summary>Members that this program does not know.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Rest { get; init; }

    /// <summary>Reads an object of files by name.</summary>
    public static IReadOnlyDictionary<string, MetaFile> ReadAll(JsonMembers members, string where)
    {
        Dictionary<string, MetaFile> files = new(StringComparer.Ordinal);
        foreach ((string name, JsonElement value) in members.Object("meta"))
        {
            JsonMembers file = new(value, where, $"the entry of {name}");
            long version = file.Integer("version", 1);
            long? length = file.OptionalInteger("length", 1);
            IReadOnlyDictionary<string, string>? hashes = file.OptionalTextsByName("hashes");
            if (hashes is not null) ContentHash.Check(hashes, file);
            files.Add(name, new(version, length, hashes) { Rest = file.Rest() });
        }

        return files;
    }

    /// <summary>Writes an object of files by name.</summary>
    public static void WriteAll(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, MetaFile>> files)
    {
        writer.WriteStartObject("meta");
        foreach ((string name, MetaFile file) in files)
        {
            writer.WriteStartObject(name);
            writer.WriteNumber("version", file.Version);
            if (file.Length is long length) writer.WriteNumber("length", length);
            if (file.Hashes is not null) ContentHash.Write(writer, file.Hashes);
            JsonMembers.WriteRest(writer, file.Rest);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
