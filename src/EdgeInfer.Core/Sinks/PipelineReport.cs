using System.Text.Json.Serialization;
using EdgeInfer.Results;

namespace EdgeInfer.Sinks;

/// <summary>One pipeline in <see cref="StatusMessage"/>; what is null is left out.</summary>
internal sealed record PipelineReport
{
    /// <summary>What it is doing.</summary>
    public required PipelineState State { get; init; }

    /// <summary>Since when, UTC.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public required DateTimeOffset Since { get; init; }

    /// <summary>Why it is not running: one line with what, where and the cure.</summary>
    public string? Cause { get; init; }

    /// <summary>Frames a second that gave results, of late.</summary>
    public required double Fps { get; init; }

    /// <summary>How old frames of late were when their results were made.</summary>
    public FrameAgeReport? FrameAgeMs { get; init; }

    /// <summary>When the last frame was captured, UTC.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastFrame { get; init; }

    /// <summary>What the source really gives: <c>1280x720 MJPG 15/s</c>.</summary>
    public string? Source { get; init; }

    /// <summary>The model's name; a key of <see cref="StatusMessage.Models"/>.</summary>
    public string? Model { get; init; }

    /// <summary>The execution provider really used.</summary>
    public string? Provider { get; init; }

    /// <summary>Graph nodes that the provider runs.</summary>
    public int? ProviderNodes { get; init; }

    /// <summary>Graph nodes in all.</summary>
    public int? Nodes { get; init; }

    /// <summary>Graph nodes per provider; absent where the library does not tell.</summary>
    public IReadOnlyDictionary<string, int>? NodeProviders { get; init; }

    /// <summary>Providers that stand before the one in use, each with the reason why it is not; absent where none does.</summary>
    public IReadOnlyDictionary<string, string>? PassedOver { get; init; }

    /// <summary>The provider that is made ready in the background, or was; absent where none had to be.</summary>
    public ProviderBuildReport? Build { get; init; }

    /// <summary>Each of its models, where it has several; the fields above are those of the first that is open.</summary>
    public IReadOnlyList<PipelineModelReport>? Models { get; init; }

    /// <summary>Frames that arrived whole.</summary>
    public long Received { get; init; }

    /// <summary>Frames displaced by newer ones before anyone took them.</summary>
    public long Displaced { get; init; }

    /// <summary>Frames lost by the device or the line.</summary>
    public long Lost { get; init; }

    /// <summary>Frames that could not be decoded.</summary>
    public long Corrupt { get; init; }

    /// <summary>Results made.</summary>
    public long Results { get; init; }

    /// <summary>Results handed to the queue to the broker; <see cref="DeliveryReport.Acknowledged"/> counts what arrived.</summary>
    public long Published { get; init; }

    /// <summary>Results that the queue could not take; those that newer ones displaced from it count in <see cref="DeliveryReport.Dropped"/>.</summary>
    public long Dropped { get; init; }

    /// <summary>Keys that were set over the configuration; absent where none was.</summary>
    public IReadOnlyList<string>? Overridden { get; init; }
}

/// <summary>A provider that is made ready while another one serves, in <see cref="PipelineReport"/>.</summary>
/// <param name="Provider">As the configuration names it.</param>
/// <param name="State"><c>running</c>, <c>done</c> or <c>failed</c>.</param>
/// <param name="Since">When it began, UTC.</param>
/// <param name="Seconds">How long it takes by now, or took.</param>
/// <param name="Cause">Why it failed; null where it did not.</param>
internal sealed record ProviderBuildReport(
    string Provider, string State, [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset Since, double Seconds, string? Cause);

/// <summary>One of several models of a pipeline; what is null is left out.</summary>
internal sealed record PipelineModelReport
{
    /// <summary>The model's name; a key of <see cref="StatusMessage.Models"/>.</summary>
    public required string Model { get; init; }

    /// <summary>starting, running, no_model or failed.</summary>
    public required PipelineState State { get; init; }

    /// <summary>Why it is not running: one line with what, where and the cure.</summary>
    public string? Cause { get; init; }

    /// <summary>The execution provider really used.</summary>
    public string? Provider { get; init; }

    /// <summary>Graph nodes that the provider runs.</summary>
    public int? ProviderNodes { get; init; }

    /// <summary>Graph nodes in all.</summary>
    public int? Nodes { get; init; }

    /// <summary>Graph nodes per provider; absent where the library does not tell.</summary>
    public IReadOnlyDictionary<string, int>? NodeProviders { get; init; }

    /// <summary>Providers that stand before the one in use, each with the reason why it is not; absent where none does.</summary>
    public IReadOnlyDictionary<string, string>? PassedOver { get; init; }

    /// <summary>The provider that is made ready in the background, or was; absent where none had to be.</summary>
    public ProviderBuildReport? Build { get; init; }

    /// <summary>Results made.</summary>
    public long Results { get; init; }

    /// <summary>Results handed to the queue to the broker.</summary>
    public long Published { get; init; }

    /// <summary>Results that the queue could not take.</summary>
    public long Dropped { get; init; }
}
