using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary>
/// Replays pictures: as <c>predict</c>, but each captured when its file was last written and nothing measured, so that two replays
/// write the same bytes.
/// </summary>
internal sealed class PictureReplay(string? model, ReplayPrinter printer, ILogger logger) : IDisposable
{
    private const string Pipeline = "replay";

    private readonly PictureFiles _files = new(TimeProvider.System);
    private ModelSession? _session;
    private FrameStages? _stages;
    private PredictionWriter? _writer;

    /// <summary>Replays one picture.</summary>
    /// <exception cref="FaultException">No model was named, or the picture cannot be read.</exception>
    public void Replay(string input)
    {
        FrameStages stages = _stages ??= Open(input);
        if (_files.Open(input, out FrameLease frame) is { } unreadable) throw new FaultException(unreadable);
        DecodeOutcome outcome = stages.Process(frame);
        if (outcome != DecodeOutcome.Ok) throw new FaultException(stages.Describe(outcome, input));
        Prediction prediction = stages.Prediction;
        prediction.Frame.CapturedAt = new DateTimeOffset(File.GetLastWriteTimeUtc(input), TimeSpan.Zero);
        prediction.AgeMilliseconds = 0;
        prediction.Timing = default;
        printer.Picture(input, _writer!.Write(prediction, isClockSynced: false, input));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stages?.Dispose();
        _session?.Dispose();
        _files.Dispose();
    }

    private FrameStages Open(string input)
    {
        if (model is null) throw FaultException.Of(FaultKind.Usage, input, "it is no recording, and pictures need a model", "name one with --model");
        _session = new InferenceRuntime(RuntimeOptionsFor.OneShot(), TimeProvider.System, logger).Open(ModelLoader.Load(ModelLocator.Default().Find(model)));
        FrameStages stages = new(_session, DecoderOptions.Default, TimeProvider.System, logger);
        PredictionFacts facts = new(Environment.MachineName, Pipeline, 0, stages.Model.Name, stages.Model.Version, stages.Model.Digest, stages.Provider,
            EnvelopeShape.Of(stages.Model.Task), stages.Model.Labels);
#pragma warning disable CA5394 // The same ids each time.
        _writer = new PredictionWriter(new PredictionEnvelope(facts), new Random(1));
#pragma warning restore CA5394
        return stages;
    }
}
