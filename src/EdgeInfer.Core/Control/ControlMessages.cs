using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Control;

/// <summary>One request: a line of JSON. A property that is not known is refused, never passed over.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ControlRequest
{
    /// <summary>What is to be done.</summary>
    public required string Op { get; init; }

    /// <summary><c>capture</c>: the pipeline.</summary>
    public string? Pipeline { get; init; }
}

/// <summary>What is wrong, in an answer.</summary>
/// <param name="Code">The sysexits code of <see cref="FaultKind"/>.</param>
/// <param name="Where">Where.</param>
/// <param name="What">What.</param>
/// <param name="Cure">The cure; empty where there is none.</param>
internal sealed record ControlError(int Code, string Where, string What, string Cure)
{
    /// <summary>A fault as an answer carries it.</summary>
    public static ControlError Of(Fault fault) => new((int)fault.Kind, fault.Where, fault.What, fault.Cure);

    /// <summary>The fault again.</summary>
    public Fault ToFault() => new(Enum.IsDefined((FaultKind)Code) ? (FaultKind)Code : FaultKind.Internal, Where, What, Cure);
}

/// <summary>What a reload has changed.</summary>
/// <param name="Added">Pipelines that are new.</param>
/// <param name="Restarted">Pipelines that were started anew.</param>
/// <param name="Removed">Pipelines that are gone.</param>
/// <param name="Unchanged">Pipelines that were not touched.</param>
/// <param name="BrokerChanged">Whether the broker's session is another.</param>
internal sealed record ReloadReport(
    IReadOnlyList<string> Added, IReadOnlyList<string> Restarted, IReadOnlyList<string> Removed, IReadOnlyList<string> Unchanged, bool BrokerChanged);

/// <summary>The bytes that follow an answer, and who writes them.</summary>
/// <param name="LengthBytes">How many.</param>
internal abstract class ControlAttachment(long LengthBytes) : IDisposable
{
    /// <summary>How many bytes follow the answer's line.</summary>
    public long LengthBytes { get; } = LengthBytes;

    /// <summary>Writes exactly <see cref="LengthBytes"/>.</summary>
    public abstract ValueTask WriteAsync(Stream to, CancellationToken stop);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>One answer: a line of JSON, and perhaps bytes after it.</summary>
/// <param name="Line">The line as UTF-8, its end included.</param>
/// <param name="Attachment">What follows; whoever sends it disposes of it.</param>
internal sealed record ControlAnswer(ReadOnlyMemory<byte> Line, ControlAttachment? Attachment = null)
{
    /// <summary>It was done.</summary>
    /// <param name="op">The request's <c>op</c>, also the name of the property that holds the outcome.</param>
    /// <param name="outcome">JSON.</param>
    /// <param name="attachment">Bytes that follow.</param>
    public static ControlAnswer Done(string op, ReadOnlySpan<byte> outcome, ControlAttachment? attachment = null)
    {
        ArrayBufferWriter<byte> line = new(outcome.Length + 64);
        using (Utf8JsonWriter json = new(line, s_options))
        {
            json.WriteStartObject();
            json.WriteBoolean("ok", true);
            json.WritePropertyName(op);
            json.WriteRawValue(outcome);
            json.WriteEndObject();
        }

        line.Write("\n"u8);
        return new(line.WrittenMemory, attachment);
    }

    /// <summary>It was not done.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="all">Every fault, where there are more than one.</param>
    public static ControlAnswer Refused(Fault fault, IReadOnlyList<Fault>? all = null)
    {
        ArrayBufferWriter<byte> line = new(256);
        using (Utf8JsonWriter json = new(line, s_options))
        {
            json.WriteStartObject();
            json.WriteBoolean("ok", false);
            json.WritePropertyName("error");
            JsonSerializer.Serialize(json, ControlError.Of(fault), ControlJson.Default.ControlError);
            if (all is { Count: > 1 })
            {
                json.WriteStartArray("errors");
                foreach (Fault one in all) JsonSerializer.Serialize(json, ControlError.Of(one), ControlJson.Default.ControlError);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        line.Write("\n"u8);
        return new(line.WrittenMemory);
    }

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlError))]
[JsonSerializable(typeof(ReloadReport))]
internal sealed partial class ControlJson : JsonSerializerContext;
