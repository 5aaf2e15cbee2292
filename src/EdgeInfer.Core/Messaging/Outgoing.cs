using System.Text;

namespace EdgeInfer.Messaging;

/// <summary>A topic to publish to, encoded once.</summary>
internal sealed class MqttTopic
{
    private readonly byte[] _utf8;

    /// <summary>Encodes a topic.</summary>
    /// <exception cref="ArgumentException">Empty, longer than 65535 bytes, or with a wildcard or a NUL.</exception>
    public MqttTopic(string name)
    {
        _utf8 = Encoding.UTF8.GetBytes(name);
        if (_utf8.Length is 0 or > ushort.MaxValue || name.AsSpan().ContainsAny('+', '#', '\0'))
            throw new ArgumentException($"'{name}' is no topic to publish to: 1 to 65535 bytes without +, # and NUL", nameof(name));
        Name = name;
    }

    /// <summary>The topic as text.</summary>
    public string Name { get; }

    /// <summary>The topic as UTF-8.</summary>
    public ReadOnlySpan<byte> Utf8 => _utf8;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>
/// Takes messages from sinks; never blocks on the network and never throws for a full queue. The session implements it; a durable
/// outbox can stand in front of it.
/// </summary>
internal interface IOutgoing
{
    /// <summary>
    /// Copies a message into the queue of those that are to arrive each by itself. When the queue is full its oldest goes, counted.
    /// Allocates nothing once the queue is warm. Any thread.
    /// </summary>
    /// <param name="topic">Where to.</param>
    /// <param name="payload">Copied before the call returns.</param>
    /// <param name="qos">0: sent once; 1: sent until acknowledged.</param>
    /// <param name="key">Handed to the <see cref="IDeliveryObserver"/>.</param>
    /// <returns>False when the message could not be taken at all: larger than the queue, or stopped.</returns>
    bool TryPublish(MqttTopic topic, ReadOnlySpan<byte> payload, int qos, long key = 0);

    /// <summary>
    /// Sets the retained state of a topic (QoS 1). Only the newest per topic is kept; it is sent now and at each new connection,
    /// before anything in the queue. Any thread.
    /// </summary>
    void PublishState(MqttTopic topic, ReadOnlySpan<byte> payload);

    /// <summary>As <see cref="TryPublish"/> with QoS 1, for the answer to a command.</summary>
    /// <param name="topic">Where to.</param>
    /// <param name="payload">Copied before the call returns.</param>
    /// <param name="correlationData">Copied; sent with MQTT 5 where it is not empty.</param>
    /// <returns>False when it could not be taken at all: larger than the queue or than the broker takes, or stopped.</returns>
    bool TryRespond(MqttTopic topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlationData);
}

/// <summary>Learns what became of messages; called on the session's threads, must return at once and may not call the session.</summary>
internal interface IDeliveryObserver
{
    /// <summary>The broker has the message (QoS 1), or it is on the wire (QoS 0).</summary>
    void Delivered(long key);

    /// <summary>The message is given up: displaced by newer ones, or refused by the broker.</summary>
    void Lost(long key);
}

/// <summary>Counts of a session since its start.</summary>
/// <param name="Published">Messages put on the wire, those sent again included.</param>
/// <param name="Acknowledged">Messages of QoS 1 that the broker has.</param>
/// <param name="Dropped">Messages given up: displaced by newer ones or too large.</param>
/// <param name="Refused">Messages that the broker refused (PUBACK 0x80 and above).</param>
/// <param name="Reconnects">Connections made after the first.</param>
/// <param name="Queued">Messages waiting or unacknowledged now.</param>
/// <param name="QueuedBytes">Memory they hold.</param>
internal readonly record struct MqttCounts(
    long Published, long Acknowledged, long Dropped, long Refused, long Reconnects, int Queued, int QueuedBytes);
