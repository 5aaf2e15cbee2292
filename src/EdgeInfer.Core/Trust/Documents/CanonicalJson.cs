using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>
/// Strict JSON as signed metadata are written in, and its canonical form (OLPC's, which the specification names): members in the order
/// of their code points, no white space, integers alone, and in strings nothing escaped but <c>\</c> and <c>"</c>.
/// </summary>
/// <remarks>The canonical form is signed and digested, never stored: a line end within a string stands in it as it is, which no JSON parser takes.</remarks>
internal static class CanonicalJson
{
    /// <summary>Objects and lists within one another, at most; what is published needs nine.</summary>
    public const int MaxDepth = 24;

    private static readonly SearchValues<byte> s_escaped = SearchValues.Create("\\\""u8);

    /// <summary>Reads a document. What two readers could understand differently is refused: a member that is there twice, a number that is no
    /// integer of 64 bits, text that is no Unicode, anything behind the document.</summary>
    /// <param name="bytes">UTF-8 without a mark of byte order.</param>
    /// <param name="where">The file, for the fault.</param>
    /// <exception cref="UpdateException">It is not such a document (<see cref="UpdateCode.Signature"/>).</exception>
    public static JsonElement Read(ReadOnlyMemory<byte> bytes, string where)
    {
        if (!Utf8.IsValid(bytes.Span)) throw Refused(where, "the text is not UTF-8");
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            JsonElement root = document.RootElement.Clone();
            Check(root, where);
            return root;
        }
        catch (JsonException e)
        {
            throw Refused(where, $"this is not strict JSON: {OneLine.Short(e.Message)}", e);
        }
        catch (InvalidOperationException e)
        {
            // Half of a surrogate pair, written as an escape.
            throw Refused(where, "a text is not Unicode", e);
        }
    }

    /// <summary>Builds a document from what <paramref name="write"/> writes.</summary>
    public static JsonElement Build(Action<Utf8JsonWriter> write) => Read(Text(write), "a document of our own");

    /// <summary>What <paramref name="write"/> writes, as JSON for a file.</summary>
    public static byte[] Text(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) write(writer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The canonical form of what <see cref="Read"/> has read.</summary>
    public static byte[] Encode(JsonElement element)
    {
        ArrayBufferWriter<byte> buffer = new();
        Write(element, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Check(JsonElement element, string where)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    _ = member.Name;
                    Check(member.Value, where);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray()) Check(item, where);
                break;
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Number:
                // "1e2" and "1.0" are integers to some readers and none to others; "-0" has two canonical forms.
                if (!element.TryGetInt64(out long number) || element.GetRawText() != number.ToString(CultureInfo.InvariantCulture))
                    throw Refused(where, "a number is not an integer of 64 bits");
                break;
        }
    }

    private static void Write(JsonElement element, ArrayBufferWriter<byte> to)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(element, to);
                break;
            case JsonValueKind.Array:
                to.Write("["u8);
                bool isFirst = true;
                foreach (JsonElement item in element.EnumerateArray())
                {
                    if (!isFirst) to.Write(","u8);
                    isFirst = false;
                    Write(item, to);
                }

                to.Write("]"u8);
                break;
            case JsonValueKind.String:
                WriteString(Encoding.UTF8.GetBytes(element.GetString()!), to);
                break;
            default:
                to.Write(Encoding.ASCII.GetBytes(element.GetRawText()));
                break;
        }
    }

    private static void WriteObject(JsonElement element, ArrayBufferWriter<byte> to)
    {
        List<(byte[] Name, JsonElement Value)> members = [.. element.EnumerateObject().Select(m => (Encoding.UTF8.GetBytes(m.Name), m.Value))];
        // The order of UTF-8's bytes is that of code points; the order of .NET's characters is not, beyond U+FFFF.
        members.Sort(static (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        to.Write("{"u8);
        for (int i = 0; i < members.Count; i++)
        {
            if (i > 0) to.Write(","u8);
            WriteString(members[i].Name, to);
            to.Write(":"u8);
            Write(members[i].Value, to);
        }

        to.Write("}"u8);
    }

    private static void WriteString(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> to)
    {
        to.Write("\""u8);
        while (text.IndexOfAny(s_escaped) is int at and >= 0)
        {
            to.Write(text[..at]);
            to.Write("\\"u8);
            to.Write(text.Slice(at, 1));
            text = text[(at + 1)..];
        }

        to.Write(text);
        to.Write("\""u8);
    }

    private static UpdateException Refused(string where, string what, Exception? inner = null) => UpdateException.Of(UpdateCode.Signature, where, what, inner: inner);
}
