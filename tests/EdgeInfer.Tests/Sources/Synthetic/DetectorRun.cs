using EdgeInfer.Configuration;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Sources.Synthetic;

/// <summary>A detector and the agent's own stages around it, on one thread: a picture in, detections out.</summary>
internal sealed class DetectorRun : IDisposable
{
    private readonly ModelSession _session;
    private readonly BoundRun _run;
    private readonly FrameDecoder _frames;
    private readonly Preprocessor _preprocessor;
    private readonly OutputDecoder _decoder;
    private readonly FramePool _pool = new(1, 1 << 26);
    private readonly Prediction _prediction = new();
    private readonly string _cacheFolder = Directory.CreateTempSubdirectory("edgeinfer-detector").FullName;

    /// <summary>Opens the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="threshold">Scores below it are left out; the model's own where null.</param>
    public DetectorRun(Model model, double? threshold)
    {
        RuntimeOptions options = new() { Threads = 1, CacheFolder = _cacheFolder };
        _session = new InferenceRuntime(options, TimeProvider.System, NullLogger.Instance).Open(model);
        _run = _session.Bind();
        _frames = new([model.Input], PictureTurn.None, PreprocessorLimits.Default, TimeProvider.System, NullLogger.Instance);
        _preprocessor = new(model.Input, TimeProvider.System);
        _decoder = OutputDecoder.Create(model, new DecoderOptions { Threshold = threshold });
    }

    /// <summary>Milliseconds of the last run of the model itself.</summary>
    public double Milliseconds { get; private set; }

    /// <summary>Upright size of the last picture.</summary>
    public (int Width, int Height) Size { get; private set; }

    /// <summary>What is in a picture, best first; overwritten by the next call.</summary>
    /// <param name="bytes">The picture as <paramref name="info"/> says.</param>
    /// <param name="info">Format, and size where the bytes do not tell.</param>
    public IReadOnlyList<Detection> Find(ReadOnlySpan<byte> bytes, FrameInfo info)
    {
        Frame frame = _pool.Rent() ?? throw new InvalidOperationException("the last frame was not given back");
        bytes.CopyTo(_pool.Memory(frame, bytes.Length));
        frame.Info = info;
        using FrameLease lease = _pool.Publish(frame, bytes.Length);
        StageTimes times = default;
        PictureGeometry geometry = default;
        DecodeOutcome outcome = _frames.Decode(lease, ref times);
        if (outcome == DecodeOutcome.Ok) outcome = _preprocessor.Process(_frames, _run.Input.Bytes, out geometry, ref times);
        if (outcome != DecodeOutcome.Ok) throw new InvalidDataException($"the picture could not be read: {outcome}");
        Milliseconds = _run.Run();
        _decoder.Decode(_run.Outputs, geometry, _prediction);
        Size = (geometry.SourceWidth, geometry.SourceHeight);
        return _prediction.Detections;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _preprocessor.Dispose();
        _frames.Dispose();
        _run.Dispose();
        _session.Dispose();
        _pool.Dispose();
        Directory.Delete(_cacheFolder, true);
    }
}
