using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Text;
using EdgeInfer.Diagnostics;
using MQTTnet.Protocol;

namespace EdgeInfer.Messaging;

/// <summary>What the network, TLS and the broker say, in the words of an operator.</summary>
internal static class ConnectFaults
{
    /// <summary>An attempt that ended with an exception.</summary>
    /// <param name="settings">The session's.</param>
    /// <param name="e">What was thrown.</param>
    /// <param name="trust">The attempt's TLS; null where there is none.</param>
    /// <param name="stage">How far it came.</param>
    /// <param name="isLate">Whether its time was up.</param>
    public static MqttLinkException OfAttempt(MqttSettings settings, Exception e, BrokerTrust? trust, LinkStage stage, bool isLate)
    {
        if (trust?.Refusal is { } refusal) return refusal;
        if (isLate) return Late(settings, e, stage);
        if (trust?.Explain(e) is { } alert) return alert;
        if (TlsAlert.Of(e) == TlsAlert.NoTls) return NotTls(settings, e);
        if (stage == LinkStage.Securing && IsHangUp(e))
        {
            return Waiting(settings, "the broker closed the connection during the TLS handshake",
                "check that this port speaks TLS (8883 as a rule), and that the broker does not want a client certificate (mqtt.tls.certificate and mqtt.tls.key)", e);
        }

        string host = settings.Options.Url.IdnHost;
        return Socket(e) switch
        {
            { SocketErrorCode: SocketError.ConnectionRefused } => Waiting(settings, "connection refused: nothing listens there", "start the broker, or correct mqtt.url", e),
            { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => Waiting(settings, $"unknown host '{host}'", "correct mqtt.url, or this device's DNS", e),
            { SocketErrorCode: SocketError.TryAgain } => Waiting(settings, $"the name '{host}' cannot be resolved now", "check this device's network and DNS", e),
            { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown } => Waiting(settings, "no route to the broker", "check this device's network", e),
            { SocketErrorCode: SocketError.TimedOut } => Waiting(settings, "the broker's machine does not answer", "check the address and a firewall in between", e),
            { SocketErrorCode: SocketError.ConnectionReset } => NoAnswer(settings, e),
            { } other => Waiting(settings, other.Message, "", e),
            null => OfNoSocket(settings, e),
        };
    }

    /// <summary>
    /// The broker closed the connection without a DISCONNECT. mosquitto 2.0.11 does so when another client takes the client id; several times
    /// in a row, each soon after connecting, it is hardly anything else; once, it is a broker that was stopped.
    /// </summary>
    /// <param name="settings">The session's.</param>
    /// <param name="times">How many times in a row.</param>
    public static MqttLinkException ClosedSilently(MqttSettings settings, int times) => times < 3
        ? Waiting(settings, "the broker closed the connection without giving a reason", times < 2 ? "" :
            $"if it does so again and again, another client uses the same client id '{settings.ClientId}': give each device its own device.id (or mqtt.client_id)", null)
        : new(new(FaultKind.Configuration, settings.Address,
            $"the broker keeps closing the connection soon after it is made: most likely another client connects with the same client id '{settings.ClientId}'",
            "give each device its own device.id (or mqtt.client_id)"), true)
        { WaitsLong = false };

    /// <summary>A connection that ended with an exception.</summary>
    public static MqttLinkException OfConnection(MqttSettings settings, Exception e)
    {
        string what = Socket(e) switch
        {
            { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted } => "the broker broke off the connection",
            { SocketErrorCode: SocketError.TimedOut } => "the connection to the broker was lost",
            { } other => $"the connection to the broker was lost: {other.Message}",
            null => e is InvalidDataException ? $"the broker sent {e.Message}" : $"the connection to the broker was lost: {OneLine(e.Message)}",
        };
        return Waiting(settings, what, "", e);
    }

    /// <summary>What nobody expected, on this side of the line.</summary>
    public static MqttLinkException OfDefect(MqttSettings settings, Exception e)
        => new(new(FaultKind.Internal, settings.Address, $"a defect in EdgeInfer ended the connection: {OneLine(e.Message)}", "please report it"), false, e);

    /// <summary>Whether the broker's machine says that nobody holds the connection any more.</summary>
    public static bool IsReset(Exception e) => Socket(e) is { SocketErrorCode: SocketError.ConnectionReset };

    /// <summary>The connection was closed before CONNACK.</summary>
    public static MqttLinkException NoAnswer(MqttSettings settings, Exception? e = null)
        => settings.Options.Url.Scheme is "mqtts" or "wss"
            ? Waiting(settings, "the broker closed the connection without an answer to CONNECT", "check that it does not want a client certificate (mqtt.tls.certificate and mqtt.tls.key), and that this port speaks MQTT; " + BrokerAnswers.TryOtherVersion(settings), e)
            : Waiting(settings, "the broker closed the connection without an answer to CONNECT", "if this port expects TLS, write mqtts:// (or wss://) in mqtt.url; else check that it speaks MQTT; " + BrokerAnswers.TryOtherVersion(settings), e);

    /// <summary>Something else than a broker answered: a portal or a balancer whose broker is away, perhaps, hence no long wait.</summary>
    public static MqttLinkException NotMqtt(MqttSettings settings)
        => new(new(FaultKind.Configuration, settings.Address, "what answers there does not speak MQTT", "correct the port in mqtt.url (1883, or 8883 with mqtts)"), true) { WaitsLong = false };

    /// <summary>A TLS alert answered a plain CONNECT.</summary>
    public static MqttLinkException WantsTls(MqttSettings settings)
        => new(new(FaultKind.Configuration, settings.Address, "this port speaks TLS", $"write {settings.Options.Url.Scheme}s:// in mqtt.url"), true) { WaitsLong = false };

    /// <summary>CONNACK with a reason of 0x80 or above.</summary>
    public static MqttLinkException Refused(MqttSettings settings, ServerAnswer answer)
    {
        MqttConnectReasonCode reason = (MqttConnectReasonCode)answer.Reason;
        string user = settings.Options.Username is { } name ? $"user '{name}'" : "no user name";
        string id = settings.ClientId;
        (bool needsOperator, string what, string cure) = reason switch
        {
            MqttConnectReasonCode.BadUserNameOrPassword => (true, $"the broker refuses user name or password ({user})", "correct mqtt.username and mqtt.password"),
            MqttConnectReasonCode.NotAuthorized => (true, $"the broker does not let this client in: wrong user name or password, or no right to connect ({user}, client id '{id}')", "correct mqtt.username and mqtt.password, or the broker's access list"),
            MqttConnectReasonCode.ClientIdentifierNotValid => (true, $"the broker refuses the client id '{id}'", "set mqtt.client_id to one it accepts"),
            MqttConnectReasonCode.Banned => (true, $"the broker has banned this client ({user}, client id '{id}')", "lift the ban at the broker"),
            MqttConnectReasonCode.UnsupportedProtocolVersion => BrokerAnswers.OtherVersion(settings),
            MqttConnectReasonCode.MalformedPacket or MqttConnectReasonCode.ProtocolError => (true, $"the broker finds CONNECT malformed (0x{answer.Reason:X2})", BrokerAnswers.TryOtherVersion(settings)),
            MqttConnectReasonCode.TopicNameInvalid => (true, $"the broker refuses the last will's topic '{settings.Will?.Topic}'", "set mqtt.prefix and device.id to levels that it takes"),
            MqttConnectReasonCode.PayloadFormatInvalid => (true, "the broker refuses the last will's content", "let it take JSON"),
            MqttConnectReasonCode.BadAuthenticationMethod => (true, "the broker wants an authentication that EdgeInfer does not have", "allow user name and password, or client certificates"),
            MqttConnectReasonCode.RetainNotSupported or MqttConnectReasonCode.QoSNotSupported => (true, "the broker refuses the last will (retained, QoS 1)", "allow retained messages and QoS 1 at the broker"),
            MqttConnectReasonCode.PacketTooLarge => (true, "the broker finds CONNECT too large", "raise its maximum packet size"),
            MqttConnectReasonCode.UseAnotherServer or MqttConnectReasonCode.ServerMoved => (true, "the broker says to use another one", "correct mqtt.url"),
            MqttConnectReasonCode.ServerBusy or MqttConnectReasonCode.ServerUnavailable or MqttConnectReasonCode.ConnectionRateExceeded or MqttConnectReasonCode.QuotaExceeded => (false, "the broker is busy or unavailable", ""),
            _ => (false, $"the broker refuses the connection: {reason} (0x{(int)reason:X2})", ""),
        };
        return new(new(needsOperator ? FaultKind.Configuration : FaultKind.Unavailable, settings.Address, what + Said(answer), cure), needsOperator)
        {
            WantsCredentials = reason is MqttConnectReasonCode.BadUserNameOrPassword or MqttConnectReasonCode.NotAuthorized,
        };
    }

    /// <summary>The broker's DISCONNECT.</summary>
    public static MqttLinkException Disconnected(MqttSettings settings, ServerAnswer answer)
    {
        MqttDisconnectReasonCode reason = (MqttDisconnectReasonCode)answer.Reason;
        (bool needsOperator, string what, string cure) = reason switch
        {
            MqttDisconnectReasonCode.SessionTakenOver => (true, $"another client has connected with the same client id '{settings.ClientId}', and the broker closed this connection", "give each device its own device.id (or mqtt.client_id)"),
            MqttDisconnectReasonCode.ServerShuttingDown => (false, "the broker is shutting down", ""),
            MqttDisconnectReasonCode.NotAuthorized => (true, "the broker withdrew this client's right to be connected", "check the broker's access list"),
            MqttDisconnectReasonCode.PacketTooLarge => (false, "the broker found a message too large", "raise its maximum packet size"),
            MqttDisconnectReasonCode.KeepAliveTimeout => (false, "the broker heard nothing from this device within the keep-alive time", ""),
            MqttDisconnectReasonCode.MessageRateTooHigh or MqttDisconnectReasonCode.QuotaExceeded => (false, "the broker finds this device sends too much", "publish less (publish.min_interval), or raise the broker's limit"),
            MqttDisconnectReasonCode.MalformedPacket or MqttDisconnectReasonCode.ProtocolError => (false, $"the broker finds a packet malformed (0x{answer.Reason:X2})", BrokerAnswers.TryOtherVersion(settings)),
            MqttDisconnectReasonCode.TopicNameInvalid => (false, "the broker refuses the topic of a message", "set mqtt.prefix, device.id and publish.topic to levels that it takes"),
            MqttDisconnectReasonCode.PayloadFormatInvalid => (false, "the broker refuses the content of a message", "let it take JSON"),
            MqttDisconnectReasonCode.RetainNotSupported or MqttDisconnectReasonCode.QoSNotSupported => (true, "the broker takes no retained messages or none of QoS 1", "allow both at the broker"),
            MqttDisconnectReasonCode.TopicFilterInvalid or MqttDisconnectReasonCode.SharedSubscriptionsNotSupported
                or MqttDisconnectReasonCode.SubscriptionIdentifiersNotSupported or MqttDisconnectReasonCode.WildcardSubscriptionsNotSupported
                => (true, "the broker does not take the subscription", "allow wildcards at the broker, or set mqtt.accept: []"),
            MqttDisconnectReasonCode.ServerBusy or MqttDisconnectReasonCode.ConnectionRateExceeded or MqttDisconnectReasonCode.MaximumConnectTime => (false, $"the broker wants this connection to end (0x{answer.Reason:X2})", ""),
            MqttDisconnectReasonCode.AdministrativeAction => (false, "the broker's administrator closed the connection", ""),
            MqttDisconnectReasonCode.UseAnotherServer or MqttDisconnectReasonCode.ServerMoved => (true, "the broker says to use another one", "correct mqtt.url"),
            _ => (false, $"the broker closed the connection: {reason} (0x{(int)reason:X2})", ""),
        };
        return new(new(needsOperator ? FaultKind.Configuration : FaultKind.Unavailable, settings.Address, what + Said(answer), cure), needsOperator)
        {
            // Of two devices with one name the one that waited long would be away for as long.
            WaitsLong = needsOperator && reason != MqttDisconnectReasonCode.SessionTakenOver,
        };
    }

    private static MqttLinkException Late(MqttSettings settings, Exception e, LinkStage stage)
    {
        string time = $"within {settings.ConnectTimeout.TotalSeconds:0.#} s";
        return stage switch
        {
            LinkStage.Resolving => Waiting(settings, $"the name '{settings.Options.Url.IdnHost}' was not resolved {time}", "check this device's network and DNS", e),
            LinkStage.Securing => Waiting(settings, $"the TLS handshake did not end {time}", "check that the port speaks TLS, and the network in between", e),
            _ => Waiting(settings, $"no answer {time}", "check the address, a firewall in between, and that the port speaks MQTT", e),
        };
    }

    private static bool IsHangUp(Exception e)
        => Socket(e) is { } socket ? socket.SocketErrorCode == SocketError.ConnectionReset : e is IOException;

    private static MqttLinkException NotTls(MqttSettings settings, Exception e)
        => new(new(FaultKind.Configuration, settings.Address, "what answers there does not speak TLS",
            $"correct the port in mqtt.url (8883 for TLS), or write {settings.Options.Url.Scheme.TrimEnd('s')}:// for a connection without TLS"), true, e)
        { WaitsLong = false };

    private static MqttLinkException OfNoSocket(MqttSettings settings, Exception e)
    {
        if (e is EndOfStreamException || e.InnerException is EndOfStreamException) return NoAnswer(settings, e);
        if (e is AuthenticationException)
        {
            string detail = OneLine((e.InnerException ?? e).Message);
            bool isPlain = detail.Contains("frame", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("frame", StringComparison.OrdinalIgnoreCase);
            return isPlain ? NotTls(settings, e) : new(new(FaultKind.Configuration, settings.Address, $"TLS failed: {detail}", "check mqtt.tls and the broker's TLS configuration"), true, e);
        }

        if (e is WebSocketException)
            return Waiting(settings, $"no WebSocket connection: {OneLine(e.Message)}", "check the path in mqtt.url (usually /mqtt) and that the broker listens for WebSockets there", e);
        return e is IOException ? NoAnswer(settings, e) : Waiting(settings, $"no connection: {OneLine(e.Message)}", "", e);
    }

    private static MqttLinkException Waiting(MqttSettings settings, string what, string cure, Exception? e)
        => new(new(FaultKind.Unavailable, settings.Address, what, cure), false, e);

    private static SocketException? Socket(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is SocketException socket) return socket;
        }

        return null;
    }

    /// <summary>What the broker adds in words, kept to one printable line.</summary>
    private static string Said(ServerAnswer answer)
        => (string.IsNullOrWhiteSpace(answer.OtherServer) ? "" : $", {OneLine(answer.OtherServer)}")
            + (string.IsNullOrWhiteSpace(answer.Said) ? "" : $" (it says: {OneLine(answer.Said)})");

    private static string OneLine(string text)
    {
        StringBuilder line = new();
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, 200))) line.Append(char.IsControl(c) ? ' ' : c);
        return line.ToString().Trim().TrimEnd('.');
    }
}
