using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

public sealed class WebSocketTests
{
    private readonly SessionProbe _probe = new();

    [Fact]
    public async Task Over_WebSockets_messages_flow_and_the_path_is_mqtt_unless_said()
    {
        using FakeBroker broker = new FakeBroker().Start();
        using HttpListener gate = Listen(out int port);
        Task relaying = Relay(gate, broker.Port);
        await using MqttSession session = _probe.Session(SessionProbe.Settings(port, scheme: "ws"));
        session.Start();
        for (int i = 0; i < 20; i++) session.TryPublish(new MqttTopic("t"), new byte[1000 * i], 1, i);
        for (int i = 0; i < 20; i++) Assert.Equal(i, _probe.NextDelivered());
        Assert.Equal(0, await session.StopAsync(SessionProbe.Patience));
        broker.Next(14);
        await relaying;
    }

    [Fact]
    public async Task A_path_without_a_broker_is_named()
    {
        using HttpListener gate = Listen(out int port);
        Task answering = Task.Run(async () =>
        {
            HttpListenerContext context = await gate.GetContextAsync();
            context.Response.StatusCode = 404;
            context.Response.Close();
        });
        await using MqttSession session = _probe.Session(SessionProbe.Settings(port, scheme: "ws") with { LongestDelay = TimeSpan.FromHours(1), FirstDelay = TimeSpan.FromHours(1) });
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        await answering;
        Assert.StartsWith("no WebSocket connection: ", status.Cause!.What, StringComparison.Ordinal);
        Assert.Contains("404", status.Cause.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_drops_every_packet_leaves_the_next_its_share_of_the_time()
    {
        // With a full backlog the kernel answers no SYN.
        using Socket deaf = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        deaf.Listen(0);
        int port = ((IPEndPoint)deaf.LocalEndPoint!).Port;
        List<Socket> waiting = [];
        for (int i = 0; i < 4; i++)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _ = socket.ConnectAsync(deaf.LocalEndPoint!).ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
            waiting.Add(socket);
        }

        IPAddress second = IPAddress.Parse("127.0.0.2");
        using TcpListener broker = new(second, port);
        broker.Start();
        SteppedTime time = new();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(port, o => o with { Url = new($"ws://broker.plant:{port}") }) with
        {
            Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback, second]),
        }, time);
        session.Start();
        Assert.Equal(TimeSpan.FromSeconds(10), await time.Wait());
        Assert.Equal(TimeSpan.FromSeconds(5), await time.Wait());
        time.Advance(TimeSpan.FromSeconds(5));
        using TcpClient client = await broker.AcceptTcpClientAsync().WaitAsync(SessionProbe.Patience);
        using StreamReader request = new(client.GetStream());
        Assert.Equal("GET /mqtt HTTP/1.1", await request.ReadLineAsync().WaitAsync(SessionProbe.Patience));
        waiting.ForEach(static s => s.Dispose());
    }

    [Fact]
    public async Task A_line_that_takes_no_more_bytes_is_left()
    {
        SteppedTime time = new();
        using FakeBroker broker = new FakeBroker().Start();
        using HttpListener gate = Listen(out int port);
        Task relaying = Relay(gate, broker.Port);
        await using MqttSession session = _probe.Session(SessionProbe.Settings(port, o => o with { KeepAlive = TimeSpan.FromSeconds(8), InFlight = 1024 }, "ws") with
        {
            FirstDelay = TimeSpan.FromHours(1),
            LongestDelay = TimeSpan.FromHours(1),
        }, time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        session.TryPublish(new MqttTopic("t"), "x"u8, 1, 1);
        Assert.Equal(1, _probe.NextDelivered());
        broker.Freeze();
        byte[] large = new byte[200_000];
        for (int i = 0; i < 39; i++) session.TryPublish(new MqttTopic("t"), large, 1);
        for (int i = 0; i < 12 && session.Status.LastError is null; i++) time.Advance(TimeSpan.FromSeconds(1));
        MqttSessionStatus status = await SessionProbe.Reaches(session, static s => s.LastError is not null);
        Assert.Equal("the broker has not answered a ping for 4 s", status.LastError!.What);
        await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        broker.Thaw();

        // Nor does the write that waited keep the sender from the next connection.
        Task again = Relay(gate, broker.Port);
        session.TryAgain();
        for (int i = 0; i < 30; i++) _probe.NextDelivered();
        Assert.Equal(0, await session.StopAsync(SessionProbe.Patience));
        await Task.WhenAll(relaying, again);
    }

    [Theory]
    [InlineData(false, "the broker closed the connection without giving a reason")]
    [InlineData(true, "the broker broke off the connection")]
    public async Task A_broker_that_closes_is_told_from_a_line_that_breaks(bool isReset, string expected)
    {
        using TcpListener broker = new(IPAddress.Loopback, 0);
        broker.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(((IPEndPoint)broker.LocalEndpoint).Port, scheme: "ws") with { LongestDelay = TimeSpan.FromHours(1), FirstDelay = TimeSpan.FromHours(1) });
        session.Start();
        using TcpClient client = await broker.AcceptTcpClientAsync().WaitAsync(SessionProbe.Patience);
        NetworkStream line = client.GetStream();
        using StreamReader request = new(line);
        string key = "";
        while (await request.ReadLineAsync() is { Length: > 0 } header)
            if (header.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal)) key = header[19..];

        // RFC 6455, section 4.2.2; then CONNACK in a binary frame.
#pragma warning disable CA5350 // The standard's choice.
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        line.Write(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"));
        line.Write([0x82, 5, 0x20, 3, 0, 0, 0]);
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        client.LingerState = new(true, 0);
        if (isReset) client.Client.Close();
        else client.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(expected, (await SessionProbe.Reaches(session, MqttSessionState.Waiting)).Cause!.What);
    }

    private static HttpListener Listen(out int port)
    {
        using (TcpListener probe = new(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        HttpListener gate = new();
        gate.Prefixes.Add($"http://127.0.0.1:{port}/");
        gate.Start();
        return gate;
    }

    private static async Task Relay(HttpListener gate, int port)
    {
        HttpListenerContext context = await gate.GetContextAsync();
        Assert.Equal("/mqtt", context.Request.Url!.AbsolutePath);
        WebSocket socket = (await context.AcceptWebSocketAsync("mqtt")).WebSocket;
        using TcpClient tcp = new();
        await tcp.ConnectAsync(IPAddress.Loopback, port);
        NetworkStream stream = tcp.GetStream();
        Task back = Task.Run(async () =>
        {
            byte[] buffer = new byte[4096];
            int read;
            while ((read = await stream.ReadAsync(buffer)) > 0) await socket.SendAsync(buffer.AsMemory(0, read), WebSocketMessageType.Binary, true, default);
        });
        byte[] bytes = new byte[4096];
        try
        {
            while (true)
            {
                WebSocketReceiveResult result = await socket.ReceiveAsync(bytes, default);
                if (result.MessageType == WebSocketMessageType.Close) break;
                await stream.WriteAsync(bytes.AsMemory(0, result.Count));
            }
        }
        catch (WebSocketException)
        {
            // The session drops the connection after its DISCONNECT.
        }

        tcp.Close();
        await back.ContinueWith(static _ => { }, TaskScheduler.Default);
    }
}
