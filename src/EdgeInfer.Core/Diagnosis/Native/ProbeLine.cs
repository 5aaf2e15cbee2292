using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Diagnosis.Native;

/// <summary>What the child says next.</summary>
internal abstract record ProbeLine
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line of JSON, with its line feed.</summary>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> bytes = new(256);
        using (Utf8JsonWriter json = new(bytes, s_options))
        {
            json.WriteStartObject();
            Write(json);
            json.WriteEndObject();
        }

        bytes.Write("\n"u8);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Reads a line; null where it is none of these.</summary>
    public static ProbeLine? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(Encoding.UTF8.GetString(line));
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return null;
            if (root.TryGetProperty("end", out _)) return new ProbeEnd();
            if (root.TryGetProperty("step", out JsonElement step)) return new ProbeStep(step.GetString()!, Text(root, "section"), Text(root, "doing"), Text(root, "cure"));
            if (root.TryGetProperty("finding", out JsonElement finding)) return new ProbeFinding(Text(root, "section"), Finding(finding));
            return root.TryGetProperty("fact", out JsonElement fact) ? new ProbeFact(Text(root, "section"), fact.GetString()!, Value(root.GetProperty("value"))) : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes the properties.</summary>
    protected abstract void Write(Utf8JsonWriter json);

    private static string Text(JsonElement from, string name) => from.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "";

    private static Finding Finding(JsonElement json)
    {
        FindingId id = Enum.Parse<FindingId>(Text(json, "id"));
        string what = Text(json, "what"), where = Text(json, "where"), cure = Text(json, "cure");
        return Enum.Parse<FindingLevel>(Text(json, "level")) switch
        {
            FindingLevel.Problem => Diagnosis.Finding.Problem(id, Enum.Parse<FaultKind>(Text(json, "kind")), what, where, cure),
            FindingLevel.Warning => Diagnosis.Finding.Warning(id, what, where, cure),
            FindingLevel.Ok => Diagnosis.Finding.Ok(id, what, where),
            _ => Diagnosis.Finding.Info(id, what, where, cure),
        };
    }

    private static object Value(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Number => json.GetInt64(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Array => json.EnumerateArray().Select(static e => e.GetString()!).ToArray(),
        _ => json.GetString()!,
    };
}

/// <summary>It begins something that may be its end.</summary>
/// <param name="Name">For itself: what to leave out the next time.</param>
/// <param name="Section">Where its findings belong.</param>
/// <param name="Doing">In words: <c>loading /opt/ort/libonnxruntime.so</c>.</param>
/// <param name="Cure">What to do where this ends it.</param>
internal sealed record ProbeStep(string Name, string Section, string Doing, string Cure) : ProbeLine
{
    /// <summary>The line by which its beginning is known in standard error.</summary>
    public string Mark => $"[doctor: {Name}]";

    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteString("step", Name);
        json.WriteString("section", Section);
        json.WriteString("doing", Doing);
        json.WriteString("cure", Cure);
    }
}

/// <summary>It has found something.</summary>
/// <param name="Section">Where that belongs.</param>
/// <param name="Finding">What.</param>
internal sealed record ProbeFinding(string Section, Finding Finding) : ProbeLine
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteString("section", Section);
        json.WriteStartObject("finding");
        json.WriteString("id", Finding.Id.ToString());
        json.WriteString("level", Finding.Level.ToString());
        json.WriteString("what", Finding.What);
        json.WriteString("where", Finding.Where);
        json.WriteString("cure", Finding.Cure);
        if (Finding.Kind is { } kind) json.WriteString("kind", kind.ToString());
        json.WriteEndObject();
    }
}

/// <summary>It has measured something.</summary>
/// <param name="Section">Where that belongs.</param>
/// <param name="Name">In snake case.</param>
/// <param name="Value">A text, a truth, a whole number, or texts.</param>
internal sealed record ProbeFact(string Section, string Name, object Value) : ProbeLine
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteString("section", Section);
        json.WriteString("fact", Name);
        json.WritePropertyName("value");
        switch (Value)
        {
            case string text: json.WriteStringValue(text); break;
            case bool truth: json.WriteBooleanValue(truth); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case IReadOnlyList<string> texts:
                json.WriteStartArray();
                foreach (string text in texts) json.WriteStringValue(text);
                json.WriteEndArray();
                break;
            default: throw new InvalidOperationException($"{Section}.{Name} is a {Value.GetType().Name}");
        }
    }
}

/// <summary>It has come to its end.</summary>
internal sealed record ProbeEnd : ProbeLine
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json) => json.WriteBoolean("end", true);
}
