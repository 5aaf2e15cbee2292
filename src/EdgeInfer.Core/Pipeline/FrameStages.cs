using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>
/// One frame's way through a model: decode and fit, run, read the outputs. Holds what that needs, bound once, so that a frame
/// allocates nothing. One thread at a time.
/// </summary>
internal sealed class FrameStages : IDisposable
{
    private readonly FrameDecoder _frames;
    private readonly Preprocessor _preprocessor;
    private readonly BoundRun _run;
    private readonly OutputDecoder _decoder;
    private readonly TimeProvider _time;

    /// <summary>Binds a model.</summary>
    /// <param name="session">The model, shared with other pipelines that name it.</param>
    /// <param name="options">Labels and thresholds.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Where a slow JPEG decoder is named.</param>
    /// <param name="turn">How the source's pictures become upright; null takes them as they are.</param>
    /// <exception cref="FaultException">The model and the options do not fit.</exception>
    public FrameStages(ModelSession session, DecoderOptions options, TimeProvider time, ILogger logger, PictureTurn? turn = null)
    {
        Model = session.Model;
        ProviderReport = session.Report;
        _time = time;
        _decoder = OutputDecoder.Create(session.Model, options);
        _run = session.Bind();
        _frames = new FrameDecoder([session.Model.Input], turn ?? PictureTurn.None, PreprocessorLimits.Default, time, logger);
        _preprocessor = new Preprocessor(session.Model.Input, time);
    }

    /// <summary>The model.</summary>
    public Model Model { get; }

    /// <summary>The execution provider that runs it.</summary>
    public string Provider => ProviderReport.Used;

    /// <summary>What runs it, and why not what was asked for.</summary>
    public ProviderReport ProviderReport { get; }

    /// <summary>Where results get their numbers; a pipeline shares it among its models.</summary>
    public ResultNumbers Numbers { get; init; } = new();

    /// <summary>The result of the last frame that gave one; filled anew by the next.</summary>
    public Prediction Prediction { get; } = new();

    /// <summary>What a pipeline wants of its model's results.</summary>
    public static DecoderOptions OptionsOf(PipelineOptions pipeline) => new()
    {
        Labels = pipeline.Labels,
        Threshold = pipeline.Threshold,
        LabelThresholds = pipeline.LabelThresholds,
        MinArea = pipeline.MinArea,
    };

    /// <summary>Takes a frame to its prediction and returns its lease as soon as its bytes are no longer needed.</summary>
    /// <returns>Whether <see cref="Prediction"/> holds its result.</returns>
    /// <exception cref="FaultException">The model failed.</exception>
    public DecodeOutcome Process(FrameLease frame)
    {
        Prediction prediction = Prediction;
        prediction.Clear();
        PictureGeometry geometry;
        using (frame)
        {
            prediction.Frame = frame.Info;
            DecodeOutcome outcome = _frames.Decode(frame, ref prediction.Timing);
            if (outcome != DecodeOutcome.Ok) return outcome;
            outcome = _preprocessor.Process(_frames, _run.Input.Bytes, out geometry, ref prediction.Timing);
            if (outcome != DecodeOutcome.Ok) return outcome;
        }

        prediction.Timing.InferenceMilliseconds = _run.Run();
        long ran = _time.GetTimestamp();
        _decoder.Decode(_run.Outputs, geometry, prediction);
        prediction.FrameWidth = geometry.SourceWidth;
        prediction.FrameHeight = geometry.SourceHeight;
        prediction.Sequence = Numbers.Next();
        long done = _time.GetTimestamp();
        prediction.Timing.PostprocessMilliseconds = _time.GetElapsedTime(ran, done).TotalMilliseconds;
        prediction.AgeMilliseconds = _time.GetElapsedTime(prediction.Frame.CapturedTimestamp, done).TotalMilliseconds;
        return DecodeOutcome.Ok;
    }

    /// <summary>Decodes a frame upright at its full size, to be drawn on.</summary>
    public DecodeOutcome Picture(FrameLease frame, out DecodedPicture? picture) => _frames.Picture(frame, out picture);

    /// <summary>What was wrong with the last frame.</summary>
    public Fault Describe(DecodeOutcome outcome, string where) => _frames.Describe(outcome, where);

    /// <summary>Frees what was bound.</summary>
    public void Dispose()
    {
        _preprocessor.Dispose();
        _frames.Dispose();
        _run.Dispose();
    }
}
