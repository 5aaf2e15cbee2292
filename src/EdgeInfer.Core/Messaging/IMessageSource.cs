namespace EdgeInfer.Messaging;

/// <summary>One message that a session is to send now; its memory is the source's and valid until the call that gave it is used up.</summary>
/// <param name="topic">Where to.</param>
/// <param name="payload">The message.</param>
/// <param name="tail">Bytes that follow <paramref name="payload"/> in the same message; often empty.</param>
/// <param name="expirySeconds">Message Expiry Interval of MQTT 5; 0 for none.</param>
/// <param name="token">Names the message in later calls; any value.</param>
internal readonly ref struct OutboundMessage(MqttTopic topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> tail, uint expirySeconds, long token)
{
    public MqttTopic Topic { get; } = topic;

    public ReadOnlySpan<byte> Payload { get; } = payload;

    public ReadOnlySpan<byte> Tail { get; } = tail;

    public uint ExpirySeconds { get; } = expirySeconds;

    public long Token { get; } = token;
}

/// <summary>
/// Gives a session messages of QoS 1 whenever it has room for one more unacknowledged. The source keeps each until it is settled; the
/// session keeps only tokens. Every call comes under the session's lock, must return at once and may not call the session.
/// </summary>
internal interface IMessageSource
{
    /// <summary>Whether nothing waits or is unacknowledged that a goodbye should wait for.</summary>
    bool IsIdle { get; }

    /// <summary>The next message to send now, in order of importance; it counts as sent.</summary>
    bool TryTake(out OutboundMessage message);

    /// <summary>The broker's answer to a message: its PUBACK's reason, 0 with MQTT 3.1.1.</summary>
    void Settled(long token, byte reason);

    /// <summary>A message that was taken is larger than the broker takes; it was not sent.</summary>
    void TooLarge(long token);

    /// <summary>The connection has ended before the broker's answer: the message may or may not have arrived.</summary>
    void Returned(long token);

    /// <summary>A connection is there, or is gone; <see cref="Returned"/> has been called for each message on its way before.</summary>
    void LineChanged(bool isUp);
}
