using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>A PUBLISH that reached the broker.</summary>
internal sealed class Arrival(string topic, byte[] payload, bool isRetained)
{
    private volatile bool _isAcknowledged;

    /// <summary>Where it was published.</summary>
    public string Topic { get; } = topic;

    /// <summary>The message.</summary>
    public byte[] Payload { get; } = payload;

    /// <summary>Whether it is a state that the broker keeps.</summary>
    public bool IsRetained { get; } = isRetained;

    /// <summary>Whether a PUBACK was written.</summary>
    public bool IsAcknowledged { get => _isAcknowledged; set => _isAcknowledged = value; }
}

/// <summary>
/// The exact judge: a broker that keeps every PUBLISH before it answers, so that what it has acknowledged it has, however it ends. Written
/// from the MQTT 3.1.1 and 5 standards; one publisher, no subscribers.
/// </summary>
internal sealed class JudgeBroker : IJudge, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Arrival> _arrivals = [];
    private Socket? _listener;
    private Socket? _client;
    private bool _isVersion5;
    private ushort _lastSent;
    private int _publishesLeft;
    private bool _endsBeforeAnswer;
    private int _connections;
    private int _disconnects;

    /// <summary>A broker that is not there yet, and the port it will be found at.</summary>
    public JudgeBroker()
    {
        Up();
        Port = ((IPEndPoint)_listener!.LocalEndPoint!).Port;
        Down();
    }

    /// <summary>Its port, up or down.</summary>
    public int Port { get; }

    /// <summary>Its address.</summary>
    public string Url => $"mqtt://127.0.0.1:{Port}";

    /// <summary>Whether it can be reached.</summary>
    public bool IsUp
    {
        get { lock (_lock) return _listener is not null; }
    }

    /// <summary>Whether PUBLISH is answered; what is not answered stays on its way until the connection ends.</summary>
    public bool Acknowledges { get; set; } = true;

    /// <summary>Connections that were made.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that the client took leave of.</summary>
    public int Disconnects => Volatile.Read(ref _disconnects);

    /// <summary>Everything that arrived, in order.</summary>
    public IReadOnlyList<Arrival> Arrivals(int from)
    {
        lock (_lock) return _arrivals.GetRange(from, _arrivals.Count - from);
    }

    /// <summary>Lets clients in.</summary>
    public void Up()
    {
        lock (_lock)
        {
            if (_listener is not null) return;
            _publishesLeft = 0;
            Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
            listener.Listen(4);
            _listener = listener;
            new Thread(() => Serve(listener)) { IsBackground = true, Name = "judge" }.Start();
        }
    }

    /// <summary>Is gone at once: the connection breaks, and nothing listens.</summary>
    public void Down()
    {
        lock (_lock)
        {
            _listener?.Dispose();
            _listener = null;
            Break(_client);
            _client = null;
        }
    }

    /// <summary>Goes down at a PUBLISH yet to come, after keeping it.</summary>
    /// <param name="publishes">Which, from 1.</param>
    /// <param name="beforeAnswer">Whether the PUBACK is not even written.</param>
    public void DownAt(int publishes, bool beforeAnswer)
    {
        lock (_lock) (_publishesLeft, _endsBeforeAnswer) = (publishes, beforeAnswer);
    }

    /// <summary>Sends the client a message of QoS 1, as if it had subscribed to it.</summary>
    public void Send(string topic, string payload)
    {
        lock (_lock)
        {
            byte[] name = Encoding.UTF8.GetBytes(topic), content = Encoding.UTF8.GetBytes(payload);
            ushort id = ++_lastSent;
            byte[] rest = [(byte)(name.Length >> 8), (byte)name.Length, .. name, (byte)(id >> 8), (byte)id, .. _isVersion5 ? new byte[1] : [], .. content];
            Assert.InRange(rest.Length, 1, 16_383);
            byte[] length = rest.Length < 128 ? [(byte)rest.Length] : [(byte)(rest.Length & 0x7F | 0x80), (byte)(rest.Length >> 7)];
            (_client ?? throw new InvalidOperationException("no client is connected")).Send([0x32, .. length, .. rest]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Down();

    private static void Break(Socket? socket)
    {
        if (socket is null) return;
        try
        {
            // A reset, as of a machine that knows nothing of the connection any more.
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    private void Serve(Socket listener)
    {
        try
        {
            while (true)
            {
                Socket client = listener.Accept();
                client.NoDelay = true;
                lock (_lock)
                {
                    if (_listener != listener)
                    {
                        Break(client);
                        return;
                    }

                    // The client id is the same each time: the newer connection takes over.
                    Break(_client);
                    _client = client;
                }

                new Thread(() => Talk(client)) { IsBackground = true, Name = "judge's client" }.Start();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private void Talk(Socket client)
    {
        try
        {
            using NetworkStream plain = new(client, ownsSocket: false);
            using BufferedStream input = new(plain, 64 * 1024);
            byte[] body = new byte[64 * 1024];
            bool isVersion5 = true;
            while (true)
            {
                int first = input.ReadByte();
                if (first < 0) return;
                int length = (int)Variable(input);
                if (body.Length < length) body = new byte[length];
                input.ReadExactly(body, 0, length);
                ReadOnlySpan<byte> packet = body.AsSpan(0, length);
                switch (first >> 4)
                {
                    case 1:
                        _isVersion5 = isVersion5 = packet[6] == 5;
                        Interlocked.Increment(ref _connections);
                        client.Send(isVersion5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0]);
                        break;
                    case 3:
                        if (!Keep(client, first, packet, isVersion5)) return;
                        break;
                    case 8:
                        Subscribed(client, packet, isVersion5);
                        break;
                    case 12:
                        client.Send([0xD0, 0]);
                        break;
                    case 14:
                        Interlocked.Increment(ref _disconnects);
                        return;
                }
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
        }
        finally
        {
            client.Dispose();
        }
    }

    private bool Keep(Socket client, int first, ReadOnlySpan<byte> packet, bool isVersion5)
    {
        int qos = first >> 1 & 3;
        int topicLength = BinaryPrimitives.ReadUInt16BigEndian(packet);
        int at = 2 + topicLength;
        ushort id = 0;
        if (qos > 0)
        {
            id = BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
            at += 2;
        }

        if (isVersion5)
        {
            int properties = 0, shift = 0;
            do properties |= (packet[at] & 0x7F) << shift;
            while ((packet[at++] & 0x80) != 0 && (shift += 7) < 28);
            at += properties;
        }

        Arrival arrival = new(Encoding.UTF8.GetString(packet.Slice(2, topicLength)), packet[at..].ToArray(), (first & 1) != 0);
        bool isLast;
        lock (_lock)
        {
            // What is read of a connection that is broken already does not count as arrived.
            if (_client != client) return false;
            _arrivals.Add(arrival);
            isLast = _publishesLeft > 0 && !arrival.IsRetained && --_publishesLeft == 0;
            if (qos > 0 && Acknowledges && !(isLast && _endsBeforeAnswer))
            {
                arrival.IsAcknowledged = true;
                client.Send([0x40, 2, (byte)(id >> 8), (byte)id]);
            }
        }

        if (isLast) Down();
        return !isLast;
    }

    private static void Subscribed(Socket client, ReadOnlySpan<byte> packet, bool isVersion5)
    {
        int at = 2;
        if (isVersion5) at += 1 + packet[2];
        List<byte> codes = [];
        while (at < packet.Length)
        {
            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
            codes.Add((byte)(packet[at++] & 1));
        }

        byte[] head = isVersion5 ? [packet[0], packet[1], 0] : [packet[0], packet[1]];
        client.Send([0x90, (byte)(head.Length + codes.Count), .. head, .. codes]);
    }

    private static uint Variable(BufferedStream input)
    {
        uint value = 0;
        for (int shift = 0; shift < 28; shift += 7)
        {
            int next = input.ReadByte();
            if (next < 0) throw new EndOfStreamException();
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80) break;
        }

        return value;
    }
}
