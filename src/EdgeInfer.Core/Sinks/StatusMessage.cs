using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Results;

namespace EdgeInfer.Sinks;

/// <summary>What the agent is doing.</summary>
internal enum AgentState
{
    /// <summary>At work.</summary>
    [JsonStringEnumMemberName("online")]
    Online,

    /// <summary>Ended on purpose.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>Gone without a word: only the last will says so.</summary>
    [JsonStringEnumMemberName("offline")]
    Offline,
}

/// <summary>What a pipeline is doing.</summary>
internal enum PipelineState
{
    /// <summary>Not at work yet.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>Frames become results.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>The source gives nothing; it is tried again.</summary>
    [JsonStringEnumMemberName("no_signal")]
    NoSignal,

    /// <summary>There is no model to run.</summary>
    [JsonStringEnumMemberName("no_model")]
    NoModel,

    /// <summary>An operator must act; it is tried again all the same.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Turned off.</summary>
    [JsonStringEnumMemberName("disabled")]
    Disabled,
}

/// <summary>Milliseconds from capture to result, of the results of the last seconds: what grows where a delay builds up.</summary>
/// <param name="P50">Half of them were no older.</param>
/// <param name="Max">None was older.</param>
internal sealed record FrameAgeReport(double P50, double Max);

/// <summary>The connection to the broker in <see cref="StatusMessage"/>.</summary>
/// <param name="State"><c>connected</c>, <c>connecting</c>, <c>waiting</c> (tried again by itself), <c>failed</c> (tried again too, but somebody must act) or <c>stopped</c>.</param>
/// <param name="Url">Its address without credentials, path and query.</param>
/// <param name="Since">Since when it is connected, or is not; UTC.</param>
/// <param name="Cause">Why it is not connected: one line with what, where and the cure.</param>
/// <param name="Warning">What will keep it from connecting one day, while it is connected; null where there is nothing.</param>
internal sealed record BrokerReport(
    string State, string Url, [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? Since, string? Cause, string? Warning = null);

/// <summary>The configuration in <see cref="StatusMessage"/>.</summary>
/// <param name="LoadedAt">When the one at work was taken up, UTC.</param>
/// <param name="Fault">Why the last reload changed nothing: one line with place and cure; null where there was none, or it was applied.</param>
/// <param name="FaultAt">When that reload was tried, UTC.</param>
internal sealed record ConfigurationReport(
    [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset LoadedAt, string? Fault,
    [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? FaultAt);

/// <summary>A model in <see cref="StatusMessage"/>.</summary>
/// <param name="Name">Its own name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Digest">sha256 of its manifest, 64 hexadecimal digits.</param>
internal sealed record ModelReport(string Name, string Version, string Digest);

/// <summary>What waits for the broker, in <see cref="StatusMessage"/>; what is null is left out.</summary>
/// <param name="State"><c>ok</c>, or <c>memory_only</c>: nothing can be put on the disk, and <paramref name="Cause"/> says why.</param>
/// <param name="Cause">One line with what, where and the cure; also what was found at the start.</param>
/// <param name="Waiting">Results in memory, those on their way included.</param>
/// <param name="Stored">Results on the disk.</param>
/// <param name="StoredBytes">What they take there.</param>
/// <param name="QuotaBytes">The most they may take (<c>outbox.size</c>).</param>
/// <param name="Accepted">Results accepted since the start.</param>
/// <param name="Delivered">Results that the broker has, since the start; those of earlier starts too.</param>
/// <param name="Lost">Results declared lost since the start, and those that may be.</param>
/// <param name="Gaps">Losses that are not yet published.</param>
/// <param name="DeadLetters">Results that the broker refuses for good.</param>
/// <param name="Held">Streams that the broker refuses for now, and why.</param>
internal sealed record OutboxReport(
    string State, string? Cause, int Waiting, long Stored, long StoredBytes, long QuotaBytes, long Accepted, long Delivered, long Lost, long Gaps, long DeadLetters,
    IReadOnlyDictionary<string, string>? Held);

/// <summary>The way to the broker in <see cref="StatusMessage"/>: counts since the start.</summary>
internal sealed record DeliveryReport(long Published, long Acknowledged, long Dropped, long Refused, long Reconnects, int Queued);

/// <summary>Memory of the control group that limits the agent, in <see cref="StatusMessage"/>; what is null is left out.</summary>
/// <param name="LimitBytes">The most it may use.</param>
/// <param name="UsedBytes">What it uses, without files that are only cached.</param>
/// <param name="Kills">Processes that were killed for the group's memory.</param>
/// <param name="Cause">That it is nearly used up, and what to do; null while it is not.</param>
internal sealed record MemoryReport(long LimitBytes, long? UsedBytes, long Kills, string? Cause = null);

/// <summary>What came from the broker in <see cref="StatusMessage"/>: counts since the start.</summary>
/// <param name="Settings">Settings.</param>
/// <param name="Commands">Commands.</param>
/// <param name="Retained">Of both, those that were ignored since the broker had kept them.</param>
internal sealed record ReceivedReport(long Settings, long Commands, long Retained);

/// <summary><c>edgeinfer/status/1</c>: the retained message at <c>{prefix}/{device}/status</c>; what is null is left out.</summary>
internal sealed record StatusMessage
{
    /// <summary>The schema's name.</summary>
    public string Schema { get; init; } = "edgeinfer/status/1";

    /// <summary>What the agent is doing.</summary>
    public required AgentState State { get; init; }

    /// <summary>The device's id.</summary>
    public required string Device { get; init; }

    /// <summary>EdgeInfer's version.</summary>
    public required string Version { get; init; }

    /// <summary>Version of the native ONNX Runtime in use.</summary>
    public string? Onnxruntime { get; init; }

    /// <summary>Counts the agent's starts.</summary>
    public required long Boot { get; init; }

    /// <summary>When this was written, UTC; absent from the last will, which is written before its time.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? At { get; init; }

    /// <summary>When the agent started, UTC.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary><c>synced</c> or <c>unsynced</c>.</summary>
    public string? Clock { get; init; }

    /// <summary><c>device.labels</c>.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The configuration at work.</summary>
    public ConfigurationReport? Configuration { get; init; }

    /// <summary>Models by the name the configuration gives them.</summary>
    public IReadOnlyDictionary<string, ModelReport>? Models { get; init; }

    /// <summary>Pipelines by name.</summary>
    public IReadOnlyDictionary<string, PipelineReport>? Pipelines { get; init; }

    /// <summary>The device's heat and what is done about it; absent where the device tells nothing, and before the first reading.</summary>
    public HeatReport? Heat { get; init; }

    /// <summary>The connection to the broker.</summary>
    public BrokerReport? Broker { get; init; }

    /// <summary>What waits for the broker.</summary>
    public OutboxReport? Outbox { get; init; }

    /// <summary>The way to the broker.</summary>
    public DeliveryReport? Delivery { get; init; }

    /// <summary>Memory, where a control group limits the agent.</summary>
    public MemoryReport? Memory { get; init; }

    /// <summary>What came from the broker; absent before the first message.</summary>
    public ReceivedReport? Received { get; init; }

    /// <summary>Reads what <see cref="Encode"/> has written, or a later version of it.</summary>
    /// <exception cref="JsonException">It is no such message.</exception>
    public static StatusMessage? Decode(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, StatusJson.Default.StatusMessage);

    /// <summary>The message as UTF-8 JSON, with no more escapes than JSON asks for.</summary>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> bytes = new(1024);
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            JsonSerializer.Serialize(json, this, StatusJson.Default.StatusMessage);
        return bytes.WrittenSpan.ToArray();
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(StatusMessage))]
[JsonSerializable(typeof(PipelineState))]
internal sealed partial class StatusJson : JsonSerializerContext;
