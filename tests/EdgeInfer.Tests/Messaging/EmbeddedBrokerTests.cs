using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>The session against a real broker, MQTTnet's own, on loopback.</summary>
public sealed class EmbeddedBrokerTests
{
    private static readonly MqttTopic s_topic = new("edgeinfer/d/belt/prediction");
    private readonly SessionProbe _probe = new();
    private readonly BlockingCollection<(string Topic, string Payload, bool IsRetained)> _received = [];

    [Fact]
    public async Task Predictions_and_retained_states_reach_a_subscriber()
    {
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(Options(), mayMove: false);
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.PublishState(new MqttTopic("edgeinfer/d/status"), "birth"u8);
        session.Start();
        await SessionProbe.Reaches(session, s => s.State == MqttSessionState.Connected);
        session.TryPublish(s_topic, "before anyone listens"u8, 1, 1);
        Assert.Equal(1, _probe.NextDelivered());

        await using MqttSession listener = await Listen(broker, "edgeinfer/#");
        Assert.Equal(("edgeinfer/d/status", "birth", true), Next());
        session.TryPublish(s_topic, "zero"u8, 0);
        session.TryPublish(s_topic, new byte[100_000], 1);
        Assert.Equal((s_topic.Name, "zero", false), Next());
        Assert.Equal(100_000, Next().Payload.Length);
    }

    // CONNECT and CONNACK by MQTT 3.1.1, sections 3.1 and 3.2: clean session, keep alive 60 s, no name; the last byte is the return code.
    [Fact]
    public async Task A_client_of_3_1_1_without_a_name_is_given_one()
    {
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(Options(), mayMove: false);
        for (int i = 0; i < 2; i++)
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, broker.Port, TestContext.Current.CancellationToken);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync((byte[])[0x10, 12, 0, 4, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', 4, 2, 0, 60, 0, 0], TestContext.Current.CancellationToken);
            byte[] acknowledged = new byte[4];
            await stream.ReadExactlyAsync(acknowledged, TestContext.Current.CancellationToken);
            Assert.Equal([0x20, 2, 0, 0], acknowledged);
        }
    }

    [Fact]
    public async Task A_broker_that_restarts_costs_no_message()
    {
        EmbeddedBroker broker = await EmbeddedBroker.StartAsync(Options(), mayMove: false);
        int port = broker.Port;
        await using MqttSession session = _probe.Session(SessionProbe.Settings(port));
        session.Start();
        for (int i = 0; i < 500; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"{i}"), 1, i);
        for (int i = 0; i < 100; i++) _probe.NextDelivered();
        await broker.DisposeAsync();
        for (int i = 500; i < 1000; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"{i}"), 1, i);

        await using EmbeddedBroker again = await EmbeddedBroker.StartAsync(Options(port), mayMove: false);
        for (int i = 100; i < 1000; i++) Assert.Equal(i, _probe.NextDelivered());
        Assert.Equal((0L, 0), (session.Status.Counts.Dropped, session.Status.Counts.Queued));
        Assert.True(session.Status.Counts.Reconnects >= 1);
    }

    [Fact]
    public async Task The_last_will_is_published_when_the_client_dies_and_not_when_it_says_goodbye()
    {
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(Options(), mayMove: false);
        await using MqttSession listener = await Listen(broker, "edgeinfer/+/status");
        MqttSettings settings = SessionProbe.Settings(broker.Port) with { Will = new(new MqttTopic("edgeinfer/d/status"), "offline"u8.ToArray()) };
        await using (MqttSession polite = _probe.Session(settings))
        {
            polite.PublishState(new MqttTopic("edgeinfer/d/status"), "online"u8);
            polite.Start();
            Assert.Equal("online", Next().Payload);
            polite.PublishState(new MqttTopic("edgeinfer/d/status"), "stopped"u8);
            await polite.StopAsync(SessionProbe.Patience);
        }

        Assert.Equal("stopped", Next().Payload);
        MqttConnection dying = await MqttConnection.OpenAsync(settings, TimeProvider.System, CancellationToken.None);
        dying.Dispose();
        Assert.Equal("offline", Next().Payload);
        await using MqttSession late = await Listen(broker, "edgeinfer/#");
        Assert.Equal(("edgeinfer/d/status", "offline", true), Next());
    }

    [Fact]
    public async Task With_a_password_only_those_who_know_it_come_in()
    {
        MqttOptions options = Options() with { Username = "u", Password = new Secret("right") };
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(options, mayMove: false);
        await using MqttSession wrong = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { Username = "u", Password = new Secret("wrong") }));
        wrong.Start();
        Assert.Contains("refuses user name or password", (await SessionProbe.Reaches(wrong, MqttSessionState.Failed)).Cause!.What, StringComparison.Ordinal);
        await using MqttSession none = _probe.Session(SessionProbe.Settings(broker.Port));
        none.Start();
        await SessionProbe.Reaches(none, MqttSessionState.Failed);
        await using MqttSession right = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { Username = "u", Password = new Secret("right") }));
        right.Start();
        await SessionProbe.Reaches(right, MqttSessionState.Connected);
    }

    [Fact]
    public async Task Two_clients_with_one_id_learn_of_each_other()
    {
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(Options(), mayMove: false);
        MqttSettings settings = SessionProbe.Settings(broker.Port) with { FailedDelay = TimeSpan.FromHours(1), FirstDelay = TimeSpan.FromHours(1) };
        await using MqttSession first = _probe.Session(settings);
        first.Start();
        await SessionProbe.Reaches(first, MqttSessionState.Connected);
        await using MqttSession second = _probe.Session(settings);
        second.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(first, MqttSessionState.Failed);
        Assert.Contains("another client has connected with the same client id 'edgeinfer-test'", status.Cause!.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_named_or_another_is_taken_where_that_is_allowed()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        FaultException fault = await Assert.ThrowsAsync<FaultException>(() => EmbeddedBroker.StartAsync(Options(port), mayMove: false));
        Assert.Equal(FaultKind.Unavailable, fault.Fault.Kind);
        Assert.StartsWith($"embedded://127.0.0.1:{port}: port {port} is in use by another program; ", fault.Message, StringComparison.Ordinal);

        await using EmbeddedBroker moved = await EmbeddedBroker.StartAsync(Options(port), mayMove: true);
        Assert.NotEqual(port, moved.Port);
        Assert.Equal($"mqtt://127.0.0.1:{moved.Port}/", moved.Url.ToString());
    }

    [Theory]
    [InlineData("embedded://0.0.0.0:0", "only with a user and a password")]
    [InlineData("embedded://broker.plant:1883", "needs an IPv4 address")]
    [InlineData("embedded://[::1]:1883", "needs an IPv4 address")]
    public async Task Addresses_that_are_not_allowed_are_refused(string url, string expected)
    {
        FaultException fault = await Assert.ThrowsAsync<FaultException>(() => EmbeddedBroker.StartAsync(new() { Url = new(url) }, mayMove: false));
        Assert.Equal(FaultKind.Configuration, fault.Fault.Kind);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_subscriber_for_watch_hears_and_comes_back_after_a_restart()
    {
        EmbeddedBroker broker = await EmbeddedBroker.StartAsync(Options(), mayMove: false);
        int port = broker.Port;
        await using MqttSession session = _probe.Session(SessionProbe.Settings(port));
        session.Start();
        TaskCompletionSource subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using MqttSubscriber subscriber = new(new() { Url = broker.Url }, ["edgeinfer/#"], Keep, TimeProvider.System, new Random(2), _probe);
        subscriber.StateChanged += () =>
        {
            if (subscriber.Status.State == MqttSessionState.Connected) subscribed.TrySetResult();
        };
        subscriber.Start();
        await subscribed.Task.WaitAsync(SessionProbe.Patience);
        session.TryPublish(s_topic, "one"u8, 1);
        Assert.Equal("one", Next().Payload);

        subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await broker.DisposeAsync();
        await using EmbeddedBroker again = await EmbeddedBroker.StartAsync(Options(port), mayMove: false);
        await subscribed.Task.WaitAsync(SessionProbe.Patience);
        session.TryPublish(s_topic, "two"u8, 1);
        Assert.Equal("two", Next().Payload);
    }

    private static MqttOptions Options(int port = 0) => new() { Url = new($"embedded://127.0.0.1:{port}") };

    private async Task<MqttSession> Listen(EmbeddedBroker broker, string filter)
    {
        MqttSettings settings = SessionProbe.Settings(broker.Port) with { ClientId = $"listener-{Guid.NewGuid():n}" };
        MqttSession listener = new(settings, TimeProvider.System, new Random(1), _probe);
        listener.Subscribe([filter], Keep);
        listener.Start();
        await SessionProbe.Reaches(listener, MqttSessionState.Connected);
        return listener;
    }

    private void Keep(in ReceivedMessage message)
        => _received.Add((Encoding.UTF8.GetString(message.Topic), Encoding.UTF8.GetString(message.Payload), message.IsRetained));

    private (string Topic, string Payload, bool IsRetained) Next()
        => _received.TryTake(out (string, string, bool) message, SessionProbe.Patience) ? message : throw new TimeoutException("no message arrived");
}
