using System.Buffers.Binary;
using System.Text;

namespace EdgeInfer.Messaging;

/// <summary>What a subscription is for.</summary>
internal enum SubscriptionKind
{
    /// <summary>To see: what the broker keeps comes at each subscription.</summary>
    Watching,

    /// <summary>
    /// To obey: what the broker keeps does not come (Retain Handling 2), and a message that was published to be kept says so (Retain As
    /// Published). MQTT 3.1.1 has neither: there it comes and says so, and a live one says nothing.
    /// </summary>
    Obeying,
}

/// <summary>A topic filter that a session subscribes to.</summary>
/// <param name="Text">The filter.</param>
/// <param name="Kind">What for.</param>
internal readonly record struct TopicFilter(string Text, SubscriptionKind Kind);

/// <summary>Writes the rare packets of a client.</summary>
internal static class ClientPackets
{
    /// <summary>The most messages that a broker may send before the first is acknowledged; more of them make no sense for settings and commands.</summary>
    private const ushort ReceiveMaximum = 64;

    /// <summary>Retain Handling 2, Retain As Published, QoS 1: MQTT 5, section 3.8.3.1.</summary>
    private const byte Obeying = 0x20 | 0x08 | 0x01;

    /// <summary>CONNECT with a clean start; holds the password.</summary>
    public static byte[] Connect(MqttSettings settings)
    {
        bool is311 = settings.Options.IsVersion311;
        LastWill? will = settings.Will;
        string? username = settings.Options.Username;
        string? password = settings.Options.Password?.Reveal();
        int flags = 0x02 | (will is null ? 0 : 0x2C) | (password is null ? 0 : 0x40) | (username is null ? 0 : 0x80);
        int remaining = 10 + (is311 ? 0 : 1 + 8) + Length(settings.ClientId)
            + (will is null ? 0 : (is311 ? 0 : 1) + 2 + will.Topic.Utf8.Length + 2 + will.Payload.Length)
            + (username is null ? 0 : Length(username)) + (password is null ? 0 : Length(password));
        byte[] packet = new byte[1 + MqttWire.VariableBytes(remaining) + remaining];
        packet[0] = 0x10;
        Span<byte> to = packet.AsSpan(1 + MqttWire.WriteVariable(packet.AsSpan(1), remaining));
        Put(ref to, "MQTT"u8);
        to[0] = (byte)(is311 ? 4 : 5);
        to[1] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)Math.Clamp(Math.Ceiling(settings.Options.KeepAlive.TotalSeconds), 1, ushort.MaxValue));
        to = to[4..];
        if (!is311)
        {
            (to[0], to[1], to[4]) = (8, (byte)PropertyId.ReceiveMaximum, (byte)PropertyId.MaximumPacketSize);
            BinaryPrimitives.WriteUInt16BigEndian(to[2..], ReceiveMaximum);
            BinaryPrimitives.WriteUInt32BigEndian(to[5..], (uint)settings.LargestReceivedBytes);
            to = to[9..];
        }

        Put(ref to, settings.ClientId);
        if (will is not null)
        {
            if (!is311) to = to[1..];
            Put(ref to, will.Topic.Utf8);
            Put(ref to, will.Payload.Span);
        }

        if (username is not null) Put(ref to, username);
        if (password is not null) Put(ref to, password);
        return packet;
    }

    /// <summary>SUBSCRIBE to topic filters at QoS 1.</summary>
    public static byte[] Subscribe(ushort packetId, IReadOnlyList<TopicFilter> filters, bool isVersion311)
    {
        int remaining = 2 + (isVersion311 ? 0 : 1);
        foreach (TopicFilter filter in filters) remaining += Length(filter.Text) + 1;
        byte[] packet = new byte[1 + MqttWire.VariableBytes(remaining) + remaining];
        packet[0] = 0x82;
        Span<byte> to = packet.AsSpan(1 + MqttWire.WriteVariable(packet.AsSpan(1), remaining));
        BinaryPrimitives.WriteUInt16BigEndian(to, packetId);
        to = to[(isVersion311 ? 2 : 3)..];
        foreach (TopicFilter filter in filters)
        {
            Put(ref to, filter.Text);
            to[0] = filter.Kind == SubscriptionKind.Obeying && !isVersion311 ? Obeying : (byte)1;
            to = to[1..];
        }

        return packet;
    }

    private static int Length(string text) => 2 + Encoding.UTF8.GetByteCount(text);

    private static void Put(ref Span<byte> to, string text)
    {
        int bytes = Encoding.UTF8.GetBytes(text, to[2..]);
        BinaryPrimitives.WriteUInt16BigEndian(to, checked((ushort)bytes));
        to = to[(2 + bytes)..];
    }

    private static void Put(ref Span<byte> to, ReadOnlySpan<byte> value) => to = to[MqttWire.WriteWithLength(to, value)..];
}
