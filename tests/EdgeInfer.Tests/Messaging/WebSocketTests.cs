using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
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
