using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Messaging;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Sinks;

public sealed class MqttPredictionSinkTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 18, 0, 0, TimeSpan.Zero));
    private readonly RecordingOutgoing _outgoing = new();
    private readonly StreamNumbers _numbers = new();
    private long _sequence;

    [Fact]
    public void On_change_counts_how_many_of_each_label_there_are_and_not_where()
    {
        using MqttPredictionSink sink = Sink(new() { Heartbeat = null });
        sink.Accept(Result(0, 0, 1));
        sink.Accept(Result(1, 0, 0));
        sink.Accept(Result(0, 0));
        sink.Accept(Result(0, 1));
        sink.Accept(Result());
        sink.Accept(Result());
        Assert.Equal([1, 3, 4, 5], Results());
        Assert.EndsWith("\"detections\":[]}", _outgoing.Messages[^1].Payload, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_result_is_published_even_when_it_is_empty()
    {
        using MqttPredictionSink sink = Sink(new());
        sink.Accept(Result());
        Assert.Equal([1], Results());
    }

    [Fact]
    public void What_is_held_back_is_the_newest_and_goes_out_when_the_time_is_up_without_another_frame()
    {
        using MqttPredictionSink sink = Sink(new() { Predictions = PublishMode.Every, MinInterval = TimeSpan.FromSeconds(1) });
        sink.Accept(Result());
        sink.Accept(Result(0));
        _time.Advance(TimeSpan.FromMilliseconds(400));
        sink.Accept(Result(0, 0));
        Assert.Equal([1], Results());
        _time.Advance(TimeSpan.FromMilliseconds(599));
        Assert.Equal([1], Results());
        _time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal([1, 3], Results());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([1, 3], Results());
    }

    [Fact]
    public void After_a_held_message_the_same_result_is_no_change()
    {
        using MqttPredictionSink sink = Sink(new() { MinInterval = TimeSpan.FromSeconds(1), Heartbeat = null });
        sink.Accept(Result());
        sink.Accept(Result(0));
        _time.Advance(TimeSpan.FromSeconds(2));
        sink.Accept(Result(0));
        sink.Accept(Result());
        Assert.Equal([1, 2], Results());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([1, 2, 4], Results());
    }

    [Fact]
    public void Flushing_sends_what_is_held()
    {
        using MqttPredictionSink sink = Sink(new() { Predictions = PublishMode.Every, MinInterval = TimeSpan.FromHours(1) });
        sink.Accept(Result());
        sink.Accept(Result(0));
        sink.Flush();
        sink.Flush();
        Assert.Equal([1, 2], Results());
    }

    [Fact]
    public void Topic_and_quality_are_the_options_and_refusals_are_counted()
    {
        using MqttPredictionSink sink = Sink(new() { Predictions = PublishMode.Every, Qos = 0 });
        sink.Accept(Result(0));
        _outgoing.IsFull = true;
        sink.Accept(Result(0));
        Assert.Equal(("edgeinfer/press-3/belt/prediction", 0), (_outgoing.Messages[0].Topic, _outgoing.Messages[0].Qos));
        Assert.Equal(new SinkCounts(2, 1, 1), sink.Counts);
    }

    [Fact]
    public void For_classes_the_best_one_is_what_changes()
    {
        using MqttPredictionSink sink = Sink(new() { Heartbeat = null }, ResultShape.Classes);
        sink.Accept(Classes(2, 1));
        sink.Accept(Classes(2, 0));
        sink.Accept(Classes(1, 2));
        sink.Accept(Classes());
        sink.Accept(Classes());
        Assert.Equal([1, 3, 4], Results());
    }

    [Fact]
    public void For_raw_outputs_the_numbers_are_what_changes()
    {
        using MqttPredictionSink sink = Sink(new() { Heartbeat = null }, ResultShape.Values);
        sink.Accept(Values(1, 2));
        sink.Accept(Values(1, 2));
        sink.Accept(Values(1, 3));
        sink.Accept(Values(1));
        sink.Accept(Values());
        sink.Accept(Values());
        Assert.Equal([1, 3, 4, 5], Results());
    }

    [Fact]
    public void Only_what_is_published_takes_a_number_and_what_was_held_and_displaced_takes_none()
    {
        using MqttPredictionSink sink = Sink(new() { MinInterval = TimeSpan.FromSeconds(1), Heartbeat = null });
        sink.Accept(Result(0));
        sink.Accept(Result(0));
        sink.Accept(Result(1));
        sink.Accept(Result(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        sink.Accept(Result(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        sink.Accept(Result());
        Assert.Equal([1, 4, 6], Results());
        Assert.Equal([1, 2, 3], Numbers());
    }

    [Fact]
    public void A_number_that_the_next_sink_of_the_stream_has_used_is_not_used_again()
    {
        StreamNumbers numbers = new();
        PublishOptions options = new() { MinInterval = TimeSpan.FromSeconds(1), Heartbeat = null };
        using MqttPredictionSink old = Sink(options, numbers: numbers);
        old.Accept(Result(0));
        old.Accept(Result(1));
        using MqttPredictionSink next = Sink(options, numbers: numbers);
        next.Accept(Result(2));
        old.Flush();
        Assert.Equal([1, 2], Numbers());
        Assert.Equal([1, 3], Results());
    }

    [Fact]
    public async Task From_a_result_to_the_encoded_payload_in_the_sessions_queue_nothing_is_allocated()
    {
        MqttSettings settings = new() { Options = new() { Url = new("mqtt://127.0.0.1:1") }, ClientId = "x", QueueCount = 256 };
        await using MqttSession session = new(settings, TimeProvider.System, new Random(1), NullLogger.Instance);
        AssertAllocatesNothing(new BestEffortOutlet(session, new MqttTopic("a/b"), new()));
        Assert.Equal((256, 1344), (session.Status.Counts.Queued, session.Status.Counts.Dropped));
    }

    private static void AssertAllocatesNothing(IResultOutlet outlet)
    {
        using MqttPredictionSink sink = new(Envelope(ResultShape.Detections), new() { Predictions = PublishMode.Every }, outlet,
            new ClockQuality(TimeProvider.System), TimeProvider.System, new Random(1));
        Prediction prediction = new() { Sequence = 1, FrameWidth = 640, FrameHeight = 480 };
        foreach (int c in (int[])[0, 1, 1, 0, 0]) prediction.Detections.Add(new(c, 0.5f, 7, 1, 10, 10));
        for (int i = 0; i < 600; i++) sink.Accept(prediction);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) sink.Accept(prediction);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
    }

    private MqttPredictionSink Sink(PublishOptions options, ResultShape shape = ResultShape.Detections, StreamNumbers? numbers = null)
        => new(Envelope(shape), options, new BestEffortOutlet(_outgoing, new MqttTopics("edgeinfer", "press-3").Prediction(new()
        {
            Name = "belt",
            Mark = default,
            Source = new SyntheticOptions((1, 1), 1, 1),
            Models = ["m"],
            Publish = options,
        }, "m"), numbers ?? _numbers), new ClockQuality(_time), _time, new Random(1));

    private static PredictionEnvelope Envelope(ResultShape shape) => new(new("press-3", "belt", 1, "m", "1", "abc", "cpu", shape, ["bolt", "nut", "gear"]));

    private Prediction Result(params int[] classes)
    {
        Prediction prediction = New();
        foreach (int c in classes) prediction.Detections.Add(new(c, 0.5f, _sequence * 7, 1, 10, 10));
        return prediction;
    }

    private Prediction Classes(params int[] classes)
    {
        Prediction prediction = New();
        foreach (int c in classes) prediction.Classes.Add(new(c, 0.5f));
        return prediction;
    }

    private Prediction Values(params float[] values)
    {
        Prediction prediction = New();
        prediction.RawOutputs.Add(("out", values.Length));
        prediction.RawValues.AddRange(values);
        return prediction;
    }

    private Prediction New()
    {
        Prediction prediction = new() { Sequence = ++_sequence, FrameWidth = 640, FrameHeight = 480 };
        prediction.Frame.CapturedAt = _time.GetUtcNow();
        prediction.Frame.Id = FrameId.FromUtf8(Encoding.ASCII.GetBytes(_sequence.ToString(CultureInfo.InvariantCulture)));
        return prediction;
    }

    /// <summary>Which results were published, by the frames that they are of.</summary>
    private long[] Results() => [.. _outgoing.Messages.Select(m =>
    {
        using JsonDocument parsed = JsonDocument.Parse(m.Payload);
        return long.Parse(parsed.RootElement.GetProperty("frame_id").GetString()!, CultureInfo.InvariantCulture);
    })];

    private long[] Numbers() => [.. _outgoing.Messages.Select(m =>
    {
        using JsonDocument parsed = JsonDocument.Parse(m.Payload);
        return parsed.RootElement.GetProperty("seq").GetInt64();
    })];
}
