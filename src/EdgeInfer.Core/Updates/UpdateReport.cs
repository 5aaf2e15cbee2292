using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Results;

namespace EdgeInfer.Updates;

/// <summary>A generation in <see cref="UpdateReport"/>.</summary>
/// <param name="Seq">Its number.</param>
/// <param name="Version">What its publisher calls it; null where that is not said.</param>
/// <param name="Manifest">sha256 of its manifest, 64 hexadecimal digits; of what was there before any release it stands for nothing published.</param>
/// <param name="Digest">The model's digest, as results name it.</param>
internal sealed record GenerationReport(long Seq, string? Version, string Manifest, string Digest);

/// <summary>The job in <see cref="UpdateReport"/>.</summary>
/// <param name="State">offered, metadata, admitted, fetching, verified, inspected, probed, staged, window, trial, committed, rolled_back or failed.</param>
/// <param name="Since">UTC.</param>
/// <param name="Target">Path of the signed target; null while it is not known.</param>
/// <param name="Seq">Its number.</param>
/// <param name="Version">What its publisher calls it.</param>
/// <param name="Manifest">sha256 of its manifest.</param>
/// <param name="Code">Why it ended or waits, in one word.</param>
/// <param name="Reason">The same in one line.</param>
/// <param name="Retries">How often this state was tried again.</param>
/// <param name="NotBefore">When it is tried again, UTC; null where that waits for no time.</param>
internal sealed record JobReport(
    string State, [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? Since, string? Target, long? Seq, string? Version, string? Manifest, string? Code, string? Reason,
    int Retries, [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? NotBefore);

/// <summary>The files of a release on their way, in <see cref="UpdateReport"/>.</summary>
/// <param name="Bytes">What has come.</param>
/// <param name="Total">What is to come in all.</param>
internal sealed record ProgressReport(long Bytes, long Total);

/// <summary>The trial in <see cref="UpdateReport"/>.</summary>
/// <param name="Seq">The number of what is on trial.</param>
/// <param name="Version">What its publisher calls it; null where that is not said.</param>
/// <param name="Results">Results so far.</param>
/// <param name="Errors">Runs that failed.</param>
/// <param name="NotNumbers">Results whose outputs were no numbers.</param>
/// <param name="ServedS">Seconds so far, times without the agent left out.</param>
/// <param name="Attempts">Starts that have not ended well, this one included.</param>
/// <param name="P95Ms">95 of 100 inferences took no longer; null without results.</param>
/// <param name="P95BeforeMs">The same of the model before it.</param>
/// <param name="RssBytes">Resident memory of the agent.</param>
/// <param name="RssBeforeBytes">The same with the model before it.</param>
internal sealed record TrialReport(
    long Seq, string? Version, long Results, long Errors, long NotNumbers, double ServedS, int Attempts, double? P95Ms, double? P95BeforeMs, long? RssBytes, long? RssBeforeBytes);

/// <summary>What serves in the place of what should, in <see cref="UpdateReport"/>.</summary>
/// <param name="Seq">The number of what should serve; null where nobody knows that.</param>
/// <param name="Version">What its publisher calls it.</param>
/// <param name="Why">Why it does not serve, in one line.</param>
/// <param name="Serves">What does, in words; null where nothing does.</param>
/// <param name="Waits">Why it is not mended yet; null where that is under way.</param>
internal sealed record StandInReport(long? Seq, string? Version, string Why, string? Serves, string? Waits);

/// <summary>A release that is not tried again, in <see cref="UpdateReport"/>.</summary>
/// <param name="Seq">Its number.</param>
/// <param name="Manifest">sha256 of its manifest.</param>
/// <param name="Code">Why, in one word.</param>
/// <param name="Reason">The same in one line.</param>
/// <param name="At">UTC.</param>
internal sealed record RefusalReport(long Seq, string Manifest, string? Code, string Reason, [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? At);

/// <summary><c>edgeinfer/update/1</c>: the retained message at <c>{prefix}/{device}/update/status/{model}</c>; what is null is left out.</summary>
internal sealed record UpdateReport
{
    /// <summary>The schema's name.</summary>
    public string Schema { get; init; } = "edgeinfer/update/1";

    /// <summary>The device's id.</summary>
    public required string Device { get; init; }

    /// <summary>The model's name in the store.</summary>
    public required string Model { get; init; }

    /// <summary>When this was written, UTC.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public required DateTimeOffset? At { get; init; }

    /// <summary>What serves, or what a failing trial goes back to; null where nothing does.</summary>
    public GenerationReport? Active { get; init; }

    /// <summary>What was active before.</summary>
    public GenerationReport? Previous { get; init; }

    /// <summary>What serves in the place of what should: that is damaged, and is being mended; null where what should serve does.</summary>
    public StandInReport? StandIn { get; init; }

    /// <summary>Releases below this number are not taken.</summary>
    public long Floor { get; init; }

    /// <summary>The number that an operator holds the model at.</summary>
    public long? Pin { get; init; }

    /// <summary>The running or last job.</summary>
    public JobReport? Job { get; init; }

    /// <summary>Files on their way.</summary>
    public ProgressReport? Progress { get; init; }

    /// <summary>The trial under way.</summary>
    public TrialReport? Trial { get; init; }

    /// <summary>The release that was refused last and is still remembered.</summary>
    public RefusalReport? Refused { get; init; }

    /// <summary>Why nothing new can be learnt: the repository cannot be reached, or its metadata are not trusted.</summary>
    public string? Repository { get; init; }

    /// <summary>The code of that.</summary>
    public string? RepositoryCode { get; init; }

    /// <summary>The message.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, UpdateJson.Default.UpdateReport);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(UpdateReport))]
[JsonSerializable(typeof(IReadOnlyList<UpdateReport>))]
internal sealed partial class UpdateJson : JsonSerializerContext;
