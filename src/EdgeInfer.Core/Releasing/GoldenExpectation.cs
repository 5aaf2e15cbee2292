using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Releasing;

/// <summary>
/// What a model is expected to find in a golden input: the envelope of <c>predict --json</c> by a reference model, without what differs
/// from run to run, so that the same reference always writes the same bytes.
/// </summary>
internal static class GoldenExpectation
{
    private const int LongestBytes = 16 << 20;
    private const int DigestDigits = 12;

    private static readonly string[] s_kept = ["schema", "model", "frame", "detections", "classes", "values", "keypoints", "segments", "texts", "embedding", "anomaly", "speech"];

    /// <summary>The bytes of an expectation.</summary>
    /// <param name="envelope">A line of <c>predict --json</c>.</param>
    /// <param name="source">Name of the input beside it.</param>
    public static byte[] Of(string envelope, string source)
    {
        using JsonDocument document = JsonDocument.Parse(envelope);
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("source", source);
            foreach (string key in s_kept)
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

    /// <summary>The digest of the model that an expectation is by, as far as it is written: 12 to 64 hexadecimal digits.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FaultException">It is no expectation.</exception>
    public static string DigestIn(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(BoundedFile.Read(path, LongestBytes), new() { MaxDepth = 16 });
            string digest = document.RootElement.GetProperty("model").GetProperty("digest").GetString() ?? "";
            return digest.Length is >= DigestDigits and <= 64 && digest.All(char.IsAsciiHexDigitLower) ? digest : throw new FormatException("model.digest is no digest");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw FaultException.Of(FaultKind.Data, path, "this says no results of a model", "write it with 'edgeinfer release golden MODEL --reference FP32.onnx --input FILES'", e);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "");
            throw FaultException.Of(BoundedFile.KindOf(e), path, what, cure, e);
        }
    }
}
