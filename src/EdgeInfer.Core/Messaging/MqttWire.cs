using System.Buffers.Binary;
using System.Text.Unicode;

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

/// <summary>
/// The packets that come with every message, of MQTT 5 and of MQTT 3.1.1, written to and read from plain spans: MQTTnet's formatter needs
/// 1 to 2 kB of managed memory a message, this none.
/// </summary>
internal static class MqttWire
{
    /// <summary>The longest fixed header: kind and four bytes of length.</summary>
    public const int LongestHeaderBytes = 5;

    /// <summary>The largest value of a four-byte variable integer.</summary>
    public const int LargestRemaining = 268_435_455;

    /// <summary>The largest packet there can be.</summary>
    public const int LargestPacketBytes = LongestHeaderBytes + LargestRemaining;

    private static readonly ulong s_publish = PropertyReader.Set(
        PropertyId.PayloadFormat, PropertyId.MessageExpiry, PropertyId.ContentType, PropertyId.ResponseTopic, PropertyId.CorrelationData,
        PropertyId.SubscriptionIdentifier, PropertyId.TopicAlias, PropertyId.UserProperty);

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
    /// <param name="isVersion311">Whether it is of MQTT 3.1.1, without properties.</param>
    /// <exception cref="InvalidDataException">It is malformed, or was not agreed.</exception>
    public static ReceivedMessage ReadPublish(byte first, ReadOnlySpan<byte> body, bool isVersion311)
    {
        int qos = first >> 1 & 3;
        if (qos == 3 || body.Length < 2) throw new InvalidDataException("a malformed PUBLISH");

        // MQTT 5, section 3.8.4: never more than the QoS that was granted, and that is 1.
        if (qos == 2) throw new InvalidDataException("a message of QoS 2, which nobody has subscribed to");
        int topicBytes = BinaryPrimitives.ReadUInt16BigEndian(body);
        int at = 2 + topicBytes;
        if (body.Length < at + (qos > 0 ? 2 : 0)) throw new InvalidDataException("a PUBLISH that ends too soon");
        ReadOnlySpan<byte> topic = body.Slice(2, topicBytes);
        if (!Utf8.IsValid(topic) || topic.IndexOfAny("+#\0"u8) >= 0) throw new InvalidDataException("a PUBLISH to what is no topic");
        ReadOnlySpan<byte> rest = body[at..];
        ushort packetId = 0;
        if (qos > 0)
        {
            packetId = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (packetId == 0) throw new InvalidDataException("a PUBLISH with the packet id 0");
            rest = rest[2..];
        }

        if (isVersion311) return topicBytes > 0 ? new(topic, rest, qos, (first & 1) != 0, packetId) : throw new InvalidDataException("a PUBLISH without a topic");
        ReadOnlySpan<byte> responseTopic = default;
        ReadOnlySpan<byte> correlationData = default;
        PropertyReader properties = new(ServerPackets.Split(ref rest, "a PUBLISH"), "a PUBLISH", s_publish);
        while (properties.Read())
        {
            if (properties.Id == PropertyId.TopicAlias) throw new InvalidDataException("a PUBLISH with a topic alias, which was not offered");
            if (properties.Id == PropertyId.CorrelationData) correlationData = properties.Bytes;

            // Another client's mistake that the broker let pass: nothing can be sent there, but the connection is not at fault.
            if (properties.Id == PropertyId.ResponseTopic && properties.Bytes.IndexOfAny((byte)'+', (byte)'#') < 0) responseTopic = properties.Bytes;
        }

        if (topicBytes == 0) throw new InvalidDataException("a PUBLISH without a topic");
        return new(topic, rest, qos, (first & 1) != 0, packetId) { ResponseTopic = responseTopic, CorrelationData = correlationData };
    }

    /// <summary>Bytes of a variable byte integer, 1 to 4.</summary>
    public static int VariableBytes(int value) => value < 128 ? 1 : value < 16384 ? 2 : value < 2_097_152 ? 3 : 4;

    private static int WriteProperties(Span<byte> to, in PublishPacket packet)
    {
        int at = WriteVariable(to, packet.PropertyBytes);
        if (packet.ExpirySeconds > 0)
        {
            to[at] = (byte)PropertyId.MessageExpiry;
            BinaryPrimitives.WriteUInt32BigEndian(to[(at + 1)..], packet.ExpirySeconds);
            at += 5;
        }

        if (packet.CorrelationData.IsEmpty) return at;
        to[at] = (byte)PropertyId.CorrelationData;
        return at + 1 + WriteWithLength(to[(at + 1)..], packet.CorrelationData);
    }

    /// <summary>Writes bytes behind their length in two bytes.</summary>
    public static int WriteWithLength(Span<byte> to, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)value.Length);
        value.CopyTo(to[2..]);
        return 2 + value.Length;
    }

    /// <summary>Writes a variable byte integer.</summary>
    public static int WriteVariable(Span<byte> to, int value)
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

    /// <summary>Reads a variable byte integer; false when more bytes are needed to tell.</summary>
    /// <exception cref="InvalidDataException">It is longer than four bytes.</exception>
    public static bool TryReadVariable(ReadOnlySpan<byte> from, out int value, out int bytes)
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
