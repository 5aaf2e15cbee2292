using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace EdgeInfer.Messaging;

/// <summary>Properties of MQTT 5, by their identifiers: table 2-4 of the standard.</summary>
internal enum PropertyId
{
    PayloadFormat = 0x01,
    MessageExpiry = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionIdentifier = 0x0B,
    SessionExpiry = 0x11,
    AssignedClientIdentifier = 0x12,
    ServerKeepAlive = 0x13,
    AuthenticationMethod = 0x15,
    AuthenticationData = 0x16,
    ResponseInformation = 0x1A,
    ServerReference = 0x1C,
    ReasonString = 0x1F,
    ReceiveMaximum = 0x21,
    TopicAliasMaximum = 0x22,
    TopicAlias = 0x23,
    MaximumQos = 0x24,
    RetainAvailable = 0x25,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    WildcardAvailable = 0x28,
    SubscriptionIdentifierAvailable = 0x29,
    SharedAvailable = 0x2A,
}

/// <summary>
/// Reads the properties of a packet one after the other, each by the type that the standard's table gives it; those that nobody asks for are
/// skipped. Allocates nothing but strings that are asked for.
/// </summary>
/// <param name="properties">The properties without their length.</param>
/// <param name="packet">The packet's name, for the fault.</param>
/// <param name="permitted">What may stand in it, as <see cref="Set"/> says it.</param>
internal ref struct PropertyReader(ReadOnlySpan<byte> properties, string packet, ulong permitted)
{
    private ReadOnlySpan<byte> _rest = properties;
    private ulong _seen;

    /// <summary>The property that was read.</summary>
    public PropertyId Id { get; private set; }

    /// <summary>The number that it holds, where it holds one.</summary>
    public uint Number { get; private set; }

    /// <summary>The text or the bytes that it holds, where it does.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary><see cref="Bytes"/> as text.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Properties as one bit each.</summary>
    public static ulong Set(params ReadOnlySpan<PropertyId> properties)
    {
        ulong set = 0;
        foreach (PropertyId id in properties) set |= 1UL << (int)id;
        return set;
    }

    /// <summary>Reads the next property; false after the last.</summary>
    /// <exception cref="InvalidDataException">It is malformed, stands there a second time, or has no place in this packet.</exception>
    public bool Read()
    {
        if (_rest.IsEmpty) return false;
        Id = (PropertyId)TakeVariable();
        ulong bit = Id <= PropertyId.SharedAvailable ? 1UL << (int)Id : 0;
        if ((permitted & bit) == 0) throw new InvalidDataException($"{packet} with the property 0x{(int)Id:X2}, which has no place in it");
        bool isRepeatable = Id is PropertyId.UserProperty or PropertyId.SubscriptionIdentifier;
        if ((_seen & bit) != 0 && !isRepeatable) throw new InvalidDataException($"{packet} with the property 0x{(int)Id:X2} twice");
        _seen |= bit;
        Bytes = default;
        Number = 0;
        TakeValue();
        return true;
    }

    private void TakeValue()
    {
        switch (Id)
        {
            case PropertyId.PayloadFormat or PropertyId.MaximumQos or PropertyId.RetainAvailable or PropertyId.WildcardAvailable
                or PropertyId.SubscriptionIdentifierAvailable or PropertyId.SharedAvailable:
                Number = Take(1)[0];
                if (Number > 1) throw new InvalidDataException($"{packet} with the value {Number} for the property 0x{(int)Id:X2}, which is 0 or 1");
                break;
            case PropertyId.ServerKeepAlive or PropertyId.ReceiveMaximum or PropertyId.TopicAliasMaximum or PropertyId.TopicAlias:
                Number = BinaryPrimitives.ReadUInt16BigEndian(Take(2));
                break;
            case PropertyId.MessageExpiry or PropertyId.SessionExpiry or PropertyId.MaximumPacketSize:
                Number = BinaryPrimitives.ReadUInt32BigEndian(Take(4));
                break;
            case PropertyId.SubscriptionIdentifier:
                Number = (uint)TakeVariable();
                break;
            case PropertyId.CorrelationData or PropertyId.AuthenticationData:
                Bytes = TakeBinary();
                break;
            case PropertyId.UserProperty:
                TakeText();
                TakeText();
                break;
            default:
                Bytes = TakeText();
                break;
        }
    }

    private ReadOnlySpan<byte> TakeText()
    {
        ReadOnlySpan<byte> text = TakeBinary();
        if (!Utf8.IsValid(text) || text.Contains((byte)0)) throw new InvalidDataException($"{packet} with a text that is not UTF-8");
        return text;
    }

    private ReadOnlySpan<byte> TakeBinary() => Take(BinaryPrimitives.ReadUInt16BigEndian(Take(2)));

    private int TakeVariable()
    {
        if (!MqttWire.TryReadVariable(_rest, out int value, out int bytes)) throw TooSoon();
        _rest = _rest[bytes..];
        return value;
    }

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > _rest.Length) throw TooSoon();
        ReadOnlySpan<byte> taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }

    private readonly InvalidDataException TooSoon() => new($"{packet} whose properties end too soon");
}
