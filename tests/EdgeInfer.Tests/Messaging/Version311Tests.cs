using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>A session of MQTT 3.1.1: no properties anywhere, and the same words for an operator.</summary>
public sealed class Version311Tests
{
    private static readonly MqttTopic s_topic = new("edgeinfer/d/belt/prediction");
    private readonly SessionProbe _probe = new();

    [Fact]
    public async Task It_publishes_subscribes_and_says_goodbye_without_properties()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0] }.Start();
        FakeSource source = new();
        source.Add(5, "sourced", "!", expiry: 60);
        List<(string Payload, bool IsRetained)> received = [];
        using SemaphoreSlim arrived = new(0);
        await using MqttSession session = new(Settings(broker.Port), TimeProvider.System, new Random(1), _probe, source: source);
        session.Subscribe(["edgeinfer/d/cmd/+", "edgeinfer/d/+/set/+"], (in ReceivedMessage message) =>
        {
            received.Add((System.Text.Encoding.UTF8.GetString(message.Payload), message.IsRetained));
            arrived.Release();
        }, SubscriptionKind.Obeying);
        session.PublishState(s_topic, "state"u8);
        session.TryRespond(s_topic, "answer"u8, [1, 2, 3]);
        session.Start();

        Assert.Equal(4, broker.Next(1).Body[6]);
        Assert.Equal(8, broker.Next().Kind);
        SeenPacket[] sent = [broker.Next(), broker.Next(), broker.Next()];
        Assert.Equal([(true, "state"), (false, "answer"), (false, "sourced!")], sent.Select(p => (p.IsRetained, System.Text.Encoding.UTF8.GetString(p.Body.AsSpan(2 + s_topic.Utf8.Length + 2)))));
        Assert.Equal(["up", "settled 5 0x00"], [source.NextCall(), source.NextCall()]);

        broker.Send(0x33, 6, 0, 1, (byte)'t', 0, 9, (byte)'x');
        Assert.True(await arrived.WaitAsync(SessionProbe.Patience));
        Assert.Equal([("x", true)], received);
        Assert.Equal([0, 9], broker.Next(4).Body);
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        await session.StopAsync(SessionProbe.Patience);
        SeenPacket goodbye = broker.Next(14);
        Assert.Empty(goodbye.Body);
    }

    /// <summary>Table 3.1 of the standard: the words are those of the reasons of MQTT 5 that say the same.</summary>
    [Theory]
    [InlineData(1, MqttSessionState.Failed, "the broker does not speak MQTT 3.1.1; take mqtt.protocol out: MQTT 5 is the default")]
    [InlineData(2, MqttSessionState.Failed, "the broker refuses the client id 'edgeinfer-test'; set mqtt.client_id to one it accepts")]
    [InlineData(3, MqttSessionState.Waiting, "the broker is busy or unavailable")]
    [InlineData(4, MqttSessionState.Failed, "the broker refuses user name or password (no user name); correct mqtt.username and mqtt.password")]
    [InlineData(5, MqttSessionState.Failed, "the broker does not let this client in: wrong user name or password, or no right to connect (no user name, client id 'edgeinfer-test'); correct mqtt.username and mqtt.password, or the broker's access list")]
    public async Task A_refused_CONNECT_says_what_to_mend(byte code, object state, string expected)
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, code] }.Start();
        await using MqttSession session = _probe.Session(Settings(broker.Port));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        Assert.Equal($"mqtt://127.0.0.1:{broker.Port}: {expected}", status.Cause!.ToString());
        await SessionProbe.Reaches(session, (MqttSessionState)state);
    }

    [Fact]
    public async Task A_refused_subscription_is_named()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0], SubAckReason = 0x80 }.Start();
        await using MqttSession session = _probe.Session(Settings(broker.Port));
        session.Subscribe(["a/#"], (in ReceivedMessage _) => { });
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Connected);
        Assert.Equal("the broker refuses the subscription to 'a/#' (0x80)", status.LastError!.What);
    }

    [Theory]
    [InlineData(true, "if it speaks MQTT 5 only, take mqtt.protocol out")]
    [InlineData(false, "if it speaks MQTT 3.1.1 only, set mqtt.protocol: \"3.1.1\"")]
    public async Task A_broker_that_closes_at_CONNECT_points_at_the_version(bool isVersion311, string expected)
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [] }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { IsVersion311 = isVersion311 }));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        Assert.Equal("the broker closed the connection without an answer to CONNECT", status.Cause!.What);
        Assert.EndsWith(expected, status.Cause.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_of_a_topic_at_CONNECT_names_what_nats_server_minds()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [] }.Start();
        await using MqttSession session = _probe.Session(Settings(broker.Port) with { Will = new(new MqttTopic("edgeinfer/press.3/status"), "x"u8.ToArray()) });
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        Assert.EndsWith("; nats-server takes no '.' and no space in topics: change device.id or mqtt.prefix", status.Cause!.Cure, StringComparison.Ordinal);
    }

    private static MqttSettings Settings(int port) => SessionProbe.Settings(port, o => o with { IsVersion311 = true });
}
