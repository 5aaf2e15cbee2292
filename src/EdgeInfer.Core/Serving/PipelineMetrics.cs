using EdgeInfer.Pipeline;
using EdgeInfer.Preprocessing;
using EdgeInfer.Sinks;

namespace EdgeInfer.Serving;

/// <summary>Pipelines and their models as metrics: every state and every reason is there from the start, so that rates need no history.</summary>
internal static class PipelineMetrics
{
    private static readonly (PipelineState State, string Word)[] s_states =
    [
        (PipelineState.Starting, "starting"), (PipelineState.Running, "running"), (PipelineState.NoSignal, "no_signal"), (PipelineState.NoModel, "no_model"),
        (PipelineState.Failed, "failed"), (PipelineState.Disabled, "disabled"),
    ];

    private static readonly (DecodeOutcome Outcome, string Word)[] s_refusals =
    [
        (DecodeOutcome.Empty, "empty"), (DecodeOutcome.NotAPicture, "not_a_picture"), (DecodeOutcome.Truncated, "truncated"), (DecodeOutcome.Corrupt, "corrupt"),
        (DecodeOutcome.Unsupported, "unsupported"), (DecodeOutcome.TooLarge, "too_large"), (DecodeOutcome.WrongSize, "wrong_size"),
    ];

    private static readonly string[] s_builds = ["running", "done", "failed"];

    /// <summary>Writes them.</summary>
    public static void Write(ExpositionWriter writer, IReadOnlyList<PipelineReadings> pipelines)
    {
        States(writer, pipelines);
        Frames(writer, pipelines);
        Results(writer, pipelines);
        Providers(writer, pipelines);
        Fallbacks(writer, pipelines);
        Durations(writer, pipelines);
    }

    private static void States(ExpositionWriter writer, IReadOnlyList<PipelineReadings> pipelines)
    {
        writer.Family(MetricKind.Gauge, "edgeinfer_pipeline_state", "What a pipeline is doing: 1 for its state, 0 for the others.");
        foreach (PipelineReadings pipeline in pipelines)
            foreach ((PipelineState state, string word) in s_states)
                writer.Sample(pipeline.Report.State == state, ("pipeline", pipeline.Name), ("state", word));
        writer.Family(MetricKind.Gauge, "edgeinfer_pipeline_state_since_timestamp_seconds", "Since when, in seconds since 1970.", "seconds");
        foreach (PipelineReadings pipeline in pipelines) writer.Sample(MetricsPage.UnixSeconds(pipeline.Report.Since), ("pipeline", pipeline.Name));
        writer.Family(MetricKind.Gauge, "edgeinfer_pipeline_last_frame_timestamp_seconds", "When the last frame that gave a result was captured, in seconds since 1970; 0 before the first.", "seconds");
        foreach (PipelineReadings pipeline in pipelines) writer.Sample(MetricsPage.UnixSeconds(pipeline.Report.LastFrame), ("pipeline", pipeline.Name));
    }

    private static void Frames(ExpositionWriter writer, IReadOnlyList<PipelineReadings> pipelines)
    {
        writer.Family(MetricKind.Counter, "edgeinfer_frames_received", "Frames that arrived whole.");
        foreach (PipelineReadings pipeline in pipelines) writer.Sample(pipeline.Report.Received, ("pipeline", pipeline.Name));
        writer.Family(MetricKind.Counter, "edgeinfer_frames_decoded", "Frames that were decoded; once, for all models of the pipeline.");
        foreach (PipelineReadings pipeline in pipelines) writer.Sample(pipeline.Decode.Count, ("pipeline", pipeline.Name));
        writer.Family(MetricKind.Counter, "edgeinfer_frames_skipped", "Frames that gave no result. Before they were received: lost by the device or the line, damaged. Afterwards: "
            + "above the rate, displaced by a newer one, or refused as they were read, for one of the other reasons.");
        foreach (PipelineReadings pipeline in pipelines)
        {
            writer.Sample(pipeline.Report.Lost, ("pipeline", pipeline.Name), ("reason", "lost"));
            writer.Sample(pipeline.Damaged, ("pipeline", pipeline.Name), ("reason", "damaged"));
            writer.Sample(pipeline.Report.Displaced, ("pipeline", pipeline.Name), ("reason", "displaced"));
            writer.Sample(pipeline.SkippedByRate, ("pipeline", pipeline.Name), ("reason", "rate"));
            foreach ((DecodeOutcome outcome, string word) in s_refusals)
                writer.Sample(pipeline.Refused[(int)outcome], ("pipeline", pipeline.Name), ("reason", word));
        }
    }

    private static void Results(ExpositionWriter writer, IReadOnlyList<PipelineReadings> pipelines)
    {
        Each(writer, pipelines, "edgeinfer_results", "Results made.", static m => m.Report.Results);
        Each(writer, pipelines, "edgeinfer_results_published", "Results handed on to be delivered; what did not change is not.", static m => m.Report.Published);
        Each(writer, pipelines, "edgeinfer_results_dropped", "Results that could not be handed on.", static m => m.Report.Dropped);
    }

    private static void Each(ExpositionWriter writer, IReadOnlyList<PipelineReadings> pipelines, string name, string help, Func<ModelReadings, long> count)
    {
        writer.Family(MetricKind.Counter, name, help);
        foreach (PipelineReadings pipeline in pipelines)
            foreach (ModelReadings model in pipeline.Models)
                writer.Sample(count(model), ("pipeline", pipeline.Name), ("model", model.Report.Model));
    }

    private static void Providers(ExpositionWriter writer, IReadOnlyList<PipelineReadings> pipelines)
    {
        writer.Family(MetricKind.Info, "edgeinfer_provider", "The execution provider that runs a model; absent while the model is not loaded.");
        foreach (PipelineReadings pipeline in pipelines)
            foreach (ModelReadings model in pipeline.Models)
                if (model.Report.Provider is { } provider) writer.Sample(1, ("pipeline", pipeline.Name), ("model", model.Report.Model), ("provider", provider));
        writer.Family(MetricKind.Gauge, "edgeinfer_provider_nodes", "Nodes of the model's graph that a provider runs; what no other takes stays on the CPU.");
        foreach (PipelineReadings pipeline in pipelines)
            foreach (ModelReadings model in pipeline.Models)
                foreach ((string provider, int nodes) in model.Report.NodeProviders ?? new Dictionary<string, int>())
                    writer.Sample(nodes, ("pipeline", pipeline.Name), ("model", model.Report.Model), ("provider", provider));
        writer.Family(MetricKind.Gauge, "edgeinfer_model_nodes", "Nodes of the model's graph in all.");
        foreach (PipelineReadings pipeline in pipelines)
            foreach (ModelReadings model in pipeline.Models)
                if (model.Report.Nodes is { } nodes) writer.Sample(nodes, ("pipeline", pipeline.Name), ("model", model.Report.Model));
    }

    private static void Fallbacks(ExpositionWriter writer, IReadOnlyList<PipelineReadings> pipelines)
    {
        writer.Family(MetricKind.Gauge, "edgeinfer_provider_fallback", "1 where a model does not run on the first provider of runtime.providers, 0 where it does; absent while it is not loaded.");
        foreach (PipelineReadings pipeline in pipelines)
            foreach (ModelReadings model in pipeline.Models)
                if (model.Report.Provider is not null) writer.Sample(model.Report.PassedOver is not null, ("pipeline", pipeline.Name), ("model", model.Report.Model));
        writer.Family(MetricKind.Gauge, "edgeinfer_provider_build", "A provider that is made ready in the background, or was: 1 for how far it is, 0 for the others.");
        foreach (PipelineReadings pipeline in pipelines)
            foreach (ModelReadings model in pipeline.Models)
                foreach (string state in model.Report.Build is null ? [] : s_builds)
                    writer.Sample(model.Report.Build!.State == state, ("pipeline", pipeline.Name), ("model", model.Report.Model), ("provider", model.Report.Build.Provider), ("state", state));
        writer.Family(MetricKind.Gauge, "edgeinfer_provider_build_duration_seconds", "How long making it ready takes by now, or took.", "seconds");
        foreach (PipelineReadings pipeline in pipelines)
            foreach (ModelReadings model in pipeline.Models)
                if (model.Report.Build is { } build) writer.Sample(build.Seconds, ("pipeline", pipeline.Name), ("model", model.Report.Model), ("provider", build.Provider));
    }

    private static void Durations(ExpositionWriter writer, IReadOnlyList<PipelineReadings> pipelines)
    {
        writer.Family(MetricKind.Histogram, "edgeinfer_frame_wait_seconds", "From its capture until the pipeline took a frame: the device, the line, and the wait for the frame before.", "seconds");
        foreach (PipelineReadings pipeline in pipelines) writer.Histogram(pipeline.Capture, ("pipeline", pipeline.Name));

        // One frame is decoded for all models: its model is empty, which is to Prometheus as if it were not there.
        writer.Family(MetricKind.Histogram, "edgeinfer_stage_duration_seconds", "What the stages of a frame took; decode is once for all models.", "seconds");
        foreach (PipelineReadings pipeline in pipelines)
        {
            writer.Histogram(pipeline.Decode, ("pipeline", pipeline.Name), ("model", ""), ("stage", "decode"));
            foreach (ModelReadings model in pipeline.Models)
            {
                writer.Histogram(model.Preprocess, ("pipeline", pipeline.Name), ("model", model.Report.Model), ("stage", "preprocess"));
                writer.Histogram(model.Inference, ("pipeline", pipeline.Name), ("model", model.Report.Model), ("stage", "inference"));
                writer.Histogram(model.Postprocess, ("pipeline", pipeline.Name), ("model", model.Report.Model), ("stage", "postprocess"));
                writer.Histogram(model.Publish, ("pipeline", pipeline.Name), ("model", model.Report.Model), ("stage", "publish"));
            }
        }

        writer.Family(MetricKind.Histogram, "edgeinfer_result_age_seconds", "From the capture of a frame to its result.", "seconds");
        foreach (PipelineReadings pipeline in pipelines)
            foreach (ModelReadings model in pipeline.Models)
                writer.Histogram(model.Age, ("pipeline", pipeline.Name), ("model", model.Report.Model));
    }
}
