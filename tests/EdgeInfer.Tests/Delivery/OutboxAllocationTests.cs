using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Ring;
using EdgeInfer.Messaging;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Delivery;

public sealed class OutboxAllocationTests
{
    [Fact]
    public void From_a_result_to_its_acknowledgement_by_way_of_the_ring_nothing_is_allocated()
    {
        FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
        using Outbox outbox = new(
            new("press-3", 1, new(), new("edgeinfer/press-3/gap"), 16), new MemoryRing(), default,
            _ => new(new FakeStore(), null), new(time, static () => true, OutboxRig.Kernel), new Random(1), NullLogger.Instance);
        OutboxStream stream = outbox.Open(new("belt", "edgeinfer/press-3/belt/prediction", "edgeinfer/press-3/belt/history", DeliveryClass.Prediction), isDurable: false);
        outbox.Step();
        outbox.LineChanged(true);
        outbox.Step();
        using MqttPredictionSink sink = new(
            new(new("press-3", "belt", 1, "m", "1", "abc", "cpu", ResultShape.Detections, ["bolt", "nut"])), new() { Predictions = PublishMode.Every },
            new OutboxOutlet(outbox, stream), new ClockQuality(time), time, new Random(1));
        Prediction result = new() { Sequence = 1, FrameWidth = 640, FrameHeight = 480 };
        foreach (int c in (int[])[0, 1, 1]) result.Detections.Add(new(c, 0.5f, 7, 1, 10, 10));
        for (int i = 0; i < 100; i++) Pass();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Pass();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1100, outbox.Status().Delivered);

        void Pass()
        {
            sink.Accept(result);
            if (!outbox.TryTake(out OutboundMessage message)) throw new InvalidOperationException("a result that is accepted can be sent");
            outbox.Settled(message.Token, 0);
            _ = outbox.IsIdle;
        }
    }
}
