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

/// <summary>A frame's way through a single model, decoding included. One thread at a time.</summary>
internal sealed class FrameStages : IDisposable
{
    private readonly FrameDecoder _frames;
    private readonly ModelStages _model;
    private readonly ResultNumbers _numbers = new(0);

    /// <summary>Binds a model.</summary>
    /// <param name="session">The model.</param>
    /// <param name="options">Labels and thresholds.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Where a slow JPEG decoder is named.</param>
    /// <param name="turn">How the source's pictures become upright; null takes them as they are.</param>
    /// <exception cref="FaultException">The model and the options do not fit.</exception>
    public FrameStages(ModelSession session, DecoderOptions options, TimeProvider time, ILogger logger, PictureTurn? turn = null)
    {
        _model = new ModelStages(session, options, time);
        _frames = new FrameDecoder([session.Model.Input], turn ?? PictureTurn.None, PreprocessorLimits.Default, time, logger);
    }

    /// <summary>The model.</summary>
    public Model Model => _model.Model;

    /// <summary>The execution provider that runs it.</summary>
    public string Provider => _model.Provider;

    /// <summary>The result of the last frame that gave one; filled anew by the next.</summary>
    public Prediction Prediction => _model.Prediction;

    /// <summary>Takes a frame to its prediction and returns its lease as soon as its bytes are no longer needed.</summary>
    /// <returns>Whether <see cref="Prediction"/> holds its result.</returns>
    /// <exception cref="FaultException">The model failed.</exception>
    public DecodeOutcome Process(FrameLease frame)
    {
        using (frame)
        {
            StageTimes times = default;
            DecodeOutcome outcome = _frames.Decode(frame, ref times);
            if (outcome == DecodeOutcome.Ok) outcome = _model.Fit(_frames, frame.Info, times);
            if (outcome != DecodeOutcome.Ok) return outcome;
        }

        _model.Infer(_numbers);
        return DecodeOutcome.Ok;
    }

    /// <summary>Decodes a frame upright at its full size, to be drawn on.</summary>
    public DecodeOutcome Picture(FrameLease frame, out DecodedPicture? picture) => _frames.Picture(frame, out picture);

    /// <summary>What was wrong with the last frame.</summary>
    public Fault Describe(DecodeOutcome outcome, string where) => _frames.Describe(outcome, where);

    /// <summary>Frees what was bound.</summary>
    public void Dispose()
    {
        _model.Dispose();
        _frames.Dispose();
    }
}
