using System.Buffers.Binary;

namespace EdgeInfer.Messaging;

/// <summary>Kinds of MQTT control packet, as the upper four bits of a packet's first byte.</summary>
internal enum PacketKind
{
    ConnAck = 2,
    Publish = 3,
    PubAck = 4,
    SubAck = 9,
    PingResponse = 13,
    Disconnect = 14,
}

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

    /// <summary>Bytes of the whole packet.</summary>
    public int Bytes => 1 + MqttWire.VariableBytes(RemainingBytes) + RemainingBytes;
}

/// <summary>
/// The packets of MQTT 5 that come with every message, written to and read from plain spans; MQTTnet's formatter does the rare ones.
/// It needs 1 to 2 kB of managed memory a message, this none.
/// </summary>
internal static class MqttWire
{
    /// <summary>The longest fixed header: kind and four bytes of length.</summary>
    public const int LongestHeaderBytes = 5;

    /// <summary>The largest value of a four-byte variable integer.</summary>
    public const int LargestRemaining = 268_435_455;

    /// <summary>The largest packet there can be.</summary>
    public const int LargestPacketBytes = LongestHeaderBytes + LargestRemaining;

    private const byte MessageExpiryInterval = 0x02;
    private const byte CorrelationData = 0x09;

    /// <summary>PINGREQ.</summary>
    public static ReadOnlySpan<byte> PingRequest => [0xC0, 0];

    /// <summary>DISCONNECT with reason 0: the will is not sent.</summary>
    public static ReadOnlySpan<byte> NormalDisconnect => [0xE0, 0];

    /// <summary>Writes a PUBLISH packet and returns its length.</summary>
    /// <param name="to">At least <see cref="PublishPacket.Bytes"/> long.</param>
    /// <param name="packet">What to write.</param>
    /// <param name="packetId">From 1; for QoS 1.</param>
    public static int WritePublish(Span<byte> to, in PublishPacket packet, ushort packetId)
    {
        to[0] = (byte)(0x30 | packet.Qos << 1 | (packet.IsRetained ? 1 : 0));
        int at = 1 + WriteVariable(to[1..], packet.RemainingBytes);
        at += WriteWithLength(to[at..], packet.Topic);
        if (packet.Qos > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(to[at..], packetId);
            at += 2;
        }

        if (!packet.IsVersion311) at += WriteProperties(to[at..], packet);
        packet.Payload.CopyTo(to[at..]);
        at += packet.Payload.Length;
        packet.Tail.CopyTo(to[at..]);
        return at + packet.Tail.Length;
    }

    /// <summary>Writes a PUBACK for success and returns its length, 4.</summary>
    public static int WritePubAck(Span<byte> to, ushort packetId)
    {
        to[0] = 0x40;
        to[1] = 2;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], packetId);
        return 4;
    }

    /// <summary>Reads the fixed header at the start of what has arrived.</summary>
    /// <param name="from">Bytes that have arrived.</param>
    /// <param name="headerBytes">Bytes of the header.</param>
    /// <param name="bodyBytes">Bytes that follow it.</param>
    /// <returns>False when more bytes are needed to tell.</returns>
    /// <exception cref="InvalidDataException">The length is malformed.</exception>
    public static bool TryReadHeader(ReadOnlySpan<byte> from, out int headerBytes, out int bodyBytes)
    {
        headerBytes = bodyBytes = 0;
        if (from.Length < 2) return false;
        if (!TryReadVariable(from[1..], out bodyBytes, out int lengthBytes)) return false;
        headerBytes = 1 + lengthBytes;
        return true;
    }

    /// <summary>Reads a PUBACK's body.</summary>
    /// <exception cref="InvalidDataException">It is too short.</exception>
    public static (ushort PacketId, byte Reason) ReadPubAck(ReadOnlySpan<byte> body)
    {
        if (body.Length < 2) throw new InvalidDataException("a PUBACK without packet id");
        return (BinaryPrimitives.ReadUInt16BigEndian(body), body.Length > 2 ? body[2] : (byte)0);
    }

    /// <summary>Reads a PUBLISH packet.</summary>
    /// <param name="first">The packet's first byte.</param>
    /// <param name="body">What follows the fixed header.</param>
    /// <exception cref="InvalidDataException">It is malformed.</exception>
    public static ReceivedMessage ReadPublish(byte first, ReadOnlySpan<byte> body)
    {
        int qos = first >> 1 & 3;
        if (qos == 3 || body.Length < 2) throw new InvalidDataException("a malformed PUBLISH");
        int topicBytes = BinaryPrimitives.ReadUInt16BigEndian(body);
        int at = 2 + topicBytes;
        if (body.Length < at + (qos > 0 ? 3 : 1)) throw new InvalidDataException("a PUBLISH that ends too soon");
        ReadOnlySpan<byte> topic = body.Slice(2, topicBytes);
        ushort packetId = 0;
        if (qos > 0)
        {
            packetId = BinaryPrimitives.ReadUInt16BigEndian(body[at..]);
            at += 2;
        }

        if (!TryReadVariable(body[at..], out int propertyBytes, out int lengthBytes) || body.Length < at + lengthBytes + propertyBytes)
            throw new InvalidDataException("a PUBLISH whose properties end too soon");
        return new(topic, body[(at + lengthBytes + propertyBytes)..], qos, (first & 1) != 0, packetId);
    }

    /// <summary>Bytes of a variable byte integer, 1 to 4.</summary>
    public static int VariableBytes(int value) => value < 128 ? 1 : value < 16384 ? 2 : value < 2_097_152 ? 3 : 4;

    private static int WriteProperties(Span<byte> to, in PublishPacket packet)
    {
        int at = WriteVariable(to, packet.PropertyBytes);
        if (packet.ExpirySeconds > 0)
        {
            to[at] = MessageExpiryInterval;
            BinaryPrimitives.WriteUInt32BigEndian(to[(at + 1)..], packet.ExpirySeconds);
            at += 5;
        }

        if (packet.CorrelationData.IsEmpty) return at;
        to[at] = CorrelationData;
        return at + 1 + WriteWithLength(to[(at + 1)..], packet.CorrelationData);
    }

    private static int WriteWithLength(Span<byte> to, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)value.Length);
        value.CopyTo(to[2..]);
        return 2 + value.Length;
    }

    private static int WriteVariable(Span<byte> to, int value)
    {
        int at = 0;
        while (value >= 128)
        {
            to[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        to[at] = (byte)value;
        return at + 1;
    }

    private static bool TryReadVariable(ReadOnlySpan<byte> from, out int value, out int bytes)
    {
        value = 0;
        for (bytes = 0; bytes < 4; bytes++)
        {
            if (bytes >= from.Length) return false;
            value |= (from[bytes] & 0x7F) << (7 * bytes);
            if (from[bytes] < 0x80)
            {
                bytes++;
                return true;
            }
        }

        throw new InvalidDataException("a packet length of more than four bytes");
    }
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
