using System.Text.Json;
using System.Text.Json.Serialization;

namespace EdgeInfer.Results;

/// <summary>Times as EdgeInfer writes them.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[Rfc3339.Length];
        Rfc3339.Write(value, text);
        writer.WriteStringValue(text);
    }
}
