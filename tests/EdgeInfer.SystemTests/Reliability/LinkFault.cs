namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Which way bytes go.</summary>
internal enum LinkSide
{
    ToBroker,
    ToAgent,
}

/// <summary>How a line ends.</summary>
internal enum LinkEnd
{
    /// <summary>Both sides get a reset, and new connections are refused, as by a host whose broker is gone.</summary>
    Reset,

    /// <summary>Both sides get an orderly end, and new connections too as soon as they are made, as from a balancer without a server.</summary>
    Close,

    /// <summary>Nothing more arrives on either side and nobody is told; new connections hang.</summary>
    Silence,
}

/// <summary>How much of the packet passes at which the line ends.</summary>
internal enum LinkPlace
{
    Before,
    Within,
    After,
}

/// <summary>When and how a line ends; packets are counted from the moment the fault is armed.</summary>
/// <param name="End">How.</param>
/// <param name="Side">Which way the bytes go that bring it about.</param>
/// <param name="Packet">The kind of the packet of MQTT; 0 to count bytes instead.</param>
/// <param name="Place">How much of the packet passes.</param>
/// <param name="Nth">The how manieth packet of the kind; with bytes, the how manieth byte of a connection.</param>
internal sealed record LinkFault(LinkEnd End, LinkSide Side, int Packet, LinkPlace Place, int Nth)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        string place = Packet == 0 ? $"byte {Nth}" : $"{Place} {Name(Packet)} {Nth}".ToLowerInvariant();
        return $"{End} {place} {Side}";
    }

    private static string Name(int packet) => packet switch
    {
        MqttBytes.Connect => "CONNECT",
        MqttBytes.ConnAck => "CONNACK",
        MqttBytes.Publish => "PUBLISH",
        MqttBytes.PubAck => "PUBACK",
        MqttBytes.Subscribe => "SUBSCRIBE",
        MqttBytes.SubAck => "SUBACK",
        _ => $"packet {packet}",
    };
}
