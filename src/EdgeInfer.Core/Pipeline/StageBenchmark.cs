using EdgeInfer.Inference;
using EdgeInfer.Messaging;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>What a benchmark measured.</summary>
internal sealed record BenchmarkReport
{
    /// <summary>decode, preprocess, inference, postprocess, publish.</summary>
    public required IReadOnlyList<StageFigures> Stages { get; init; }

    /// <summary>A whole frame.</summary>
    public required StageFigures Frame { get; init; }

    /// <summary>The session running alone on the same tensor, in turn with the frames.</summary>
    public required StageFigures SessionAlone { get; init; }

    /// <summary>Whole frames measured.</summary>
    public required long Frames { get; init; }

    /// <summary>Results of the last frame.</summary>
    public required int Results { get; init; }

    /// <summary>Size of the last message.</summary>
    public required int PayloadBytes { get; init; }

    /// <summary>Upright picture width.</summary>
    public required int Width { get; init; }

    /// <summary>Upright picture height.</summary>
    public required int Height { get; init; }

    /// <summary>Who decodes JPEG.</summary>
    public required string JpegDecoder { get; init; }
}

/// <summary>
/// Takes one frame through every stage over and over, timing each and counting its managed bytes, and in between runs the bare session on the same
/// tensor: both see the same machine at the same time. "Publish" is encoding the message and copying it into the session's pooled queue.
/// </summary>
internal sealed class StageBenchmark : IDisposable
{
    private const int WarmUpFrames = 30;
    private static readonly TimeSpan s_frameShare = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan s_sessionShare = TimeSpan.FromMilliseconds(200);

    private readonly FrameDecoder _frames;
    private readonly Preprocessor _preprocessor;
    private readonly BoundRun _run;
    private readonly BoundRun _alone;
    private readonly OutputDecoder _decoder;
    private readonly PredictionWriter _writer;
    private readonly PublishQueue _queue = new(64, 4 << 20, null);
    private readonly MqttTopic _topic = new("edgeinfer/bench/bench/prediction");
    private readonly TimeProvider _time;
    private readonly Prediction _prediction = new();
    private Samples _samples = new();
    private int _payloadBytes;

    /// <summary>Binds a model.</summary>
    public StageBenchmark(ModelSession session, DecoderOptions options, TimeProvider time, Random random, ILogger logger)
    {
        Model model = session.Model;
        _time = time;
        _decoder = OutputDecoder.Create(model, options);
        _run = session.Bind();
        _alone = session.Bind();
        _frames = new FrameDecoder([model.Input], Configuration.PictureTurn.None, PreprocessorLimits.Default, time, logger);
        _preprocessor = new Preprocessor(model.Input, time);
        PredictionFacts facts = new("bench", "bench", 0, model.Name, model.Version, model.Digest, session.Report.Used, EnvelopeShape.Of(model.Task), model.Labels);
        _writer = new PredictionWriter(new PredictionEnvelope(facts), random);
    }

    /// <summary>Measures for a while, and for one frame at least.</summary>
    /// <param name="next">Gives the frame, again and again.</param>
    /// <param name="where">The frame's name, for its fault.</param>
    /// <param name="duration">How long, warm-up left out.</param>
    /// <param name="stop">Ends it early.</param>
    /// <exception cref="Diagnostics.FaultException">The frame cannot be decoded, or the model failed.</exception>
    public BenchmarkReport Measure(Func<FrameLease> next, string where, TimeSpan duration, CancellationToken stop)
    {
        for (int i = 0; i < WarmUpFrames && !stop.IsCancellationRequested; i++) Process(next(), where);
        _run.Input.Bytes.CopyTo(_alone.Input.Bytes);
        for (int i = 0; i < WarmUpFrames && !stop.IsCancellationRequested; i++) _alone.Run();
        _samples = new();

        long frames = 0;
        long start = _time.GetTimestamp();
        do
        {
            long turn = _time.GetTimestamp();
            do
            {
                Process(next(), where);
                frames++;
            }
            while (_time.GetElapsedTime(turn) < s_frameShare && _time.GetElapsedTime(start) < duration && !stop.IsCancellationRequested);

            turn = _time.GetTimestamp();
            do RunAlone();
            while (_time.GetElapsedTime(turn) < s_sessionShare && _time.GetElapsedTime(start) < duration && !stop.IsCancellationRequested);
        }
        while (_time.GetElapsedTime(start) < duration && !stop.IsCancellationRequested);

        return new()
        {
            Stages =
            [
                _samples.Decode.Figures(), _samples.Preprocess.Figures(isCountingBytes: false), _samples.Inference.Figures(),
                _samples.Postprocess.Figures(), _samples.Publish.Figures(),
            ],
            Frame = _samples.Frame.Figures(),
            SessionAlone = _samples.SessionAlone.Figures(),
            Frames = frames,
            Results = _prediction.Detections.Count + _prediction.Classes.Count + _prediction.RawOutputs.Count,
            PayloadBytes = _payloadBytes,
            Width = _prediction.FrameWidth,
            Height = _prediction.FrameHeight,
            JpegDecoder = _frames.JpegDecoderName,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _preprocessor.Dispose();
        _frames.Dispose();
        _run.Dispose();
        _alone.Dispose();
    }

    private void Process(FrameLease frame, string where)
    {
        long start = _time.GetTimestamp();
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long bytesAtStart = bytes;
        _prediction.Clear();
        PictureGeometry geometry;
        using (frame)
        {
            _prediction.Frame = frame.Info;
            DecodeOutcome outcome = _frames.Decode(frame, ref _prediction.Timing);
            geometry = default;
            if (outcome == DecodeOutcome.Ok) outcome = _preprocessor.Process(_frames, _run.Input.Bytes, out geometry, ref _prediction.Timing);
            if (outcome != DecodeOutcome.Ok) throw new Diagnostics.FaultException(_frames.Describe(outcome, where));
        }

        long preprocessBytes = Taken(ref bytes);
        double inference = _run.Run();
        long inferenceBytes = Taken(ref bytes);
        long ran = _time.GetTimestamp();
        _decoder.Decode(_run.Outputs, geometry, _prediction);
        _prediction.FrameWidth = geometry.SourceWidth;
        _prediction.FrameHeight = geometry.SourceHeight;
        _prediction.Sequence++;
        long decoded = _time.GetTimestamp();
        long postprocessBytes = Taken(ref bytes);
        Publish();
        long published = _time.GetTimestamp();
        long publishBytes = Taken(ref bytes);

        // All samples last, so that their own growth is no stage's.
        _samples.Decode.Add(_prediction.Timing.DecodeMilliseconds, preprocessBytes);
        _samples.Preprocess.Add(_prediction.Timing.PreprocessMilliseconds, 0);
        _samples.Inference.Add(inference, inferenceBytes);
        _samples.Postprocess.Add(_time.GetElapsedTime(ran, decoded).TotalMilliseconds, postprocessBytes);
        _samples.Publish.Add(_time.GetElapsedTime(decoded, published).TotalMilliseconds, publishBytes);
        _samples.Frame.Add(_time.GetElapsedTime(start, published).TotalMilliseconds, bytes - bytesAtStart);
    }

    private void Publish()
    {
        ReadOnlySpan<byte> message = _writer.Write(_prediction, isClockSynced: true);
        _payloadBytes = message.Length;
        _queue.TryEnqueue(_topic, message, 1, 0);
        if (_queue.Waiting > 0) _queue.Release(_queue.Take());
    }

    private void RunAlone()
    {
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        double milliseconds = _alone.Run();
        _samples.SessionAlone.Add(milliseconds, Taken(ref bytes));
    }

    private static long Taken(ref long bytes)
    {
        long before = bytes;
        bytes = GC.GetAllocatedBytesForCurrentThread();
        return bytes - before;
    }

    private sealed class Samples
    {
        public DurationSamples Decode { get; } = new("decode");

        public DurationSamples Preprocess { get; } = new("preprocess");

        public DurationSamples Inference { get; } = new("inference");

        public DurationSamples Postprocess { get; } = new("postprocess");

        public DurationSamples Publish { get; } = new("publish");

        public DurationSamples Frame { get; } = new("frame");

        public DurationSamples SessionAlone { get; } = new("session alone");
    }
}
