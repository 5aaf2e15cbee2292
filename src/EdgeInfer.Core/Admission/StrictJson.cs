using System.Text.Json;
using System.Text.Unicode;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Admission;

/// <summary>JSON as manifests and rollouts are written in: what two readers could understand differently is refused.</summary>
internal static class StrictJson
{
    // The documents here need six.
    private const int MaxDepth = 16;

    /// <summary>Reads a document: UTF-8, no member twice, nothing behind its end, nothing that is no JSON.</summary>
    /// <param name="bytes">The document.</param>
    /// <param name="maxBytes">Its bound; beyond it the code is <see cref="UpdateCode.Size"/>.</param>
    /// <param name="code">What else is refused is refused with.</param>
    /// <param name="where">The document, for faults.</param>
    /// <exception cref="UpdateException">It is not such a document.</exception>
    public static JsonElement Read(ReadOnlyMemory<byte> bytes, int maxBytes, UpdateCode code, string where)
    {
        if (bytes.Length > maxBytes) throw UpdateException.Of(UpdateCode.Size, where, $"it has {bytes.Length} bytes, at most {maxBytes} are taken", "publish less of it");
        if (!Utf8.IsValid(bytes.Span)) throw Refused("the text is not UTF-8", null);
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw Refused($"this is not strict JSON: {OneLine.Of(e.Message)}", e);
        }
        catch (InvalidOperationException e)
        {
            // Half of a surrogate pair, written as an escape in a member's name.
            throw Refused("a text is not Unicode", e);
        }

        UpdateException Refused(string what, Exception? inner) => UpdateException.Of(code, where, what, "publish it again", inner);
    }
}
