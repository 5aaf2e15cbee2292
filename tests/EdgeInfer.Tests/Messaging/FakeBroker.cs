using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace EdgeInfer.Tests.Messaging;

/// <summary>What a <see cref="FakeBroker"/> read: first byte and body of one packet.</summary>
internal sealed record SeenPacket(byte First, byte[] Body)
{
    public int Kind => First >> 4;

    public int Qos => First >> 1 & 3;

    public bool IsRetained => (First & 1) != 0;

    public string Topic => Encoding.UTF8.GetString(Body, 2, BinaryPrimitives.ReadUInt16BigEndian(Body));

    public ushort PacketId => BinaryPrimitives.ReadUInt16BigEndian(Body.AsSpan(2 + BinaryPrimitives.ReadUInt16BigEndian(Body)));

    /// <summary>Of a PUBLISH without properties.</summary>
    public string Payload => Encoding.UTF8.GetString(Body.AsSpan(2 + BinaryPrimitives.ReadUInt16BigEndian(Body) + (Qos > 0 ? 2 : 0) + 1));
}

/// <summary>
/// A broker as a test wants it, written by hand from the MQTT 5 specification on blocking sockets: what it answers is set by the test, what
/// it reads is kept. It serves one connection after the other.
/// </summary>
internal sealed class FakeBroker : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly BlockingCollection<SeenPacket> _seen = [];
    private readonly Thread _thread;
    private volatile Stream? _client;
    private volatile Socket? _socket;
    private readonly ManualResetEventSlim _thawed = new(true);
    private volatile bool _isDisposed;

    public FakeBroker(int port = 0, X509Certificate2? certificate = null)
    {
        Certificate = certificate;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(16);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _thread = new Thread(Serve) { IsBackground = true, Name = "fake broker" };
    }

    public int Port { get; }

    public X509Certificate2? Certificate { get; }

    /// <summary>The answer to CONNECT, after the fixed header: flags, reason, properties with their length; empty: the connection is closed; null: none.</summary>
    public byte[]? ConnAck { get; set; } = [0, 0, 0];

    /// <summary>Whether SUBSCRIBE is answered.</summary>
    public bool AnswersSubscriptions { get; set; } = true;

    /// <summary>How TLS is spoken; null for just <see cref="Certificate"/>.</summary>
    public SslServerAuthenticationOptions? Tls { get; set; }

    /// <summary>Whether the last client that connected speaks MQTT 3.1.1.</summary>
    public bool IsVersion311 { get; private set; }

    /// <summary>SUBACK's reason for each filter.</summary>
    public byte SubAckReason { get; set; } = 1;

    /// <summary>PUBACK's reason, or null for no PUBACK at all.</summary>
    public byte? PubAckReason { get; set; } = 0;

    /// <summary>A message that ends with this ends its connection.</summary>
    public string? Poison { get; set; }

    /// <summary>DISCONNECT's reason where <see cref="Poison"/> ends a connection; null: not a word.</summary>
    public byte? PoisonReason { get; set; }

    /// <summary>Whether PINGREQ is answered.</summary>
    public bool AnswersPings { get; set; } = true;

    /// <summary>Whether packets are kept; off where a test counts allocations.</summary>
    public bool IsKeeping { get; set; } = true;

    /// <summary>Released for each PUBLISH packet read.</summary>
    public SemaphoreSlim PublishRead { get; } = new(0);

    public FakeBroker Start()
    {
        _thread.Start();
        return this;
    }

    /// <summary>The next packet that was not looked at yet.</summary>
    public SeenPacket Next() => _seen.TryTake(out SeenPacket? packet, s_patience) ? packet : throw new TimeoutException("the client sent nothing");

    /// <summary>The next packet of a kind; those before it are passed over.</summary>
    public SeenPacket Next(int kind)
    {
        while (true)
        {
            SeenPacket packet = Next();
            if (packet.Kind == kind) return packet;
        }
    }

    /// <summary>Whether nothing unread is there.</summary>
    public bool IsQuiet => _seen.Count == 0;

    public void Send(params byte[] packet) => _client!.Write(packet);

    /// <summary>Acknowledges one packet id.</summary>
    public void Acknowledge(ushort packetId) => Send(0x40, 2, (byte)(packetId >> 8), (byte)packetId);

    /// <summary>Reads nothing more until <see cref="Thaw"/>.</summary>
    public void Freeze() => _thawed.Reset();

    /// <summary>Goes on reading.</summary>
    public void Thaw() => _thawed.Set();

    /// <summary>Closes the connection in use without a word.</summary>
    public void Hang() => _socket!.Shutdown(SocketShutdown.Both);

    public void Dispose()
    {
        _isDisposed = true;
        _thawed.Set();
        _listener.Dispose();
        try
        {
            // Wakes the thread from its read.
            _socket?.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }

        if (_thread.IsAlive) _thread.Join();
        PublishRead.Dispose();
        _thawed.Dispose();
    }

    private void Serve()
    {
        while (!_isDisposed)
        {
            try
            {
                using Socket socket = _listener.Accept();
                socket.NoDelay = true;
                _socket = socket;
                using Stream client = Wrap(new NetworkStream(socket));
                _client = client;
                Talk(client);
            }
#pragma warning disable CA1031 // A closed listener is the end, a connection that broke in whatever way is followed by the next one.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    private Stream Wrap(NetworkStream plain)
    {
        if (Certificate is null && Tls is null) return plain;
        SslStream tls = new(plain);
        tls.AuthenticateAsServer(Tls ?? new() { ServerCertificate = Certificate });
        return tls;
    }

    private void Talk(Stream client)
    {
        byte[] buffer = new byte[256 * 1024];
        byte[] answer = new byte[64];
        BufferedStream input = new(client, 64 * 1024);
        while (true)
        {
            _thawed.Wait();
            int first = input.ReadByte();
            if (first < 0) return;
            int length = 0;
            for (int shift = 0; ; shift += 7)
            {
                int b = input.ReadByte();
                if (b < 0) return;
                length |= (b & 0x7F) << shift;
                if (b < 0x80) break;
            }

            input.ReadExactly(buffer, 0, length);
            Answer(client, (byte)first, buffer.AsSpan(0, length), answer);
            if (IsKeeping) _seen.Add(new((byte)first, buffer[..length]));
        }
    }

    private void Answer(Stream client, byte first, ReadOnlySpan<byte> body, byte[] answer)
    {
        switch (first >> 4)
        {
            case 1:
                IsVersion311 = body[6] == 4;
                if (ConnAck is not { } answered) return;
                if (answered.Length == 0) throw new EndOfStreamException();
                client.Write([0x20, (byte)answered.Length, .. answered]);
                break;
            case 3:
                PublishRead.Release();
                if (Poison is { } poison && body.EndsWith(Encoding.UTF8.GetBytes(poison)))
                {
                    if (PoisonReason is { } minded) client.Write([0xE0, 2, minded, 0]);
                    throw new EndOfStreamException();
                }

                if ((first >> 1 & 3) == 0 || PubAckReason is not { } reason) return;
                int topic = BinaryPrimitives.ReadUInt16BigEndian(body);
                answer[0] = 0x40;
                answer[1] = (byte)(reason == 0 ? 2 : 3);
                body.Slice(2 + topic, 2).CopyTo(answer.AsSpan(2));
                answer[4] = reason;
                client.Write(answer, 0, reason == 0 ? 4 : 5);
                break;
            case 8:
                if (!AnswersSubscriptions) return;
                byte[] reasons = [.. Enumerable.Repeat(SubAckReason, Filters(body))];
                client.Write(IsVersion311
                    ? [0x90, (byte)(2 + reasons.Length), body[0], body[1], .. reasons]
                    : [0x90, (byte)(3 + reasons.Length), body[0], body[1], 0, .. reasons]);
                break;
            case 12:
                if (AnswersPings) client.Write([0xD0, 0]);
                break;
        }
    }

    private int Filters(ReadOnlySpan<byte> subscribe)
    {
        int count = 0;
        for (int at = IsVersion311 ? 2 : 3; at < subscribe.Length; count++) at += 2 + BinaryPrimitives.ReadUInt16BigEndian(subscribe[at..]) + 1;
        return count;
    }
}
