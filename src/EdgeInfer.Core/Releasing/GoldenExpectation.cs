using System.Text.Json;
using EdgeInfer.Models;

namespace EdgeInfer.Releasing;

/// <summary>
/// What a model is expected to find in a golden input: the envelope of <c>predict --json</c> by a reference model, without what differs
/// from run to run, so that the same reference always writes the same bytes; and with the digests of that model, so that nobody is his own judge.
/// </summary>
internal static class GoldenExpectation
{
    private static readonly string[] s_results = ["frame", "detections", "classes", "values", "keypoints", "segments", "texts", "embedding", "anomaly", "speech"];

    /// <summary>The bytes of an expectation.</summary>
    /// <param name="envelope">A line of <c>predict --json</c>.</param>
    /// <param name="source">Name of the input beside it.</param>
    /// <param name="reference">The model that it is by.</param>
    /// <param name="graphSha256">Digest of that model's graph alone.</param>
    public static byte[] Of(string envelope, string source, Model reference, string graphSha256)
    {
        using JsonDocument document = JsonDocument.Parse(envelope);
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("schema", document.RootElement.GetProperty("schema").GetString());
            json.WriteString("source", source);
            json.WriteStartObject("model");
            json.WriteString("name", reference.Name);
            json.WriteString("version", reference.Version);
            json.WriteString("digest", reference.Digest);
            json.WriteString("graph", graphSha256);
            json.WriteEndObject();
            foreach (string key in s_results)
            {
                if (!document.RootElement.TryGetProperty(key, out JsonElement value)) continue;
                json.WritePropertyName(key);
                value.WriteTo(json);
            }

            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }
}
