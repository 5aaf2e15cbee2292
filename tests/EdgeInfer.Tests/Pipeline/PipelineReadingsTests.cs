using EdgeInfer.Configuration;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Inference;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>What is counted of frames and results beside the status, with a clock that stands still unless it is moved.</summary>
public sealed class PipelineReadingsTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FramePool _pool = new(2, 1 << 20);
    private readonly ModelSession _session;

    public PipelineReadingsTests()
    {
        InferenceRuntime runtime = new(new() { CacheFolder = "", Threads = 1 }, _time, NullLogger.Instance);
        _session = runtime.Open(ModelLoader.Load(Path.Combine(RepositoryFolder.Root, "models", "parts-detector")));
    }

    [Fact]
    public void A_frame_that_two_models_share_is_decoded_once_and_each_has_its_own_stages()
    {
        using PipelineModels models = Models("a", "b");
        for (int i = 0; i < 3; i++) Assert.Equal(DecodeOutcome.Ok, models.Process(Frame(PixelFormat.Rgb24, new byte[64 * 64 * 3])));
        Assert.Equal(DecodeOutcome.NotAPicture, models.Process(Frame(PixelFormat.Jpeg, "this is no JPEG"u8.ToArray())));

        Assert.Equal((4, 3), (models.Durations.Capture.Read().Count, models.Durations.Decode.Read().Count));
        foreach (PipelineModel model in models.All)
        {
            ModelReadings read = model.Readings();
            Assert.Equal(3, read.Report.Results);
            Assert.All(new[] { read.Preprocess, read.Inference, read.Postprocess, read.Publish, read.Age }, d => Assert.Equal(3, d.Count));
        }
    }

    [Fact]
    public void What_a_frame_waited_before_it_was_taken_is_in_its_wait_and_in_its_results_age_and_in_no_stage()
    {
        using PipelineModels models = Models("a");
        FrameLease frame = Frame(PixelFormat.Rgb24, new byte[64 * 64 * 3]);
        _time.Advance(TimeSpan.FromMilliseconds(300));
        models.Process(frame);

        ModelReadings read = models.All[0].Readings();
        Assert.Equal((0.3, 0.3), (models.Durations.Capture.Read().SumSeconds, read.Age.SumSeconds));
        Assert.Equal((0, 0, 0), (models.Durations.Decode.Read().SumSeconds, read.Preprocess.SumSeconds, read.Postprocess.SumSeconds));
        Assert.Equal(0, read.Publish.SumSeconds);
    }

    [Fact]
    public void What_the_sink_takes_is_publishing_and_not_age()
    {
        using PipelineModels models = Models("a");
        models.Process(Frame(PixelFormat.Rgb24, new byte[64 * 64 * 3]));
        _sinkTakes = TimeSpan.FromMilliseconds(7);
        models.Process(Frame(PixelFormat.Rgb24, new byte[64 * 64 * 3]));
        ModelReadings read = models.All[0].Readings();
        Assert.Equal((0.007, 0.0), (read.Publish.SumSeconds, read.Age.SumSeconds));
    }

    [Fact]
    public void Refused_frames_count_by_their_reason_and_their_sum_is_what_the_status_shows()
    {
        PipelineCounters counters = new();
        counters.CountRefused(DecodeOutcome.Truncated);
        counters.CountRefused(DecodeOutcome.WrongSize);
        counters.CountRefused(DecodeOutcome.WrongSize);
        Assert.Equal([0, 0, 0, 1, 0, 0, 0, 2], counters.Refused());
        Assert.Equal(3, counters.Undecodable);
    }

    public void Dispose()
    {
        _session.Dispose();
        _pool.Dispose();
    }

    private TimeSpan _sinkTakes;

    private PipelineModels Models(params string[] names)
    {
        PipelineOptions options = new() { Name = "belt", Mark = default, Source = new FilesOptions("", false), Models = names };
        PipelineModel[] opened = [.. names.Select(name => new PipelineModel(new(name, new(_session.Model.Path), _ => FakeProviders.Serve(_session), _ => new SlowSink(this)), options, _time, new Random(3)))];
        PipelineModels models = new(opened, options, new ResultNumbers(1), null, _time, NullLogger.Instance, new(_time), new());
        models.OpenDue(CancellationToken.None);
        return models;
    }

    private FrameLease Frame(PixelFormat format, byte[] bytes)
    {
        Frame frame = _pool.Rent()!;
        bytes.CopyTo(_pool.Memory(frame, bytes.Length));
        frame.Info = new() { Format = format, WidthPixels = 64, HeightPixels = 64, CapturedTimestamp = _time.GetTimestamp(), CapturedAt = _time.GetUtcNow() };
        return _pool.Publish(frame, bytes.Length);
    }

    private sealed class SlowSink(PipelineReadingsTests test) : IPredictionSink
    {
        public SinkCounts Counts => default;

        public void Accept(Prediction prediction) => test._time.Advance(test._sinkTakes);

        public void Flush()
        {
        }

        public void Dispose()
        {
        }
    }
}
