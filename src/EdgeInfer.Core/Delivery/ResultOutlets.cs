using EdgeInfer.Messaging;

namespace EdgeInfer.Delivery;

/// <summary>Where a sink hands its messages on. A message carries the outlet's next number; who takes one holds <see cref="Numbering"/> until it is accepted.</summary>
internal interface IResultOutlet
{
    /// <summary>Held from asking for a number to handing the message on.</summary>
    Lock Numbering { get; }

    /// <summary>The number that the next message has to carry.</summary>
    long NextSequence { get; }

    /// <summary>Takes a message; done with it when the call returns. Never blocks, never throws.</summary>
    /// <returns>False where it could not be taken.</returns>
    bool TryAccept(long sequence, ReadOnlySpan<byte> payload);
}

/// <summary>QoS 1: through the outbox, delivered at least once or declared lost.</summary>
internal sealed class OutboxOutlet(Outbox outbox, OutboxStream stream) : IResultOutlet
{
    /// <inheritdoc/>
    public Lock Numbering => stream.Numbers.Numbering;

    /// <inheritdoc/>
    public long NextSequence => stream.NextSequence;

    /// <inheritdoc/>
    public bool TryAccept(long sequence, ReadOnlySpan<byte> payload) => outbox.Accept(stream, sequence, payload);
}

/// <summary>QoS 0: straight to the session, sent once or lost without a word.</summary>
internal sealed class BestEffortOutlet(IOutgoing outgoing, MqttTopic topic, StreamNumbers numbers) : IResultOutlet
{
    /// <inheritdoc/>
    public Lock Numbering => numbers.Numbering;

    /// <inheritdoc/>
    public long NextSequence => numbers.Last + 1;

    /// <inheritdoc/>
    public bool TryAccept(long sequence, ReadOnlySpan<byte> payload)
    {
        numbers.Last = sequence;
        return outgoing.TryPublish(topic, payload, qos: 0);
    }
}
