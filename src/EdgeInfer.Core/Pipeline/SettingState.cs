using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeInfer.Results;

namespace EdgeInfer.Pipeline;

/// <summary>Where the value of a setting comes from.</summary>
internal enum SettingOrigin
{
    /// <summary>The configuration.</summary>
    Configuration,

    /// <summary>A message.</summary>
    Set,

    /// <summary>The model: the configuration leaves it to it.</summary>
    Model,
}

/// <summary>A message that set nothing.</summary>
/// <param name="Value">What it held, as JSON.</param>
/// <param name="Cause">Why it set nothing.</param>
/// <param name="At">When it came.</param>
internal sealed record RefusedSetting(string Value, string Cause, DateTimeOffset At);

/// <summary>The retained message at <c>P/{pipeline}/state/{key}</c>: <c>edgeinfer/state/1</c>. What is null is left out.</summary>
/// <param name="Value">The value at work, as JSON; null where only a model knows it that is not open.</param>
/// <param name="Origin">Where it comes from.</param>
/// <param name="At">Since when, UTC.</param>
/// <param name="Unsaved">Why it will not outlast a restart.</param>
/// <param name="Refused">The last message, where it set nothing.</param>
internal sealed record SettingState(string? Value, SettingOrigin Origin, DateTimeOffset At, string? Unsaved, RefusedSetting? Refused)
{
    /// <summary>The message as UTF-8 JSON.</summary>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> bytes = new(256);
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("schema", "edgeinfer/state/1");
            if (Value is not null)
            {
                json.WritePropertyName("value");
                json.WriteRawValue(Value);
            }

            json.WriteString("origin", Origin switch { SettingOrigin.Set => "set", SettingOrigin.Model => "model", _ => "configuration" });
            WriteTime(json, At);
            if (Unsaved is not null) json.WriteString("unsaved", Unsaved);
            if (Refused is not null)
            {
                json.WriteStartObject("refused");
                json.WritePropertyName("value");
                json.WriteRawValue(Refused.Value);
                json.WriteString("cause", Refused.Cause);
                WriteTime(json, Refused.At);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteTime(Utf8JsonWriter json, DateTimeOffset at)
    {
        Span<byte> text = stackalloc byte[Rfc3339.Length];
        Rfc3339.Write(at, text);
        json.WriteString("at", text);
    }
}
