using System.Text.Json;
using EdgeInfer.Gate;
using EdgeInfer.Models;

namespace EdgeInfer.Releasing;

/// <summary>
/// What a model is expected to find in a golden input: an envelope of a prediction by a reference model, without what differs from run to
/// run, so that the same reference always writes the same bytes; and with the digests of that model, so that nobody is his own judge.
/// </summary>
internal static class GoldenExpectation
{
    private const string Schema = "edgeinfer/prediction/1";

    /// <summary>The bytes of an expectation.</summary>
    /// <param name="result">What the reference found.</param>
    /// <param name="source">Name of the input beside it.</param>
    /// <param name="reference">The model that found it.</param>
    /// <param name="graphSha256">Digest of that model's graph alone.</param>
    public static byte[] Of(GoldenResult result, string source, Model reference, string graphSha256)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteString("source", source);
            json.WriteStartObject("model");
            json.WriteString("name", reference.Name);
            json.WriteString("version", reference.Version);
            json.WriteString("digest", reference.Digest);
            json.WriteString("graph", graphSha256);
            json.WriteEndObject();
            GoldenWriter.Write(json, result);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }
}
