using System.Buffers.Binary;
using System.Text;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>MQTT's packets as bytes, written from the OASIS texts (3.1.1 and 5.0) and sharing nothing with the agent's own code.</summary>
internal static class MqttBytes
{
    public const int Connect = 1, ConnAck = 2, Publish = 3, PubAck = 4, Subscribe = 8, SubAck = 9, PingReq = 12, PingResp = 13, Disconnect = 14;

    /// <summary>The length of the first packet, header included; 0 while it is not known.</summary>
    public static int Length(ReadOnlySpan<byte> bytes, out int header)
    {
        int length = 0;
        for (header = 1; header < 5 && header < bytes.Length; header++)
        {
            length |= (bytes[header] & 0x7F) << (7 * (header - 1));
            if ((bytes[header] & 0x80) == 0)
            {
                header++;
                return header + length;
            }
        }

        return 0;
    }

    /// <summary>A packet of a first byte and a body.</summary>
    public static byte[] Packet(int first, params byte[][] parts)
    {
        int length = parts.Sum(p => p.Length);
        List<byte> packet = [(byte)first];
        int left = length;
        do
        {
            packet.Add((byte)((left & 0x7F) | (left > 0x7F ? 0x80 : 0)));
            left >>= 7;
        }
        while (left > 0);
        foreach (byte[] part in parts) packet.AddRange(part);
        return [.. packet];
    }

    /// <summary>A length-prefixed text.</summary>
    public static byte[] Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    /// <summary>A subscriber's CONNECT whose session outlives its connections.</summary>
    public static byte[] ConnectPacket(string clientId, bool isVersion311, string? username = null, string? password = null)
    {
        byte flags = (byte)((username is null ? 0 : 0x80) | (password is null ? 0 : 0x40));
        byte[] properties = isVersion311 ? [] : [8, 0x11, 0xFF, 0xFF, 0xFF, 0xFF, 0x21, 0xFF, 0xFF];
        return Packet(0x10, Text("MQTT"), [(byte)(isVersion311 ? 4 : 5), flags, 0, 0], properties, Text(clientId), username is null ? [] : Text(username), password is null ? [] : Text(password));
    }

    /// <summary>A SUBSCRIBE at QoS 1.</summary>
    public static byte[] SubscribePacket(ushort id, string filter, bool isVersion311)
        => Packet(0x82, [(byte)(id >> 8), (byte)id], isVersion311 ? [] : [0], Text(filter), [1]);

    /// <summary>A PUBLISH at QoS 1.</summary>
    public static byte[] PublishPacket(ushort id, string topic, byte[] payload, bool isRetained = false)
        => Packet(0x32 | (isRetained ? 1 : 0), Text(topic), [(byte)(id >> 8), (byte)id], [0], payload);

    /// <summary>A PUBACK; a reason other than 0 is MQTT 5's.</summary>
    public static byte[] PubAckPacket(ushort id, byte reason = 0)
        => reason == 0 ? [0x40, 2, (byte)(id >> 8), (byte)id] : [0x40, 3, (byte)(id >> 8), (byte)id, reason];

    /// <summary>Takes a PUBLISH apart.</summary>
    /// <param name="packet">The packet, header included.</param>
    /// <param name="header">Bytes of its header.</param>
    /// <param name="isVersion311">Whether there are no properties.</param>
    public static PublishView ReadPublish(ReadOnlySpan<byte> packet, int header, bool isVersion311)
    {
        int qos = (packet[0] >> 1) & 3;
        int at = header;
        int length = BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
        ReadOnlySpan<byte> topic = packet.Slice(at + 2, length);
        at += 2 + length;
        ushort id = 0;
        if (qos > 0)
        {
            id = BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
            at += 2;
        }

        uint? expiry = null;
        if (!isVersion311)
        {
            // The length of the properties is written as that of a packet is.
            int end = Length(packet[(at - 1)..], out int prefix) + at - 1;
            at += prefix - 1;
            if (at < end && packet[at] == 0x02) expiry = BinaryPrimitives.ReadUInt32BigEndian(packet[(at + 1)..]);
            at = end;
        }

        return new(topic, packet[at..], qos, id, (packet[0] & 8) != 0, (packet[0] & 1) != 0, expiry);
    }
}

/// <summary>A PUBLISH, in the memory of its packet.</summary>
internal readonly ref struct PublishView(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, int qos, ushort id, bool isDuplicate, bool isRetained, uint? expirySeconds)
{
    public ReadOnlySpan<byte> Topic { get; } = topic;

    public ReadOnlySpan<byte> Payload { get; } = payload;

    public int Qos { get; } = qos;

    public ushort Id { get; } = id;

    public bool IsDuplicate { get; } = isDuplicate;

    public bool IsRetained { get; } = isRetained;

    /// <summary>Message Expiry Interval, where it is the first property.</summary>
    public uint? ExpirySeconds { get; } = expirySeconds;
}
