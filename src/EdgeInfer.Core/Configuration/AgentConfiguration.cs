namespace EdgeInfer.Configuration;

/// <summary>A secret that no text, log or dump can show; only <see cref="Reveal"/> gives it.</summary>
/// <param name="value">The secret.</param>
/// <param name="file">The file it was read from; null where it stands elsewhere.</param>
public sealed class Secret(string value, string? file = null) : IEquatable<Secret>
{
    /// <summary>The file it was read from; null where it stands elsewhere.</summary>
    public string? File { get; } = file;

    /// <summary>The secret that its file holds now; null where that cannot be used, as while it is being written.</summary>
    public Secret? ReadAgain() => File is null ? null : SecretFile.Read(File, out _);

    /// <summary>The secret itself, for the one place that sends it.</summary>
    public string Reveal() => value;

    /// <inheritdoc/>
    public bool Equals(Secret? other) => other is not null && string.Equals(value, other.Reveal(), StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <inheritdoc/>
    public override int GetHashCode() => value.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => "***";
}

/// <summary>Everything the configuration says, read and checked; relative paths are made absolute.</summary>
public sealed record AgentConfiguration
{
    /// <summary>The file it was read from; empty for embedded defaults and flags.</summary>
    public required string File { get; init; }

    /// <summary><c>device</c>.</summary>
    public required DeviceOptions Device { get; init; }

    /// <summary><c>mqtt</c>.</summary>
    public required MqttOptions Mqtt { get; init; }

    /// <summary><c>runtime</c>.</summary>
    public required RuntimeOptions Runtime { get; init; }

    /// <summary><c>outbox</c>.</summary>
    public OutboxOptions Outbox { get; init; } = new();

    /// <summary><c>runtime.heat</c>; beside the rest of <c>runtime</c>, since a change of it restarts no pipeline.</summary>
    public HeatOptions Heat { get; init; } = new();

    /// <summary><c>updates</c>; null where nothing is updated over the air.</summary>
    public UpdateOptions? Updates { get; init; }

    /// <summary><c>http</c>.</summary>
    public HttpOptions Http { get; init; } = new();

    /// <summary><c>models</c>: name to path of a folder or .onnx file.</summary>
    public required IReadOnlyDictionary<string, ModelReference> Models { get; init; }

    /// <summary>Names in the store of the models that are managed, each once.</summary>
    public IReadOnlyList<string> ManagedModels => [.. Models.Values.Select(static m => m.Managed).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <summary><c>pipelines</c>, in the order written.</summary>
    public required IReadOnlyList<PipelineOptions> Pipelines { get; init; }
}

/// <summary><c>device</c>.</summary>
/// <param name="Id">1 to 64 of [A-Za-z0-9_-].</param>
/// <param name="Labels">Free key and value pairs.</param>
public sealed record DeviceOptions(string Id, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>Free key and value pairs.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init => field = ByValue.Map(value); } = ByValue.Map(Labels);
}

/// <summary>One entry of <c>models</c>.</summary>
/// <param name="Name">Its name in this configuration.</param>
/// <param name="Path">Absolute path of a folder or an .onnx file.</param>
/// <param name="Mark">Where it is written.</param>
/// <param name="Managed">Its name in the store of managed models, whose generations are updated; null where it stays what <paramref name="Path"/> holds.</param>
public sealed record ModelReference(string Name, string Path, Mark Mark, string? Managed = null)
{
    /// <summary>What this device demands of releases beyond their own gate.</summary>
    public GateOptions Gate { get; init; } = new();
}

/// <summary><c>models.NAME.gate</c>: demands beyond a release's own. They make its gate tighter, never looser.</summary>
public sealed record GateOptions
{
    /// <summary>The most that 95 of 100 frames may take from pixels to results; null for the release's.</summary>
    public TimeSpan? P95 { get; init; }

    /// <summary>The most resident memory of the probe in bytes; null for the release's.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The least mean average precision at an overlap of 0.5; null for the release's.</summary>
    public double? Map50 { get; init; }
}

/// <summary><c>mqtt</c>.</summary>
public sealed record MqttOptions
{
    /// <summary><see cref="Prefix"/> where none is written.</summary>
    public const string DefaultPrefix = "edgeinfer";

    /// <summary>mqtt, mqtts, ws, wss or embedded, with host and port; no credentials.</summary>
    public required Uri Url { get; init; }

    /// <summary>User name.</summary>
    public string? Username { get; init; }

    /// <summary>Password.</summary>
    public Secret? Password { get; init; }

    /// <summary>Client id; default <c>edgeinfer-{device}</c>.</summary>
    public string? ClientId { get; init; }

    /// <summary>Absolute path of a PEM file of authorities that replaces the system's.</summary>
    public string? TlsCa { get; init; }

    /// <summary>Absolute path of the client certificate (PEM).</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>Absolute path of the client key (PEM).</summary>
    public string? TlsKey { get; init; }

    /// <summary>First levels of every topic.</summary>
    public string Prefix { get; init; } = DefaultPrefix;

    /// <summary>The most unacknowledged messages, 1 to 1024.</summary>
    public int InFlight { get; init; } = 16;

    /// <summary>Keep-alive.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether MQTT 3.1.1 is spoken instead of MQTT 5.</summary>
    public bool IsVersion311 { get; init; }

    /// <summary><see cref="Accept"/> where nothing is written.</summary>
    public static IReadOnlyList<string> AcceptedByDefault { get; } = ByValue.List([AcceptsSet, AcceptsCommands, AcceptsUpdates]);

    /// <summary>The word in <see cref="Accept"/> for settings.</summary>
    public const string AcceptsSet = "set";

    /// <summary>The word in <see cref="Accept"/> for commands.</summary>
    public const string AcceptsCommands = "cmd";

    /// <summary>The word in <see cref="Accept"/> for hints at updates and approvals.</summary>
    public const string AcceptsUpdates = "update";

    /// <summary>What the device listens to: <c>set</c>, <c>cmd</c>, <c>update</c>.</summary>
    public IReadOnlyList<string> Accept { get; init => field = ByValue.List(value); } = AcceptedByDefault;
}

/// <summary><c>outbox</c>: results that wait for the broker.</summary>
public sealed record OutboxOptions
{
    /// <summary>The most that waiting results take on the disk, in bytes.</summary>
    public long SizeBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>How long predictions are kept.</summary>
    public TimeSpan Predictions { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The most late results sent a second.</summary>
    public int RatePerSecond { get; init; } = 500;
}

/// <summary>When predictions are published.</summary>
public enum PublishMode
{
    /// <summary>When the multiset of labels differs from the last one published.</summary>
    OnChange,

    /// <summary>Each result.</summary>
    Every,

    /// <summary>Never.</summary>
    Off,
}

/// <summary><c>pipelines.NAME.publish</c>.</summary>
public sealed record PublishOptions
{
    /// <summary>When.</summary>
    public PublishMode Predictions { get; init; } = PublishMode.OnChange;

    /// <summary>The shortest time between two messages; what comes sooner is held back, the newest is sent when the time is up.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.Zero;

    /// <summary>The longest silence of a running pipeline; null for none.</summary>
    public TimeSpan? Heartbeat { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Topic, its placeholders filled but <c>{model}</c>, which each model of the pipeline fills with its name; null for <c>{prefix}/{device}/{pipeline}/prediction</c>.</summary>
    public string? Topic { get; init; }

    /// <summary>A topic with the model's name in its place.</summary>
    public static string TopicOf(string topic, string model) => topic.Replace("{model}", model, StringComparison.Ordinal);

    /// <summary>Where <see cref="Topic"/> is written.</summary>
    public Mark? TopicMark { get; init; }

    /// <summary>0 or 1.</summary>
    public int Qos { get; init; } = 1;
}

/// <summary>A label that a pipeline names, to be checked against the model's.</summary>
/// <param name="Label">As written.</param>
/// <param name="Path">The dotted key.</param>
/// <param name="Mark">Where it is written.</param>
public sealed record LabelMention(string Label, string Path, Mark Mark);

/// <summary>
/// <c>pipelines.NAME</c>. Equal to another with the same content, collections and secrets included; <see cref="WithoutMarks"/> leaves
/// out where it is written.
/// </summary>
public sealed record PipelineOptions
{
    /// <summary>[a-z0-9][a-z0-9_-]{0,31}.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is written.</summary>
    public required Mark Mark { get; init; }

    /// <summary>Where frames come from.</summary>
    public required SourceOptions Source { get; init; }

    /// <summary>Keys of <see cref="AgentConfiguration.Models"/>, in the order they are run; at least one, no two the same.</summary>
    public required IReadOnlyList<string> Models { get; init => field = ByValue.List(value); }

    /// <summary>Where <see cref="Models"/> is written.</summary>
    public Mark ModelMark { get; init; }

    /// <summary>Inferences a second; null for as many as there are frames.</summary>
    public double? FramesPerSecond { get; init; } = 5;

    /// <summary>Labels to report; null for all.</summary>
    public IReadOnlyList<string>? Labels { get; init => field = ByValue.ListOrNull(value); }

    /// <summary>Score threshold; null for the model's.</summary>
    public double? Threshold { get; init; }

    /// <summary>Threshold per label, over <see cref="Threshold"/>.</summary>
    public IReadOnlyDictionary<string, double> LabelThresholds { get; init => field = ByValue.Map(value); } = ByValue.Map(new Dictionary<string, double>());

    /// <summary>Every label named in <see cref="Labels"/> and <see cref="LabelThresholds"/>.</summary>
    public IReadOnlyList<LabelMention> LabelMentions { get; init => field = ByValue.List(value); } = ByValue.List<LabelMention>([]);

    /// <summary>Smallest box as a fraction of the frame's area.</summary>
    public double MinArea { get; init; }

    /// <summary>What is published.</summary>
    public PublishOptions Publish { get; init; } = new();

    /// <summary>Whether results are on the disk before they are sent (<c>delivery: durable</c>).</summary>
    public bool IsDurable { get; init; }

    /// <summary>What <c>edgeinfer capture</c> finds; null keeps nothing.</summary>
    public RecordOptions? Record { get; init; }

    /// <summary>The first label that it names and that is not known; null where all are.</summary>
    /// <param name="known">The labels of its models.</param>
    public string? UnknownLabel(IReadOnlyCollection<string> known) => (Labels ?? []).Concat(LabelThresholds.Keys).FirstOrDefault(label => !known.Contains(label));

    /// <summary>The same without the places in the file, so that a moved line is no change.</summary>
    public PipelineOptions WithoutMarks() => this with { Mark = default, ModelMark = default, LabelMentions = [], Publish = Publish with { TopicMark = null } };
}
