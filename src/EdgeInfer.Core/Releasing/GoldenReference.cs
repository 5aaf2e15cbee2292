using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Releasing;

/// <summary>Which model the expectations are by: <c>golden/reference.json</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Digest">Digest of its folder.</param>
/// <param name="GraphSha256">Digest of its graph alone, which tells it apart from a model that only has another contract.</param>
internal sealed record GoldenReference(string Name, string Version, string Digest, string GraphSha256)
{
    /// <summary>Its name in the folder of golden inputs.</summary>
    public const string FileName = "reference.json";

    private const string Schema = "edgeinfer/reference/1";
    private const int LongestBytes = 64 << 10;

    /// <summary>What is noted of a model.</summary>
    public static GoldenReference Of(Model model) => new(model.Name, model.Version, model.Digest, FileDigest.Of(model.OnnxPath).Sha256);

    /// <summary>Reads a note; null where there is none.</summary>
    /// <exception cref="FaultException">It is damaged.</exception>
    public static GoldenReference? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(BoundedFile.Read(path, LongestBytes), new() { MaxDepth = 4 });
            JsonElement root = document.RootElement;
            if (root.GetProperty("schema").GetString() != Schema) throw new FormatException("another schema");
            return new(Text(root, "name"), Text(root, "version"), Text(root, "digest"), Text(root, "graph_sha256"));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException || BoundedFile.IsExpected(e))
        {
            throw FaultException.Of(FaultKind.Data, path, $"the note of the reference model is damaged: {e.Message}", "write it again with 'edgeinfer release golden'", e);
        }
    }

    /// <summary>The bytes of the note.</summary>
    public byte[] ToBytes()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteString("name", Name);
            json.WriteString("version", Version);
            json.WriteString("digest", Digest);
            json.WriteString("graph_sha256", GraphSha256);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static string Text(JsonElement from, string name) => from.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");
}
