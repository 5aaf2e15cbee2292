using System.Net;
using System.Net.Sockets;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>What a broker that is broken, hostile or no broker may send: each connection ends with a fault or goes on; the session outlives all.</summary>
[Collection(nameof(WholeProcess))]
public sealed class MqttFuzzTests
{
    private const int Seed = 20261126;

    /// <summary>Whole packets of MQTT 5 to begin with, by hand from the standard.</summary>
    private static readonly byte[][] s_good =
    [
        [0x20, 16, 0, 0, 13, 0x21, 0, 7, 0x24, 1, 0x27, 0, 1, 0, 0, 0x13, 0, 20],
        [0x30, 22, 0, 3, .. "a/b"u8, 14, 0x08, 0, 3, .. "r/t"u8, 0x09, 0, 2, 1, 2, 0x02, 0, 0, .. "xy"u8],
        [0x32, 14, 0, 1, .. "t"u8, 0, 9, 7, 0x26, 0, 1, .. "k"u8, 0, 1, .. "v"u8, .. "z"u8],
        [0x40, 4, 0, 1, 0x87, 0],
        [0x40, 2, 0, 2],
        [0x90, 8, 0xFF, 0xFF, 4, 0x1F, 0, 1, .. "x"u8, 1],
        [0xD0, 0],
        [0xE0, 8, 0x8B, 6, 0x1F, 0, 3, .. "bye"u8],
    ];

    private readonly SessionProbe _probe = new();

    [Fact]
    public void Whatever_bytes_are_read_as_a_packet_give_a_value_or_a_fault()
    {
        Random random = new(Seed);
        int faults = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] packet = Packet(random);
            ReadOnlySpan<byte> body = packet.AsSpan(Math.Min(2, packet.Length));
            bool isVersion311 = random.Next(4) == 0;
            try
            {
                MqttWire.TryReadHeader(packet, out _, out _);
                switch (random.Next(5))
                {
                    case 0:
                        ServerPackets.ReadConnAck(body, isVersion311);
                        break;
                    case 1:
                        ReceivedMessage message = MqttWire.ReadPublish(packet.Length > 0 ? packet[0] : (byte)0x30, body, isVersion311);
                        Assert.InRange(message.Topic.Length + message.Payload.Length + message.ResponseTopic.Length + message.CorrelationData.Length, 0, body.Length);
                        break;
                    case 2:
                        MqttWire.ReadPubAck(body);
                        break;
                    case 3:
                        ServerPackets.ReadSubAck(body, isVersion311, out _);
                        break;
                    default:
                        ServerPackets.ReadDisconnect(body);
                        break;
                }
            }
            catch (InvalidDataException)
            {
                faults++;
            }
        }

        Assert.InRange(faults, 20_000, 199_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_outlives_whatever_a_broker_sends(bool isVersion311)
    {
        const int Connections = 300;
        Random random = new(Seed);
        using HostileBroker broker = new(Connections, () => Stream(random, isVersion311));
        MqttSettings settings = SessionProbe.Settings(broker.Port, o => o with { IsVersion311 = isVersion311, KeepAlive = TimeSpan.FromHours(1) }) with
        {
            FirstDelay = TimeSpan.Zero,
            LongestDelay = TimeSpan.Zero,
            FailedDelay = TimeSpan.Zero,
            LargestReceivedBytes = 16 * 1024,
        };
        FakeSource source = new();
        for (int i = 0; i < 20; i++) source.Add(i, "x");
        await using MqttSession session = new(settings, TimeProvider.System, new Random(1), _probe, source: source);
        session.Subscribe(["a/#"], (in ReceivedMessage message) => message.Payload.ToArray());
        session.Start();
        await broker.Done.WaitAsync(SessionProbe.Patience);

        Assert.DoesNotContain(session.Status.State, new[] { MqttSessionState.Stopped });
        Assert.DoesNotContain(_probe.Lines, l => l.Contains("Exception", StringComparison.Ordinal));
        Assert.DoesNotContain(source.Calls, c => c.EndsWith("without being sent", StringComparison.Ordinal));
        await session.StopAsync(TimeSpan.Zero).WaitAsync(SessionProbe.Patience);
        Assert.Equal(MqttSessionState.Stopped, session.Status.State);
    }

    /// <summary>Lengths that are announced and never sent, packets without an end: the buffer stays within what was agreed.</summary>
    [Theory]
    [InlineData(0x30)]
    [InlineData(0x90)]
    [InlineData(0x40)]
    [InlineData(0xE0)]
    public async Task A_packet_that_announces_more_than_is_agreed_costs_no_memory(byte first)
    {
        using FakeBroker broker = new FakeBroker { IsKeeping = false }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port) with { FirstDelay = TimeSpan.FromHours(1), LongestDelay = TimeSpan.FromHours(1) });
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        broker.Send(first, 0xFF, 0xFF, 0xFF, 0x7F);
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        Assert.Equal("the broker sent a packet of 268435455 bytes, more than was agreed", status.Cause!.What);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 1024 * 1024);
    }

    /// <summary>A broker that sends and never reads: its messages cannot be acknowledged, and what waits for it is bounded.</summary>
    [Fact]
    public async Task A_broker_that_does_not_read_is_left()
    {
        byte[] message = [0x32, 6, 0, 1, (byte)'t', 0, 9, 0];
        byte[] flood = [.. Enumerable.Repeat(message, 4000).SelectMany(static m => m)];
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Task<bool> serving = Task.Run(() =>
        {
            using Socket client = listener.Accept();
            client.Receive(new byte[256]);
            client.Send([0x20, 3, 0, 0, 0]);
            try
            {
                for (int i = 0; i < 5000; i++) client.Send(flood);
                return false;
            }
            catch (SocketException)
            {
                return true;
            }
        });
        MqttSettings settings = SessionProbe.Settings(((IPEndPoint)listener.LocalEndPoint!).Port) with { FirstDelay = TimeSpan.FromHours(1), LongestDelay = TimeSpan.FromHours(1) };
        await using MqttSession session = _probe.Session(settings);
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        Assert.Equal("the broker sent more messages than it reads acknowledgements", status.Cause!.What);
        Assert.True(await serving.WaitAsync(SessionProbe.Patience));
    }

    /// <summary>What one connection sends: most begin with a good CONNACK, so that the rest is reached.</summary>
    private static byte[] Stream(Random random, bool isVersion311)
    {
        List<byte> bytes = [];
        if (random.Next(8) > 0) bytes.AddRange(isVersion311 ? [0x20, 2, 0, 0] : [0x20, 3, 0, 0, 0]);
        int packets = random.Next(1, 12);
        for (int i = 0; i < packets; i++) bytes.AddRange(Packet(random));
        return [.. bytes];
    }

    /// <summary>A good packet, one with bytes changed, cut or added, or noise.</summary>
    private static byte[] Packet(Random random)
    {
        byte[] packet = [.. s_good[random.Next(s_good.Length)]];
        switch (random.Next(6))
        {
            case 0:
                break;
            case 1:
                packet = new byte[random.Next(1, 300)];
                random.NextBytes(packet);
                break;
            case 2:
                packet = packet[..random.Next(packet.Length)];
                break;
            case 3:
                packet = [.. packet, .. new byte[random.Next(1, 40)]];
                packet[1] = (byte)Math.Min(127, packet.Length - 2);
                break;
            default:
                for (int i = random.Next(1, 4); i > 0; i--) packet[random.Next(packet.Length)] = (byte)random.Next(256);
                break;
        }

        return packet;
    }
}
