using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EdgeInfer.Delivery;

/// <summary><c>edgeinfer/gap/1</c>: the message that declares a loss.</summary>
internal static class GapMessage
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a loss.</summary>
    /// <param name="device">The device's id.</param>
    /// <param name="gap">The loss.</param>
    public static byte[] Encode(string device, Gap gap)
    {
        ArrayBufferWriter<byte> bytes = new(256);
        using (Utf8JsonWriter json = new(bytes, s_options))
        {
            json.WriteStartObject();
            json.WriteString("schema"u8, "edgeinfer/gap/1"u8);

            // The same loss has the same id however often it is sent.
            json.WriteString("id"u8, $"{gap.Boot}-{gap.Stream}-{gap.FromSequence ?? 0}-{gap.ToSequence ?? gap.AtMost}-{gap.Reason}");
            json.WriteString("device"u8, device);
            json.WriteString("stream"u8, gap.Stream);
            json.WriteNumber("boot"u8, gap.Boot);
            if (gap.FromSequence is { } from) json.WriteNumber("from_seq"u8, from);
            if (gap.ToSequence is { } to) json.WriteNumber("to_seq"u8, to);
            if (gap.AtMost is { } most) json.WriteNumber("at_most"u8, most);
            json.WriteString("reason"u8, gap.Reason);
            json.WriteString("at"u8, Rfc3339(gap.UtcMilliseconds));
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static string Rfc3339(long utcMilliseconds)
    {
        // What a clock gone mad has written is still shown.
        const long Most = 253_402_300_799_999;
        return DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(utcMilliseconds, 0, Most)).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
    }
}
