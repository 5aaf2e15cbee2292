using EdgeInfer.Configuration;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Synthetic;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Sources.Synthetic;

/// <summary>
/// Runs a detector over pictures of belts that it has not seen, each a scene of its own, through the agent's own stages, and
/// judges it by the belt's truth.
/// </summary>
internal sealed class BeltEvaluation : IDisposable
{
    private readonly ModelSession _session;
    private readonly BoundRun _run;
    private readonly Preprocessor _preprocessor;
    private readonly OutputDecoder _decoder;
    private readonly FramePool _pool = new(1, 1 << 26);
    private readonly Prediction _prediction = new();
    private readonly TruthBox[] _boxes = new TruthBox[BeltTruth.MaxBoxes];

    /// <summary>Opens the model on one thread.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cacheFolder">Where the runtime may keep optimised graphs.</param>
    public BeltEvaluation(Model model, string cacheFolder)
    {
        RuntimeOptions options = new() { Threads = 1, CacheFolder = cacheFolder };
        _session = new InferenceRuntime(options, TimeProvider.System, NullLogger.Instance).Open(model);
        _run = _session.Bind();
        _preprocessor = new(model.Input, PreprocessorLimits.Default, TimeProvider.System, NullLogger.Instance);
        _decoder = OutputDecoder.Create(model, new DecoderOptions { Threshold = 0.01 });
        Judge = new(model.Labels.Count);
    }

    /// <summary>The verdict so far.</summary>
    public MeanAveragePrecision Judge { get; }

    /// <summary>Milliseconds of each run so far.</summary>
    public List<double> Milliseconds { get; } = [];

    /// <summary>What was found in the last picture, down to a score of 0.01, best first.</summary>
    public IReadOnlyList<Detection> Last => _prediction.Detections;

    /// <summary>Draws picture <paramref name="frame"/> of a scene, runs the model and counts the answer.</summary>
    public void Add(int seed, long frame, (int Width, int Height) size)
    {
        BeltRenderer renderer = new(new(size, 15, seed));
        Frame picture = _pool.Rent() ?? throw new InvalidOperationException("the last frame was not given back");
        renderer.Render(frame, _pool.Memory(picture, renderer.FrameBytes));
        picture.Info = new() { Format = PixelFormat.Rgb24, WidthPixels = size.Width, HeightPixels = size.Height };
        using FrameLease lease = _pool.Publish(picture, renderer.FrameBytes);
        StageTimes times = default;
        DecodeOutcome outcome = _preprocessor.Process(lease, _run.Input.Bytes, out PictureGeometry geometry, ref times);
        if (outcome != DecodeOutcome.Ok) throw new InvalidOperationException($"the picture could not be read: {outcome}");
        Milliseconds.Add(_run.Run());
        _decoder.Decode(_run.Outputs, geometry, _prediction);
        Judge.Add(_prediction.Detections, _boxes.AsSpan(0, new BeltTruth(renderer.Scene).At(frame, _boxes)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _preprocessor.Dispose();
        _run.Dispose();
        _session.Dispose();
        _pool.Dispose();
    }
}
