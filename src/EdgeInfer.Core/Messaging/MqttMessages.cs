namespace EdgeInfer.Messaging;

/// <summary>A message to be written as PUBLISH.</summary>
/// <param name="topic">UTF-8.</param>
/// <param name="payload">The message.</param>
internal readonly ref struct PublishPacket(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload)
{
    public ReadOnlySpan<byte> Topic { get; } = topic;

    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>Bytes that follow <see cref="Payload"/> in the same message.</summary>
    public ReadOnlySpan<byte> Tail { get; init; }

    /// <summary>0 or 1.</summary>
    public int Qos { get; init; }

    /// <summary>Whether the broker keeps it for later subscribers.</summary>
    public bool IsRetained { get; init; }

    /// <summary>After so long the broker no longer delivers it; 0 for no end. MQTT 5.</summary>
    public uint ExpirySeconds { get; init; }

    /// <summary>What an answer carries of its request, at most 65535 bytes. MQTT 5.</summary>
    public ReadOnlySpan<byte> CorrelationData { get; init; }

    /// <summary>Whether it is written as MQTT 3.1.1, which has no properties.</summary>
    public bool IsVersion311 { get; init; }

    /// <summary>Bytes of the properties without their length.</summary>
    public int PropertyBytes => (ExpirySeconds > 0 ? 5 : 0) + (CorrelationData.IsEmpty ? 0 : 3 + CorrelationData.Length);

    /// <summary>Bytes behind the fixed header.</summary>
    public int RemainingBytes => 2 + Topic.Length + (Qos > 0 ? 2 : 0) + (IsVersion311 ? 0 : MqttWire.VariableBytes(PropertyBytes) + PropertyBytes) + Payload.Length + Tail.Length;

    /// <summary>Tells the message from others within this process.</summary>
    public int Print()
    {
        HashCode print = default;
        print.AddBytes(Topic);
        print.AddBytes(Payload);
        print.AddBytes(Tail);
        return print.ToHashCode();
    }

    /// <summary>Bytes of the whole packet.</summary>
    public int Bytes => 1 + MqttWire.VariableBytes(RemainingBytes) + RemainingBytes;
}

/// <summary>A message that arrived; valid only while it is handled.</summary>
/// <param name="topic">UTF-8.</param>
/// <param name="payload">The message.</param>
/// <param name="qos">0 to 2.</param>
/// <param name="isRetained">Whether the broker had kept it.</param>
/// <param name="packetId">For QoS 1.</param>
internal readonly ref struct ReceivedMessage(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, int qos, bool isRetained, ushort packetId)
{
    /// <summary>Where the sender wants its answer (MQTT 5); empty where it says nothing.</summary>
    public ReadOnlySpan<byte> ResponseTopic { get; init; }

    /// <summary>What the answer is to carry (MQTT 5); empty where it says nothing.</summary>
    public ReadOnlySpan<byte> CorrelationData { get; init; }

    public ReadOnlySpan<byte> Topic { get; } = topic;

    public ReadOnlySpan<byte> Payload { get; } = payload;

    public int Qos { get; } = qos;

    public bool IsRetained { get; } = isRetained;

    public ushort PacketId { get; } = packetId;
}

/// <summary>Handles a message that arrived; done with it when the call returns. Called on the session's threads, one message at a time.</summary>
internal delegate void MqttMessageHandler(in ReceivedMessage message);
