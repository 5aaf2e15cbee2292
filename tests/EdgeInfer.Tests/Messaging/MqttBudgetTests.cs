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

    private sealed class CountingObserver : IDeliveryObserver, IDisposable
    {
        public SemaphoreSlim Delivery { get; } = new(0);

        public void Delivered(long key) => Delivery.Release();

        public void Lost(long key) => Assert.Fail("a message was lost");

        public void Dispose() => Delivery.Dispose();
    }
}
