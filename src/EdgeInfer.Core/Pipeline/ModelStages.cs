using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Pipeline;

/// <summary>
/// A decoded frame's way through one model: fit, run, read the outputs. Holds what that needs, bound once, so that a frame allocates
/// nothing. One thread at a time; several models of a pipeline share the decoded frame.
/// </summary>
internal sealed class ModelStages : IDisposable
{
    private readonly Preprocessor _preprocessor;
    private readonly BoundRun _run;
    private readonly OutputDecoder _decoder;
    private readonly TimeProvider _time;
    private PictureGeometry _geometry;

    /// <summary>Binds a model.</summary>
    /// <param name="session">The model, shared with other pipelines that name it.</param>
    /// <param name="options">Labels and thresholds.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="FaultException">The model and the options do not fit.</exception>
    public ModelStages(ModelSession session, DecoderOptions options, TimeProvider time)
    {
        Session = session;
        _time = time;
        _decoder = OutputDecoder.Create(session.Model, options);
        _run = session.Bind();
        _preprocessor = new Preprocessor(session.Model.Input, time);
    }

    /// <summary>What runs it; another takes its place where a better provider is ready.</summary>
    public ModelSession Session { get; }

    /// <summary>The model.</summary>
    public Model Model => Session.Model;

    /// <summary>The execution provider that runs it.</summary>
    public string Provider => ProviderReport.Used;

    /// <summary>What runs it, and why not what was asked for.</summary>
    public ProviderReport ProviderReport => Session.Report;

    /// <summary>The model's input, as the last frame has filled it.</summary>
    public ReadOnlySpan<byte> Tensor => _run.Input.Bytes;

    /// <summary>The result of the last frame that gave one; filled anew by the next.</summary>
    public Prediction Prediction { get; } = new();

    /// <summary>Another score threshold for labels without one of their own; null for the model's. Between two frames.</summary>
    public void UseThreshold(double? threshold) => _decoder.UseThreshold(threshold ?? Model.Threshold);

    /// <summary>Fills the model's tensor from a decoded frame, whose lease is still out.</summary>
    /// <param name="frames">What decoded it.</param>
    /// <param name="frame">What is known of it.</param>
    /// <param name="times">What decoding took.</param>
    /// <returns>Ok, or WrongSize where the model takes one size only and the picture has another.</returns>
    public DecodeOutcome Fit(FrameDecoder frames, in FrameInfo frame, in StageTimes times)
    {
        Prediction prediction = Prediction;
        prediction.Clear();
        prediction.Frame = frame;
        prediction.Timing = times;
        return _preprocessor.Process(frames, _run.Input.Bytes, out _geometry, ref prediction.Timing);
    }

    /// <summary>Runs the model on the tensor that <see cref="Fit"/> has filled, into <see cref="Prediction"/>.</summary>
    /// <param name="number">The result's number.</param>
    /// <exception cref="FaultException">The model failed.</exception>
    public void Infer(ResultNumbers number)
    {
        Run();
        Read(number);
    }

    /// <summary>The first half of <see cref="Infer"/>: the model alone.</summary>
    /// <exception cref="FaultException">The model failed.</exception>
    public void Run() => Prediction.Timing.InferenceMilliseconds = _run.Run();

    /// <summary>The second half: what the outputs mean.</summary>
    /// <param name="number">The result's number.</param>
    public void Read(ResultNumbers number)
    {
        Prediction prediction = Prediction;
        long ran = _time.GetTimestamp();
        _decoder.Decode(_run.Outputs, _geometry, prediction);
        prediction.FrameWidth = _geometry.SourceWidth;
        prediction.FrameHeight = _geometry.SourceHeight;
        prediction.Sequence = number.Next();
        long done = _time.GetTimestamp();
        prediction.Timing.PostprocessMilliseconds = _time.GetElapsedTime(ran, done).TotalMilliseconds;
        prediction.AgeMilliseconds = _time.GetElapsedTime(prediction.Frame.CapturedTimestamp, done).TotalMilliseconds;
    }

    /// <summary>Whether the last run gave a value that is no number (NaN), which no result shows: the output's name, null for none.</summary>
    public string? OutputWithoutNumber()
    {
        // Once a frame while a model is on trial: an enumerator would be allocated.
        IReadOnlyList<TensorBuffer> outputs = _run.Outputs;
        for (int i = 0; i < outputs.Count; i++)
            if (NotANumber.IsIn(outputs[i])) return outputs[i].Name;
        return null;
    }

    /// <summary>Frees what was bound.</summary>
    public void Dispose()
    {
        _preprocessor.Dispose();
        _run.Dispose();
    }
}
