using System.Buffers;
using System.Net;
using EdgeInfer.Diagnostics;
using MQTTnet;
using MQTTnet.Channel;
using MQTTnet.Implementations;

namespace EdgeInfer.Messaging;

/// <summary>
/// One connection to a broker, from CONNECT to its end: MQTTnet's channel carries the bytes. Sending is the caller's to serialise.
/// </summary>
internal sealed class MqttConnection : IDisposable
{
    private readonly MqttSettings _settings;
    private readonly TimeProvider _time;
    private readonly IMqttChannel _channel;
    private readonly BrokerTrust? _trust;
    private readonly PolledStream? _line;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _received = new byte[4096];
    private int _receivedBytes;
    private MqttLinkException? _broken;
    private long _lastReceived;
    private long _lastSent;
    private long _pingSent;

    private MqttConnection(MqttSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        Uri url = settings.Options.Url;
        bool isTls = url.Scheme is "mqtts" or "wss";
        _trust = isTls ? new BrokerTrust(settings, time) : null;
        if (url.Scheme is "ws" or "wss")
        {
            string path = url.AbsolutePath is "" or "/" ? "/mqtt" : url.PathAndQuery;
            _channel = new WebSocketLine(new($"{url.Scheme}://{url.Authority}{path}"), _trust, settings, time);
            return;
        }

        int port = url.Port > 0 ? url.Port : isTls ? 8883 : 1883;
        _line = new(settings.ConnectTimeout, settings.Resolve, time);
        IMqttClientStreamProvider provider = _trust is null ? _line : new SecuredLine(_line, _trust);
        MqttClientTcpOptions tcp = new() { RemoteEndpoint = EndPointOf(url.IdnHost, port), StreamProvider = provider, TlsOptions = new() };
        _channel = new MqttTcpChannel(new MqttClientOptions { ChannelOptions = tcp, Timeout = settings.ConnectTimeout });
    }

    /// <summary>What the broker said in its CONNACK.</summary>
    public ServerAnswer Server { get; private set; } = null!;

    /// <summary>Whether MQTT 3.1.1 is spoken here.</summary>
    public bool IsVersion311 => _settings.Options.IsVersion311;

    /// <summary>The keep-alive in force: the shorter of ours and the broker's.</summary>
    public TimeSpan KeepAlive { get; private set; }

    /// <summary>Its TLS; null where there is none.</summary>
    public BrokerTrust? Trust => _trust;

    /// <summary>Whether the connection has ended.</summary>
    public bool IsBroken => Volatile.Read(ref _broken) is not null;

    /// <summary>How the connection ended.</summary>
    public Ending Ending { get; private set; }

    /// <summary>Whether the broker closed the connection without a DISCONNECT.</summary>
    public bool IsClosedSilently { get; private set; }

    /// <summary>Connects, and waits for the broker's CONNACK; in the calling thread, but for WebSockets.</summary>
    /// <exception cref="MqttLinkException">No connection; says why.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/>.</exception>
    public static async Task<MqttConnection> OpenAsync(MqttSettings settings, TimeProvider time, CancellationToken stop)
    {
        MqttConnection connection = new(settings, time);
        using CancellationTokenSource deadline = new(settings.ConnectTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        await using CancellationTokenRegistration end = either.Token.UnsafeRegister(static line => ((PolledStream?)line)?.Dispose(), connection._line);
        try
        {
            await connection._channel.ConnectAsync(either.Token).ConfigureAwait(false);
            await connection.ShakeHandsAsync(either.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            stop.ThrowIfCancellationRequested();

            // The end of the time closes the socket, which looks like a broker that hangs up.
            if (e is MqttLinkException && !deadline.IsCancellationRequested) throw;
            throw ConnectFaults.OfAttempt(settings, e, connection._trust, connection._line?.Stage ?? LinkStage.Beginning, deadline.IsCancellationRequested);
        }
    }

    /// <summary>Handles what arrives until the connection ends; in the calling thread, but for WebSockets.</summary>
    /// <returns>Why it ended.</returns>
    public async Task<MqttLinkException?> ReceiveAsync(IPacketHandler handler)
    {
        try
        {
            while (Dispatch(handler))
            {
                if (!await FillAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    MqttLinkException cause = ConnectFaults.ClosedSilently(_settings, 1);
                    Break(cause);
                    IsClosedSilently = _broken == cause;
                    if (IsClosedSilently) Ending = new(IsByBroker: true, null);
                    break;
                }
            }
        }
#pragma warning disable CA1031 // Whatever the network or the broker does ends this connection and nothing else.
        catch (Exception e)
#pragma warning restore CA1031
        {
            MqttLinkException cause = ConnectFaults.OfConnection(_settings, e);
            Break(cause);
            if (_broken == cause && ConnectFaults.IsReset(e)) Ending = new(IsByBroker: true, null);
        }

        return _broken;
    }

    /// <summary>Sends bytes that are whole packets. Completes at once while the system's buffer has room.</summary>
    public Task SendAsync(byte[] packets, int length)
    {
        Volatile.Write(ref _lastSent, _time.GetTimestamp());
        return _channel.WriteAsync(new ReadOnlySequence<byte>(packets, 0, length), true, CancellationToken.None);
    }

    /// <summary>Looks at the clock: tells whether a PINGREQ is due, and breaks a connection whose broker no longer answers.</summary>
    /// <returns>True when the caller is to send a PINGREQ.</returns>
    public bool Watch()
    {
        long now = _time.GetTimestamp();
        TimeSpan half = KeepAlive / 2;
        long pinged = Volatile.Read(ref _pingSent);
        if (pinged != 0)
        {
            if (_time.GetElapsedTime(pinged, now) < half) return false;
            Break(new(new(FaultKind.Unavailable, _settings.Address, $"the broker has not answered a ping for {half.TotalSeconds:0.#} s", ""), false));
            return false;
        }

        if (_time.GetElapsedTime(Volatile.Read(ref _lastReceived), now) < half && _time.GetElapsedTime(Volatile.Read(ref _lastSent), now) < half) return false;
        Volatile.Write(ref _pingSent, Math.Max(1, now));
        return true;
    }

    /// <summary>Completed when the connection has ended.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Ends the connection; the first cause counts.</summary>
    public void Break(MqttLinkException cause)
    {
        if (Interlocked.CompareExchange(ref _broken, cause, null) is not null) return;
        _ended.TrySetResult();
        _channel.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private static EndPoint EndPointOf(string host, int port)
        => IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);

    private async Task ShakeHandsAsync(CancellationToken stop)
    {
        byte[] connect = ClientPackets.Connect(_settings);
        try
        {
            await _channel.WriteAsync(new ReadOnlySequence<byte>(connect), true, stop).ConfigureAwait(false);
        }
        catch (Exception e) when (_trust is not null && ConnectFaults.IsReset(e))
        {
            // With TLS 1.3 a broker refuses a certificate behind the handshake: why lies there to be read, though nothing can be written.
            await FillAsync(stop).ConfigureAwait(false);
            throw;
        }
        finally
        {
            Array.Clear(connect);
        }

        int header, body;
        while (!MqttWire.TryReadHeader(_received.AsSpan(0, _receivedBytes), out header, out body) || _receivedBytes < header + body)
        {
            // Else the buffer grows up to the 256 MiB that a header can announce.
            if (header + body > _settings.LargestReceivedBytes) throw ConnectFaults.NotMqtt(_settings);
            if (!await FillAsync(stop).ConfigureAwait(false)) throw ConnectFaults.NoAnswer(_settings);

            // What a TLS port says to CONNECT: an alert, content type 21.
            if (_trust is null && _received[0] == 0x15 && (_receivedBytes < 2 || _received[1] == 3)) throw ConnectFaults.WantsTls(_settings);

            // At the first byte: what is no broker may never send as many as its second byte seems to announce.
            if (_received[0] >> 4 != (int)PacketKind.ConnAck) throw ConnectFaults.NotMqtt(_settings);
        }

        ServerAnswer answer = Understood(_received.AsSpan(header, body));
        if (answer.Reason != 0) throw ConnectFaults.Refused(_settings, answer);
        Server = answer;
        KeepAlive = _settings.Options.KeepAlive;
        if (answer.KeepAliveSeconds > 0 && answer.KeepAliveSeconds < KeepAlive.TotalSeconds) KeepAlive = TimeSpan.FromSeconds(answer.KeepAliveSeconds);
        _lastReceived = _lastSent = _time.GetTimestamp();
        Consume(header + body);
    }

    private ServerAnswer Understood(ReadOnlySpan<byte> connAck)
    {
        try
        {
            return ServerPackets.ReadConnAck(connAck, IsVersion311);
        }
        catch (InvalidDataException e)
        {
            throw ConnectFaults.OfConnection(_settings, e);
        }
    }

    /// <summary>Handles every whole packet in the buffer; false when the connection has ended.</summary>
    private bool Dispatch(IPacketHandler handler)
    {
        int at = 0;
        while (MqttWire.TryReadHeader(_received.AsSpan(at, _receivedBytes - at), out int header, out int body))
        {
            if (header + body > _settings.LargestReceivedBytes) throw new InvalidDataException($"a packet of {body} bytes, more than was agreed");
            if (header + body > _receivedBytes - at)
            {
                if (header + body > _received.Length) Array.Resize(ref _received, header + body);
                break;
            }

            Handle(handler, at, header, body);
            at += header + body;
            if (IsBroken) return false;
        }

        Consume(at);
        return !IsBroken;
    }

    private void Handle(IPacketHandler handler, int at, int header, int body)
    {
        byte first = _received[at];
        ReadOnlySpan<byte> content = _received.AsSpan(at + header, body);
        switch ((PacketKind)(first >> 4))
        {
            case PacketKind.PubAck:
                (ushort packetId, byte reason) = MqttWire.ReadPubAck(content);
                handler.Acknowledged(this, packetId, reason);
                break;
            case PacketKind.Publish:
                handler.Received(this, MqttWire.ReadPublish(first, content, IsVersion311));
                break;
            case PacketKind.SubAck:
                ReadOnlySpan<byte> reasons = ServerPackets.ReadSubAck(content, IsVersion311, out packetId);
                handler.Subscribed(this, packetId, reasons);
                break;
            case PacketKind.PingResponse:
                break;
            case PacketKind.Disconnect when !IsVersion311:
                ServerAnswer farewell = ServerPackets.ReadDisconnect(content);
                Ending = new(IsByBroker: true, farewell.Reason);
                Break(ConnectFaults.Disconnected(_settings, farewell));
                break;
            default:
                throw new InvalidDataException($"a packet of kind {first >> 4}, which no broker sends here");
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken stop)
    {
        if (_receivedBytes == _received.Length) Array.Resize(ref _received, _received.Length * 2);
        int read = await _channel.ReadAsync(_received, _receivedBytes, _received.Length - _receivedBytes, stop).ConfigureAwait(false);
        if (read <= 0) return false;
        _receivedBytes += read;
        Volatile.Write(ref _lastReceived, _time.GetTimestamp());
        Volatile.Write(ref _pingSent, 0);
        return true;
    }

    private void Consume(int bytes)
    {
        if (bytes == 0) return;
        _receivedBytes -= bytes;
        _received.AsSpan(bytes, _receivedBytes).CopyTo(_received);
    }
}
