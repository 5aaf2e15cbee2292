namespace EdgeInfer.Messaging;

/// <summary>What arrives on the connection in use.</summary>
internal sealed partial class MqttSession
{
    /// <inheritdoc/>
    void IPacketHandler.Acknowledged(MqttConnection connection, ushort packetId, byte reason)
    {
        MqttTopic? refused = _sender.Acknowledge(connection, packetId, reason, out MqttTopic? cleared);
        if (cleared is not null) StateCleared?.Invoke(cleared);
        if (refused is not null) Note(BrokerAnswers.OfMessage(_settings, refused, reason));
    }

    /// <inheritdoc/>
    void IPacketHandler.Received(MqttConnection connection, in ReceivedMessage message)
    {
        _handler?.Invoke(message);
        if (message.Qos == 0) return;
        Span<byte> answer = stackalloc byte[4];
        MqttWire.WritePubAck(answer, message.PacketId);
        if (!_sender.SendControl(answer)) throw new InvalidDataException("more messages than it reads acknowledgements");
    }

    /// <inheritdoc/>
    void IPacketHandler.Subscribed(MqttConnection connection, ushort packetId, ReadOnlySpan<byte> reasons)
    {
        if (packetId != SubscribePacketId || reasons.Length != _filters.Count || Volatile.Read(ref _subscribing) == 0) throw new InvalidDataException("a SUBACK that answers no subscription");
        for (int i = 0; i < reasons.Length; i++)
        {
            if (reasons[i] >= 0x80) Note(BrokerAnswers.OfSubscription(_settings, _filters[i].Text, reasons[i]));
        }

        Volatile.Write(ref _subscribing, 0);
        SetState(MqttSessionState.Connected, null);
    }
}
