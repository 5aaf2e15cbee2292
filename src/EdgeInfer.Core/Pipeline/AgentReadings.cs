using EdgeInfer.Diagnostics;
using EdgeInfer.Heat;
using EdgeInfer.Preprocessing;
using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>All that the agent counts, at one moment: its status, and what is too much for a message.</summary>
/// <param name="Status">As its status messages say it.</param>
/// <param name="Pipelines">In the order of the configuration.</param>
internal sealed record AgentReadings(StatusMessage Status, IReadOnlyList<PipelineReadings> Pipelines)
{
    /// <summary>The device's heat and what is done about it; null where the device tells nothing.</summary>
    public HeatSnapshot? Heat { get; init; }
}

/// <summary>All that a pipeline counts; a pipeline that is started anew begins again at 0.</summary>
internal sealed record PipelineReadings
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>As the status shows it.</summary>
    public required PipelineReport Report { get; init; }

    /// <summary>Its models, in their order; also where there is only one.</summary>
    public required IReadOnlyList<ModelReadings> Models { get; init; }

    /// <summary>Frames above the inference rate, dropped before they were decoded.</summary>
    public required long SkippedByRate { get; init; }

    /// <summary>Frames that the source refused for their bytes.</summary>
    public required long Damaged { get; init; }

    /// <summary>Frames that gave no result, by <see cref="DecodeOutcome"/>; the first is 0.</summary>
    public required IReadOnlyList<long> Refused { get; init; }

    /// <summary>From capture until the pipeline took the frame.</summary>
    public required DurationReading Capture { get; init; }

    /// <summary>From bytes to pixels; counts every frame that was decoded.</summary>
    public required DurationReading Decode { get; init; }
}

/// <summary>All that a pipeline counts of one of its models.</summary>
/// <param name="Report">As the status shows it.</param>
/// <param name="Preprocess">From pixels to the tensor.</param>
/// <param name="Inference">The model's own run.</param>
/// <param name="Postprocess">From tensors to results.</param>
/// <param name="Publish">What handing results on took.</param>
/// <param name="Age">From capture to result.</param>
internal sealed record ModelReadings(
    PipelineModelReport Report, DurationReading Preprocess, DurationReading Inference, DurationReading Postprocess, DurationReading Publish, DurationReading Age);
