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
    private readonly ModelStages _model;
    private readonly BoundRun _alone;
    private readonly ResultNumbers _numbers = new(0);
    private readonly PredictionWriter _writer;
    private readonly PublishQueue _queue = new(64, 4 << 20, null);
    private readonly MqttTopic _topic = new("edgeinfer/bench/bench/prediction");
    private readonly TimeProvider _time;
    private Samples _samples = new();
    private int _payloadBytes;

    /// <summary>Binds a model.</summary>
    public StageBenchmark(ModelSession session, DecoderOptions options, TimeProvider time, Random random, ILogger logger)
    {
        Model model = session.Model;
        _time = time;
        _model = new ModelStages(session, options, time);
        _alone = session.Bind();
        _frames = new FrameDecoder([model.Input], Configuration.PictureTurn.None, PreprocessorLimits.Default, time, logger);
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
        _model.Tensor.CopyTo(_alone.Input.Bytes);
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
            Results = _model.Prediction.Detections.Count + _model.Prediction.Classes.Count + _model.Prediction.RawOutputs.Count,
            PayloadBytes = _payloadBytes,
            Width = _model.Prediction.FrameWidth,
            Height = _model.Prediction.FrameHeight,
            JpegDecoder = _frames.JpegDecoderName,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _frames.Dispose();
        _alone.Dispose();
    }

    private void Process(FrameLease frame, string where)
    {
        long start = _time.GetTimestamp();
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long bytesAtStart = bytes;
        using (frame)
        {
            StageTimes times = default;
            DecodeOutcome outcome = _frames.Decode(frame, ref times);
            if (outcome == DecodeOutcome.Ok) outcome = _model.Fit(_frames, frame.Info, times);
            if (outcome != DecodeOutcome.Ok) throw new Diagnostics.FaultException(_frames.Describe(outcome, where));
        }

        long preprocessBytes = Taken(ref bytes);
        _model.Run();
        long inferenceBytes = Taken(ref bytes);
        _model.Read(_numbers);
        long postprocessBytes = Taken(ref bytes);
        long read = _time.GetTimestamp();
        Publish();
        long published = _time.GetTimestamp();
        long publishBytes = Taken(ref bytes);

        // All samples last, so that their own growth is no stage's.
        StageTimes taken = _model.Prediction.Timing;
        _samples.Decode.Add(taken.DecodeMilliseconds, preprocessBytes);
        _samples.Preprocess.Add(taken.PreprocessMilliseconds, 0);
        _samples.Inference.Add(taken.InferenceMilliseconds, inferenceBytes);
        _samples.Postprocess.Add(taken.PostprocessMilliseconds, postprocessBytes);
        _samples.Publish.Add(_time.GetElapsedTime(read, published).TotalMilliseconds, publishBytes);
        _samples.Frame.Add(_time.GetElapsedTime(start, published).TotalMilliseconds, bytes - bytesAtStart);
    }

    private void Publish()
    {
        ReadOnlySpan<byte> message = _writer.Write(_model.Prediction, isClockSynced: true);
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
