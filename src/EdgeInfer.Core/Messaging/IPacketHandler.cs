namespace EdgeInfer.Messaging;

/// <summary>Handles what arrives on a connection, one packet at a time.</summary>
internal interface IPacketHandler
{
    /// <summary>The broker has a message, or refuses it (0x80 and above).</summary>
    void Acknowledged(MqttConnection connection, ushort packetId, byte reason);

    /// <summary>A message arrived.</summary>
    void Received(MqttConnection connection, in ReceivedMessage message);

    /// <summary>The broker answered a subscription: a reason for each filter.</summary>
    /// <exception cref="InvalidDataException">It answers what was not asked.</exception>
    void Subscribed(MqttConnection connection, ushort packetId, ReadOnlySpan<byte> reasons);
}
