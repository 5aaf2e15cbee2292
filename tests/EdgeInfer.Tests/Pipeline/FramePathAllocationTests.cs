using EdgeInfer.Configuration;
using EdgeInfer.Inference;
using EdgeInfer.Messaging;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Sinks;
using EdgeInfer.Sources.Synthetic;
using EdgeInfer.Tests.Architecture;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>From a frame's arrival to its encoded payload in the session's queue, no managed byte is allocated.</summary>
public sealed class FramePathAllocationTests : IDisposable
{
    private const int Width = 640;
    private const int Height = 480;
    private readonly FakeTimeProvider _time = new();
    private readonly FramePool _pool = new(2, 4 << 20);
    private readonly ModelSession _session;
    private readonly FrameStages _stages;
    private PipelineRecorder? _recorder;

    public FramePathAllocationTests()
    {
        InferenceRuntime runtime = new(new() { CacheFolder = "", Threads = 1 }, _time, NullLogger.Instance);
        _session = runtime.Open(ModelLoader.Load(Path.Combine(RepositoryFolder.Root, "models", "parts-detector")));
        _stages = new FrameStages(_session, DecoderOptions.Default, _time, NullLogger.Instance);
    }

    [Fact]
    public void Of_raw_frames_in_RGB() => Assert.Equal(0, BytesPerHundred(PixelFormat.Rgb24, Belt()));

    [Fact]
    public void Of_raw_frames_in_YUYV() => Assert.Equal(0, BytesPerHundred(PixelFormat.Yuyv, new byte[Width * Height * 2]));

    [Fact]
    public void Of_JPEG_frames_where_libjpeg_turbo_is_there()
    {
        using FrameDecoder decoder = new([_session.Model.Input], PictureTurn.None, PreprocessorLimits.Default, _time, NullLogger.Instance);
        if (decoder.JpegDecoderName != "libjpeg-turbo") Assert.Skip("libturbojpeg is not installed; ImageSharp decodes and allocates");
        string golden = Directory.GetFiles(Path.Combine(RepositoryFolder.Root, "models", "parts-detector", "golden"), "*.jpg")[0];
        Assert.Equal(0, BytesPerHundred(PixelFormat.Jpeg, File.ReadAllBytes(golden)));
    }

    [Fact]
    public void Of_raw_frames_that_are_recorded()
    {
        PipelineOptions options = new() { Name = "belt", Mark = default, Source = new FilesOptions("", false), Models = ["parts"], Record = new(20, null, 64 << 20) };
        using PipelineRecorder recorder = new(options, new("press-3", 1, "0.1.0", 1), stages => [new(new("parts", "", default), Facts())], new ClockQuality(_time), _time, new Random(3));
        recorder.Bind(_stages);
        _recorder = recorder;
        Assert.Equal(0, BytesPerHundred(PixelFormat.Rgb24, Belt()));
    }

    private PredictionFacts Facts()
    {
        Model model = _stages.Model;
        return new("press-3", "belt", 1, model.Name, model.Version, model.Digest, "cpu", EnvelopeShape.Of(model.Task), model.Labels);
    }

    private long BytesPerHundred(PixelFormat format, byte[] bytes)
    {
        PredictionFacts facts = Facts();
        MqttSettings settings = new() { Options = new() { Url = new("mqtt://127.0.0.1:1") }, ClientId = "test", QueueCount = 16 };
        MqttSession session = new(settings, _time, new Random(1), NullLogger.Instance);
        using MqttPredictionSink sink = new(
            new PredictionEnvelope(facts), new() { Predictions = PublishMode.Every }, new MqttTopic("t"), session, new ClockQuality(_time), _time, new Random(2));

        // Warm: buffers grow to their size, code is compiled, and the queue is full so that the oldest goes.
        for (int i = 0; i < 50; i++) Pass(format, bytes, sink);
        Assert.NotEmpty(_stages.Prediction.Frame.Id.ToString());
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Pass(format, bytes, sink);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private void Pass(PixelFormat format, byte[] bytes, MqttPredictionSink sink)
    {
        Frame frame = _pool.Rent()!;
        bytes.CopyTo(_pool.Memory(frame, bytes.Length));
        bool isRaw = format != PixelFormat.Jpeg;
        frame.Info = new()
        {
            Format = format,
            WidthPixels = isRaw ? Width : 0,
            HeightPixels = isRaw ? Height : 0,
            CapturedTimestamp = _time.GetTimestamp(),
            CapturedAt = _time.GetUtcNow(),
            Id = FrameId.FromUtf8("frame-7"u8),
        };
        FrameLease lease = _pool.Publish(frame, bytes.Length);
        _recorder?.Begin(lease);
        if (_stages.Process(lease) != DecodeOutcome.Ok) throw new InvalidOperationException("the frame was refused");
        sink.Accept(_stages.Prediction);
        _recorder?.Result(0, _stages.Prediction);
        _recorder?.End(DecodeOutcome.Ok);
    }

    private static byte[] Belt()
    {
        BeltRenderer renderer = new(new BeltScene((Width, Height), 15, 3));
        byte[] rgb = new byte[renderer.FrameBytes];
        renderer.Render(60, rgb);
        return rgb;
    }

    public void Dispose()
    {
        _stages.Dispose();
        _session.Dispose();
        _pool.Dispose();
    }
}
