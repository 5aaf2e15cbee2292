using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What a <see cref="ScriptedBroker"/> answers.</summary>
internal sealed class BrokerScript
{
    /// <summary>The reason of its CONNACK.</summary>
    public byte Connect { get; set; }

    /// <summary>Properties of its CONNACK, as bytes.</summary>
    public byte[] Properties { get; init; } = [];

    /// <summary>The reason of its PUBACK, by topic and number of the prediction.</summary>
    public Func<string, long, byte> Acknowledge { get; set; } = (_, _) => 0;

    /// <summary>How long it thinks about each message.</summary>
    public TimeSpan Thought { get; set; }

    /// <summary>Server Keep Alive, in seconds.</summary>
    public static byte[] ServerKeepAlive(int seconds) => [0x13, (byte)(seconds >> 8), (byte)seconds];

    /// <summary>Receive Maximum.</summary>
    public static byte[] ReceiveMaximum(int messages) => [0x21, (byte)(messages >> 8), (byte)messages];

    /// <summary>Maximum Packet Size, in bytes.</summary>
    public static byte[] MaximumPacketSize(int bytes) => [0x27, (byte)(bytes >> 24), (byte)(bytes >> 16), (byte)(bytes >> 8), (byte)bytes];
}

/// <summary>A broker of MQTT 5 that answers what a test tells it to, and keeps what it is sent and has accepted.</summary>
internal sealed class ScriptedBroker : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<Socket, byte> _connections = [];
    private volatile bool _isSilent;

    /// <summary>Starts it.</summary>
    public ScriptedBroker(BrokerScript script)
    {
        Script = script;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        new Thread(Accept) { IsBackground = true, Name = "scripted broker" }.Start();
    }

    /// <summary>What it answers.</summary>
    public BrokerScript Script { get; }

    /// <summary>Its address.</summary>
    public string Url => $"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";

    /// <summary>Messages that it has accepted.</summary>
    public Arrivals Arrivals { get; } = new();

    /// <summary>How often it was sent each prediction, accepted or not.</summary>
    public ConcurrentDictionary<long, int> Sent { get; } = [];

    /// <summary>CONNECT packets so far, <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public ConcurrentQueue<long> Connects { get; } = [];

    /// <summary>PINGREQ packets so far, <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public ConcurrentQueue<long> Pings { get; } = [];

    /// <summary>The most messages that lay unread and unanswered in one read.</summary>
    public int MostAtOnce { get; private set; }

    /// <summary>Message Expiry Intervals that predictions carried.</summary>
    public ConcurrentQueue<uint> Expiries { get; } = [];

    /// <summary>Answers nothing any more, on any connection.</summary>
    public void FallSilent() => _isSilent = true;

    /// <summary>Answers again, on new connections.</summary>
    public void Wake()
    {
        _isSilent = false;
        Drop();
    }

    /// <summary>Ends every connection.</summary>
    /// <param name="reason">Said in a DISCONNECT before; 0 to say nothing.</param>
    public void Drop(byte reason = 0)
    {
        foreach (Socket socket in _connections.Keys)
        {
            try
            {
                if (reason != 0) socket.Send([0xE0, 2, reason, 0]);
                socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It has ended by itself.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        Drop();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                Socket socket = _listener.Accept();
                socket.NoDelay = true;
                new Thread(() => Serve(socket)) { IsBackground = true, Name = "scripted connection" }.Start();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Serve(Socket socket)
    {
        _connections[socket] = 0;
        byte[] buffer = new byte[64 * 1024];
        int filled = 0;
        try
        {
            while (socket.Receive(buffer, filled, buffer.Length - filled, SocketFlags.None) is int read and > 0)
            {
                filled += read;
                int at = 0, messages = 0;
                for (int length; (length = MqttBytes.Length(buffer.AsSpan(at, filled - at), out int header)) > 0 && length <= filled - at; at += length)
                {
                    if (buffer[at] >> 4 == MqttBytes.Publish) messages++;
                    if (!_isSilent) Answer(socket, buffer.AsSpan(at, length), header);
                }

                MostAtOnce = Math.Max(MostAtOnce, messages);
                buffer.AsSpan(at, filled - at).CopyTo(buffer);
                filled -= at;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It was dropped.
        }

        _connections.TryRemove(socket, out _);
        socket.Dispose();
    }

    private void Answer(Socket socket, ReadOnlySpan<byte> packet, int header)
    {
        switch (packet[0] >> 4)
        {
            case MqttBytes.Connect:
                Connects.Enqueue(Stopwatch.GetTimestamp());
                byte reason = Script.Connect;
                byte[] properties = reason == 0 ? Script.Properties : [];
                socket.Send(MqttBytes.Packet(0x20, [0, reason, (byte)properties.Length], properties));
                if (reason != 0) socket.Shutdown(SocketShutdown.Both);
                break;
            case MqttBytes.Subscribe:
                socket.Send(MqttBytes.Packet(0x90, [packet[header], packet[header + 1], 0], [.. Enumerable.Repeat((byte)1, Filters(packet, header))]));
                break;
            case MqttBytes.PingReq:
                Pings.Enqueue(Stopwatch.GetTimestamp());
                socket.Send([0xD0, 0]);
                break;
            case MqttBytes.Publish:
                Take(socket, MqttBytes.ReadPublish(packet, header, false));
                break;
        }
    }

    private void Take(Socket socket, in PublishView message)
    {
        if (Script.Thought > TimeSpan.Zero) Thread.Sleep(Script.Thought);
        string topic = Encoding.UTF8.GetString(message.Topic);
        bool isPrediction = topic.EndsWith("/prediction", StringComparison.Ordinal) || topic.EndsWith("/history", StringComparison.Ordinal);
        long number = isPrediction ? Arrivals.Read(message.Payload, false, 0).Sequence : 0;
        if (isPrediction) Sent.AddOrUpdate(number, 1, (_, n) => n + 1);
        if (isPrediction && message.ExpirySeconds is { } expiry) Expiries.Enqueue(expiry);
        byte reason = message.Qos == 0 ? (byte)0 : Script.Acknowledge(topic, number);
        if (reason < 0x80) Arrivals.Add(message);
        if (message.Qos > 0) socket.Send(MqttBytes.PubAckPacket(message.Id, reason));
    }

    private static int Filters(ReadOnlySpan<byte> packet, int header)
    {
        int at = header + 2, filters = 0;
        at += 1 + packet[at];
        for (; at < packet.Length; filters++) at += 3 + ((packet[at] << 8) | packet[at + 1]);
        return filters;
    }
}
