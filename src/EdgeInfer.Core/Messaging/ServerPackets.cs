using System.Buffers.Binary;
using MQTTnet.Protocol;

namespace EdgeInfer.Messaging;

/// <summary>What the broker said in its CONNACK; where it says nothing, what the standard says then.</summary>
internal sealed record ServerAnswer
{
    /// <summary>0: connected. Those of MQTT 3.1.1 stand as the reasons of MQTT 5 that say the same.</summary>
    public byte Reason { get; init; }

    /// <summary>Its own words.</summary>
    public string? Said { get; init; }

    /// <summary>The broker that it names instead of itself.</summary>
    public string? OtherServer { get; init; }

    /// <summary>The most messages of QoS 1 that it takes unacknowledged, from 1.</summary>
    public int ReceiveMaximum { get; init; } = ushort.MaxValue;

    /// <summary>The largest QoS that it takes, 0 or 1: more is not asked for.</summary>
    public int MaximumQos { get; init; } = 1;

    /// <summary>Whether it keeps messages.</summary>
    public bool KeepsMessages { get; init; } = true;

    /// <summary>The largest packet that it takes, in bytes.</summary>
    public long MaximumPacketBytes { get; init; } = MqttWire.LargestPacketBytes;

    /// <summary>The keep-alive that it wants in seconds; 0: it does not say.</summary>
    public int KeepAliveSeconds { get; init; }
}

/// <summary>Reads the rare packets of a broker. Whatever arrives gives a value or an <see cref="InvalidDataException"/> that says what it is.</summary>
internal static class ServerPackets
{
    private static readonly ulong s_connAck = PropertyReader.Set(
        PropertyId.SessionExpiry, PropertyId.ReceiveMaximum, PropertyId.MaximumQos, PropertyId.RetainAvailable, PropertyId.MaximumPacketSize,
        PropertyId.AssignedClientIdentifier, PropertyId.TopicAliasMaximum, PropertyId.ReasonString, PropertyId.UserProperty,
        PropertyId.WildcardAvailable, PropertyId.SubscriptionIdentifierAvailable, PropertyId.SharedAvailable, PropertyId.ServerKeepAlive,
        PropertyId.ResponseInformation, PropertyId.ServerReference, PropertyId.AuthenticationMethod, PropertyId.AuthenticationData);

    private static readonly ulong s_subAck = PropertyReader.Set(PropertyId.ReasonString, PropertyId.UserProperty);

    private static readonly ulong s_disconnect = PropertyReader.Set(
        PropertyId.SessionExpiry, PropertyId.ReasonString, PropertyId.UserProperty, PropertyId.ServerReference);

    /// <summary>Reads CONNACK's body.</summary>
    public static ServerAnswer ReadConnAck(ReadOnlySpan<byte> body, bool isVersion311)
    {
        if (body.Length < 2) throw new InvalidDataException("a CONNACK that ends too soon");
        byte code = body[1];

        // A broker of MQTT 3.1.1 refuses MQTT 5 in its own way: two bytes, and 1 for a version that it does not speak.
        if (isVersion311 || code is > 0 and < 0x80) return new() { Reason = OfVersion311(code) };
        ServerAnswer answer = new() { Reason = code };
        PropertyReader properties = new(Properties(body[2..], "a CONNACK"), "a CONNACK", s_connAck);
        while (properties.Read())
        {
            answer = properties.Id switch
            {
                PropertyId.ReceiveMaximum => answer with { ReceiveMaximum = (int)NotZero(properties) },
                PropertyId.MaximumPacketSize => answer with { MaximumPacketBytes = NotZero(properties) },
                PropertyId.MaximumQos => answer with { MaximumQos = (int)properties.Number },
                PropertyId.RetainAvailable => answer with { KeepsMessages = properties.Number == 1 },
                PropertyId.ServerKeepAlive => answer with { KeepAliveSeconds = (int)properties.Number },
                PropertyId.ReasonString => answer with { Said = properties.Text },
                PropertyId.ServerReference => answer with { OtherServer = properties.Text },
                _ => answer,
            };
        }

        return answer;
    }

    /// <summary>Reads SUBACK's body: the packet id and a reason for each filter.</summary>
    public static ReadOnlySpan<byte> ReadSubAck(ReadOnlySpan<byte> body, bool isVersion311, out ushort packetId)
    {
        if (body.Length < 2) throw new InvalidDataException("a SUBACK without packet id");
        packetId = BinaryPrimitives.ReadUInt16BigEndian(body);
        ReadOnlySpan<byte> rest = body[2..];
        if (isVersion311) return rest;
        ReadOnlySpan<byte> properties = Split(ref rest, "a SUBACK");
        PropertyReader reader = new(properties, "a SUBACK", s_subAck);
        while (reader.Read())
        {
        }

        return rest;
    }

    /// <summary>Reads DISCONNECT's body, which MQTT 5 alone lets a broker send.</summary>
    public static ServerAnswer ReadDisconnect(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty) return new();
        ServerAnswer answer = new() { Reason = body[0] };
        PropertyReader properties = new(Properties(body[1..], "a DISCONNECT"), "a DISCONNECT", s_disconnect);
        while (properties.Read())
        {
            if (properties.Id == PropertyId.ReasonString) answer = answer with { Said = properties.Text };
            if (properties.Id == PropertyId.ServerReference) answer = answer with { OtherServer = properties.Text };
        }

        return answer;
    }

    /// <summary>Splits properties off what they stand before.</summary>
    public static ReadOnlySpan<byte> Split(scoped ref ReadOnlySpan<byte> rest, string packet)
    {
        if (!MqttWire.TryReadVariable(rest, out int length, out int bytes) || length > rest.Length - bytes)
            throw new InvalidDataException($"{packet} whose properties end too soon");
        ReadOnlySpan<byte> properties = rest.Slice(bytes, length);
        rest = rest[(bytes + length)..];
        return properties;
    }

    // Left out altogether they are none: MQTT 5, section 3.14.2.2.1, and brokers do so in a refusing CONNACK too.
    private static ReadOnlySpan<byte> Properties(ReadOnlySpan<byte> rest, string packet) => rest.IsEmpty ? rest : Split(ref rest, packet);

    private static uint NotZero(in PropertyReader properties) => properties.Number > 0 ? properties.Number
        : throw new InvalidDataException($"a CONNACK with 0 for the property 0x{(int)properties.Id:X2}, which is at least 1");

    /// <summary>MQTT 3.1.1, table 3.1.</summary>
    private static byte OfVersion311(byte code) => code switch
    {
        1 => (byte)MqttConnectReasonCode.UnsupportedProtocolVersion,
        2 => (byte)MqttConnectReasonCode.ClientIdentifierNotValid,
        3 => (byte)MqttConnectReasonCode.ServerUnavailable,
        4 => (byte)MqttConnectReasonCode.BadUserNameOrPassword,
        5 => (byte)MqttConnectReasonCode.NotAuthorized,
        _ => code,
    };
}
