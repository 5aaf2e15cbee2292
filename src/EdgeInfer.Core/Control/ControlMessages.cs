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

    /// <summary><c>capture</c>, <c>snapshot</c>: the pipeline.</summary>
    public string? Pipeline { get; init; }

    /// <summary>Updates: the managed model; null for all.</summary>
    public string? Model { get; init; }

    /// <summary>Updates: the number of a release.</summary>
    public long? Seq { get; init; }

    /// <summary><c>update_apply</c>: a folder, absolute.</summary>
    public string? Folder { get; init; }
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

/// <summary>What became of a request: its outcome, or why there is none; and perhaps bytes after it.</summary>
internal sealed class ControlAnswer
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _op = "";
    private readonly ReadOnlyMemory<byte> _outcome;
    private readonly IReadOnlyList<Fault> _faults = [];

    private ControlAnswer(string op, ReadOnlyMemory<byte> outcome, ControlAttachment? attachment)
    {
        _op = op;
        _outcome = outcome;
        Attachment = attachment;
    }

    private ControlAnswer(IReadOnlyList<Fault> faults) => _faults = faults;

    /// <summary>What follows; whoever sends it disposes of it.</summary>
    public ControlAttachment? Attachment { get; }

    /// <summary>Why it was not done; null where it was.</summary>
    public Fault? Fault => _faults.Count == 0 ? null : _faults[0];

    /// <summary>The answer as the control socket gives it: one line of UTF-8, its end included.</summary>
    public ReadOnlyMemory<byte> Line
    {
        get
        {
            ArrayBufferWriter<byte> line = new(_outcome.Length + 256);
            using (Utf8JsonWriter json = new(line, s_options))
            {
                json.WriteStartObject();
                Write(json);
                json.WriteEndObject();
            }

            line.Write("\n"u8);
            return line.WrittenMemory;
        }
    }

    /// <summary>It was done.</summary>
    /// <param name="op">The request's <c>op</c>, also the name of the property that holds the outcome.</param>
    /// <param name="outcome">JSON.</param>
    /// <param name="attachment">Bytes that follow.</param>
    public static ControlAnswer Done(string op, ReadOnlySpan<byte> outcome, ControlAttachment? attachment = null) => new(op, outcome.ToArray(), attachment);

    /// <summary>It was not done.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="all">Every fault, where there are more than one.</param>
    public static ControlAnswer Refused(Fault fault, IReadOnlyList<Fault>? all = null) => new(all is { Count: > 1 } ? all : [fault]);

    /// <summary>The answer as a message: <c>edgeinfer/answer/1</c>.</summary>
    /// <param name="op">The operation, as asked for.</param>
    /// <param name="id">The request's id; null where it had none.</param>
    /// <param name="refused">The response topic that was asked for and not used; null where there was none.</param>
    public byte[] ToMessage(string op, string? id, RefusedTopic? refused)
    {
        ArrayBufferWriter<byte> message = new(_outcome.Length + 256);
        using (Utf8JsonWriter json = new(message, s_options))
        {
            json.WriteStartObject();
            json.WriteString("schema", "edgeinfer/answer/1");
            json.WriteString("op", op);
            if (id is not null) json.WriteString("id", id);
            Write(json);
            if (refused is not null)
            {
                json.WriteStartObject("response_topic");
                json.WriteString("refused", refused.Topic);
                json.WriteString("cause", refused.Cause);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return message.WrittenSpan.ToArray();
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteBoolean("ok", _faults.Count == 0);
        if (_faults.Count == 0)
        {
            json.WritePropertyName(_op);
            json.WriteRawValue(_outcome.Span);
            return;
        }

        json.WritePropertyName("error");
        JsonSerializer.Serialize(json, ControlError.Of(_faults[0]), ControlJson.Default.ControlError);
        if (_faults.Count == 1) return;
        json.WriteStartArray("errors");
        foreach (Fault one in _faults) JsonSerializer.Serialize(json, ControlError.Of(one), ControlJson.Default.ControlError);
        json.WriteEndArray();
    }
}

/// <summary>A response topic that an answer does not go to.</summary>
/// <param name="Topic">As it was asked for.</param>
/// <param name="Cause">Why not.</param>
internal sealed record RefusedTopic(string Topic, string Cause);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlError))]
[JsonSerializable(typeof(ReloadReport))]
internal sealed partial class ControlJson : JsonSerializerContext;
