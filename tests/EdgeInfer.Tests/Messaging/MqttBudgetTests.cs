using EdgeInfer.Messaging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Messaging;

[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public sealed class WholeProcess;

/// <summary>Managed bytes of the whole process per message: the sender's thread, the receiver's, and the pool's.</summary>
[Collection(nameof(WholeProcess))]
public sealed class MqttBudgetTests
{
    private const int Messages = 10_000;

    /// <summary>One message at a time, as a camera makes them: each acknowledgement is a wake-up of its own, the dearest case. Measured: 0 and 264.</summary>
    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 500)]
    public async Task A_message_costs_less_managed_memory_than_its_budget(int qos, int budgetBytes)
    {
        using FakeBroker broker = new FakeBroker { IsKeeping = false }.Start();
        using CountingObserver observer = new();
        await using MqttSession session = new(SessionProbe.Settings(broker.Port), TimeProvider.System, new Random(1), NullLogger.Instance, observer);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        MqttTopic topic = new("edgeinfer/press-3/belt/prediction");
        byte[] payload = new byte[700];
        Publish(1000);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        Publish(Messages);
        double each = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Messages;

        TestContext.Current.SendDiagnosticMessage($"QoS {qos}: {each:0.0} managed bytes a message");
        Assert.InRange(each, 0, budgetBytes);

        void Publish(int count)
        {
            for (int i = 0; i < count; i++)
            {
                if (!session.TryPublish(topic, payload, qos)) Assert.Fail("the queue is full");
                if (!broker.PublishRead.Wait(SessionProbe.Patience) || !observer.Delivery.Wait(SessionProbe.Patience)) Assert.Fail("no message arrived");
            }
        }
    }

    /// <summary>The same of a message source, which gives a payload and a tail with an expiry interval. Measured: 80, as without.</summary>
    [Fact]
    public async Task A_message_of_a_source_costs_no_more()
    {
        using FakeBroker broker = new FakeBroker { IsKeeping = false }.Start();
        using OneMessage source = new();
        await using MqttSession session = new(SessionProbe.Settings(broker.Port), TimeProvider.System, new Random(1), NullLogger.Instance, source: source);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        Send(1000);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        Send(Messages);
        double each = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Messages;

        TestContext.Current.SendDiagnosticMessage($"source: {each:0.0} managed bytes a message");
        Assert.InRange(each, 0, 500);

        void Send(int count)
        {
            for (int i = 0; i < count; i++)
            {
                source.Offer();
                session.Wake();
                if (!broker.PublishRead.Wait(SessionProbe.Patience) || !source.Settlement.Wait(SessionProbe.Patience)) Assert.Fail("no message arrived");
            }
        }
    }

    private sealed class OneMessage : IMessageSource, IDisposable
    {
        private readonly MqttTopic _topic = new("edgeinfer/press-3/belt/prediction");
        private readonly byte[] _payload = new byte[700];
        private int _ready;

        public SemaphoreSlim Settlement { get; } = new(0);

        public bool IsIdle => Volatile.Read(ref _ready) == 0;

        public bool TryTake(out OutboundMessage message)
        {
            message = new(_topic, _payload, _payload.AsSpan(0, 20), 3600, 1);
            return Interlocked.Exchange(ref _ready, 0) == 1;
        }

        public void Offer() => Volatile.Write(ref _ready, 1);

        public void Settled(long token, byte reason) => Settlement.Release();

        public void TooLarge(long token) => Assert.Fail("a message was too large");

        public void Returned(long token) => Assert.Fail("a message came back");

        public void LineChanged(bool isUp)
        {
        }

        public void Dispose() => Settlement.Dispose();
    }

    private sealed class CountingObserver : IDeliveryObserver, IDisposable
    {
        public SemaphoreSlim Delivery { get; } = new(0);

        public void Delivered(long key) => Delivery.Release();

        public void Lost(long key) => Assert.Fail("a message was lost");

        public void Dispose() => Delivery.Dispose();
    }
}
