using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Messaging;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Settings;
using EdgeInfer.Signals;
using EdgeInfer.Sinks;
using EdgeInfer.Sources.Synthetic;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Inference;
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

    public FramePathAllocationTests()
    {
        InferenceRuntime runtime = new(new() { CacheFolder = "", Threads = 1 }, _time, NullLogger.Instance);
        _session = runtime.Open(ModelLoader.Load(Path.Combine(RepositoryFolder.Root, "models", "parts-detector")));
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
    public void Of_raw_frames_that_are_recorded() => Assert.Equal(0, BytesPerHundred(PixelFormat.Rgb24, Belt(), record: new(20, null, 64 << 20)));

    [Fact]
    public void Of_raw_frames_that_two_models_share_and_that_get_an_id() => Assert.Equal(0, BytesPerHundred(PixelFormat.Rgb24, Belt(), models: ["a", "b"]));

    private long BytesPerHundred(PixelFormat format, byte[] bytes, string[]? models = null, RecordOptions? record = null)
    {
        PipelineOptions options = new() { Name = "belt", Mark = default, Source = new FilesOptions("", false), Models = models ?? ["parts"], Record = record };
        MqttSettings settings = new() { Options = new() { Url = new("mqtt://127.0.0.1:1") }, ClientId = "test", QueueCount = 16 };
        MqttSession session = new(settings, _time, new Random(1), NullLogger.Instance);
        using PipelineRecorder? recorder = record is null ? null : new(
            options, new("press-3", 1, "0.1.0", 1), (_, stages) => new(new("parts", "", default), Facts(stages.Model)), new ClockQuality(_time), _time, new Random(3));
        PipelineModel[] opened = [.. options.Models.Select(name => new PipelineModel(new(name, new(_session.Model.Path), _ => FakeProviders.Serve(_session), stages => Sink(session, stages.Model)), options, _time, new Random(3)))];
        using PipelineModels path = new(opened, options, new ResultNumbers(7), recorder, _time, NullLogger.Instance, new Pulse(_time), new());
        path.OpenDue(CancellationToken.None);

        // Warm: buffers grow to their size, code is compiled, and the queue is full so that the oldest goes.
        for (int i = 0; i < 50; i++) Pass(path, recorder, format, bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Pass(path, recorder, format, bytes);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.All(opened, m => Assert.Equal(models is null ? "frame-7" : "7-150", m.Stages!.Prediction.Frame.Id.ToString()));
        Assert.All(opened, m => Assert.Equal(150, m.Report().Results));
        return allocated;

        void Pass(PipelineModels path, PipelineRecorder? recorder, PixelFormat format, byte[] bytes)
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
                Id = models is null ? FrameId.FromUtf8("frame-7"u8) : default,
            };
            FrameLease lease = _pool.Publish(frame, bytes.Length);
            recorder?.Begin(lease);
            if (path.Process(lease) != DecodeOutcome.Ok) throw new InvalidOperationException("the frame was refused");
            recorder?.End(DecodeOutcome.Ok);
        }
    }

    private static PredictionFacts Facts(Model model)
        => new("press-3", "belt", 1, model.Name, model.Version, model.Digest, "cpu", EnvelopeShape.Of(model.Task), model.Labels);

    private MqttPredictionSink Sink(MqttSession session, Model model) => new(
        new PredictionEnvelope(Facts(model)), new() { Predictions = PublishMode.Every }, new BestEffortOutlet(session, new MqttTopic("t"), new()), new ClockQuality(_time), _time, new Random(2),
        new LiveSettings(new(IsEnabled: true, 0.5, TimeSpan.Zero) { Overridden = [SettingKey.Threshold] }));

    private static byte[] Belt()
    {
        BeltRenderer renderer = new(new BeltScene((Width, Height), 15, 3));
        byte[] rgb = new byte[renderer.FrameBytes];
        renderer.Render(60, rgb);
        return rgb;
    }

    public void Dispose()
    {
        _session.Dispose();
        _pool.Dispose();
    }
}
