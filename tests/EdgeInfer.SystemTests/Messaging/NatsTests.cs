using System.Collections.Concurrent;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Messaging;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Messaging;

/// <summary>MQTT 3.1.1 against Debian's nats-server, and against mosquitto, which speaks it too.</summary>
public sealed class NatsTests : IDisposable
{
    private static readonly MqttTopic s_topic = new("edgeinfer/d/belt/prediction");
    private static readonly MqttTopic s_status = new("edgeinfer/d/status");
    private readonly SessionProbe _probe = new();
    private readonly BlockingCollection<(string Topic, string Payload, bool IsRetained)> _received = [];
    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("nats-server")]
    [InlineData("mosquitto")]
    public async Task Will_retained_status_and_acknowledged_messages_work(string server)
    {
        await using Peers peers = await Peers.Start(server);
        MqttSettings settings = Settings(peers.Port) with { Will = new(s_status, "offline"u8.ToArray()) };
        await using MqttSession listener = await Listen(peers.Port, "listener", "edgeinfer/#");
        await using MqttSession session = _probe.Session(settings);
        session.PublishState(s_status, "online"u8);
        session.Start();
        Assert.Equal((s_status.Name, "online", false), Next());
        for (int i = 0; i < 100; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"m{i}"), 1, i);
        for (int i = 0; i < 100; i++) Assert.Equal(i, _probe.NextDelivered());
        for (int i = 0; i < 100; i++) Assert.Equal((s_topic.Name, $"m{i}", false), Next());

        await using MqttSession late = await Listen(peers.Port, "late", "edgeinfer/+/status");
        Assert.Equal((s_status.Name, "online", true), Next());
        await late.StopAsync(TimeSpan.FromSeconds(5));

        MqttConnection dying = await MqttConnection.OpenAsync(settings with { ClientId = "dying" }, TimeProvider.System, CancellationToken.None);
        dying.Dispose();
        Assert.Equal((s_status.Name, "offline", false), Next());
    }

    [Fact]
    public async Task A_killed_nats_server_costs_no_message_that_waits()
    {
        await using NatsServer server = await NatsServer.Start();
        await using MqttSession session = _probe.Session(Settings(server.Port));
        session.Start();
        for (int i = 0; i < 300; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"{i}"), 1, i);
        for (int i = 0; i < 50; i++) _probe.NextDelivered();
        await server.Kill();
        for (int i = 300; i < 600; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"{i}"), 1, i);
        await server.Restart();
        for (int i = 50; i < 600; i++) Assert.Equal(i, _probe.NextDelivered());
        Assert.Equal((0L, 0), (session.Status.Counts.Dropped, session.Status.Counts.Queued));
    }

    [Fact]
    public async Task With_MQTT_5_the_fault_names_the_key_and_nothing_falls_back()
    {
        await using NatsServer server = await NatsServer.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(server.Port));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal("the broker does not speak MQTT 5", status.Cause!.What);
        Assert.Contains("mqtt.protocol: \"3.1.1\"", status.Cause.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_of_nats_is_named()
    {
        await using NatsServer server = await NatsServer.Start($"authorization {{ user: edge, password: \"{Canary.Password}\" }}");
        await using MqttSession right = _probe.Session(Settings(server.Port, o => o with { Username = "edge", Password = new Secret(Canary.Password) }));
        right.Start();
        await SessionProbe.Reaches(right, MqttSessionState.Connected);
        await using MqttSession wrong = _probe.Session(Settings(server.Port, o => o with { Username = "edge", Password = new Secret("no") }) with { ClientId = "wrong" });
        wrong.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(wrong, MqttSessionState.Failed);
        Assert.Contains("wrong user name or password", status.Cause!.What, StringComparison.Ordinal);
    }

    /// <summary>The limits that docs/broker.md names: a topic with a dot closes the connection, such a subscription is refused.</summary>
    [Fact]
    public async Task Nats_takes_no_dot_in_a_topic()
    {
        await using NatsServer server = await NatsServer.Start();
        await using MqttSession session = _probe.Session(Settings(server.Port) with { Will = new(new MqttTopic("edgeinfer/press.3/status"), "offline"u8.ToArray()) });
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        Assert.EndsWith("nats-server takes no '.' and no space in topics: change device.id or mqtt.prefix", status.Cause!.Cure, StringComparison.Ordinal);

        await using MqttSession listener = new(Settings(server.Port) with { ClientId = "listener" }, TimeProvider.System, new Random(1), _probe);
        listener.Subscribe(["edgeinfer/press.3/cmd/+"], (in ReceivedMessage _) => { }, SubscriptionKind.Obeying);
        listener.Start();
        status = await SessionProbe.Reaches(listener, MqttSessionState.Connected);
        Assert.Equal("the broker refuses the subscription to 'edgeinfer/press.3/cmd/+' (0x80)", status.LastError!.What);
    }

    [Fact]
    public async Task An_agent_publishes_to_nats_and_watch_shows_it()
    {
        await using NatsServer server = await NatsServer.Start();
        string configuration = _folder.Configuration(server.Url, "{ synthetic: conveyor, size: 320x240, fps: 5 }", mqtt: "  protocol: 3.1.1");
        await using ChildProcess watch = AgentProcess.Start("watch", "--broker", server.Url, "--protocol", "3.1.1", "--json");
        await watch.Line("-- connected to");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        await agent.Line("connected to");
        await watch.Line("edgeinfer/prediction/1");
        await watch.Line("\"state\":\"online\"");
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
        await watch.Line("\"state\":\"stopped\"");
    }

    public void Dispose() => _folder.Dispose();

    private static MqttSettings Settings(int port, Func<MqttOptions, MqttOptions>? change = null)
        => SessionProbe.Settings(port, o => (change?.Invoke(o) ?? o) with { IsVersion311 = true });

    private async Task<MqttSession> Listen(int port, string clientId, string filter)
    {
        MqttSession listener = new(Settings(port) with { ClientId = clientId }, TimeProvider.System, new Random(1), _probe);
        listener.Subscribe([filter], (in ReceivedMessage message)
            => _received.Add((Encoding.UTF8.GetString(message.Topic), Encoding.UTF8.GetString(message.Payload), message.IsRetained)));
        listener.Start();
        await SessionProbe.Reaches(listener, MqttSessionState.Connected);
        return listener;
    }

    private (string Topic, string Payload, bool IsRetained) Next()
        => _received.TryTake(out (string, string, bool) message, SessionProbe.Patience) ? message : throw new TimeoutException("no message arrived");

    /// <summary>One broker or the other.</summary>
    private sealed record Peers(int Port, IAsyncDisposable Server) : IAsyncDisposable
    {
        public static async Task<Peers> Start(string server)
        {
            if (server == "mosquitto")
            {
                Mosquitto mosquitto = await Mosquitto.Start();
                return new(mosquitto.Port, mosquitto);
            }

            NatsServer nats = await NatsServer.Start();
            return new(nats.Port, nats);
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
