using System.Text;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Messaging;

public sealed class MqttSessionTests
{
    private static readonly MqttTopic s_topic = new("edgeinfer/d/belt/prediction");
    private static readonly MqttTopic s_status = new("edgeinfer/d/status");
    private readonly SessionProbe _probe = new();

    [Fact]
    public async Task What_is_published_before_the_broker_is_there_arrives_when_it_is()
    {
        using FakeBroker reserved = new();
        int port = reserved.Port;
        reserved.Dispose();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(port));
        session.PublishState(s_status, "old"u8);
        session.PublishState(s_status, "birth"u8);
        for (int i = 0; i < 3; i++) Assert.True(session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"m{i}"), 1, i));
        session.Start();
        MqttSessionStatus waiting = await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        Assert.Equal($"mqtt://127.0.0.1:{port}: connection refused: nothing listens there; start the broker, or correct mqtt.url", waiting.Cause!.ToString());

        using FakeBroker broker = new FakeBroker(port).Start();

        Assert.Equal(1, broker.Next().Kind);
        SeenPacket birth = broker.Next();
        Assert.Equal((3, 1, true, s_status.Name, "birth"), (birth.Kind, birth.Qos, birth.IsRetained, birth.Topic, birth.Payload));
        for (int i = 0; i < 3; i++)
        {
            SeenPacket message = broker.Next();
            Assert.Equal((1, false, s_topic.Name, $"m{i}"), (message.Qos, message.IsRetained, message.Topic, message.Payload));
            Assert.Equal(i, _probe.NextDelivered());
        }

        MqttSessionStatus connected = await SessionProbe.Reaches(session, MqttSessionState.Connected);
        Assert.Null(connected.Cause);
        Assert.Equal((4L, 4L, 0L, 0L, 0), (connected.Counts.Published, session.Status.Counts.Acknowledged, connected.Counts.Dropped, connected.Counts.Reconnects, session.Status.Counts.Queued));
    }

    [Fact]
    public async Task Never_more_is_unacknowledged_than_the_broker_allows()
    {
        // Property 0x21: Receive Maximum 1.
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 3, 0x21, 0, 1], PubAckReason = null }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.Start();
        for (int i = 0; i < 5; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"m{i}"), 1, i);
        broker.Next(1);
        for (int i = 0; i < 5; i++)
        {
            SeenPacket message = broker.Next(3);
            Assert.Equal($"m{i}", message.Payload);
            Assert.True(broker.IsQuiet);
            broker.Acknowledge(message.PacketId);
            Assert.Equal(i, _probe.NextDelivered());
        }
    }

    [Fact]
    public async Task Messages_of_QoS_0_do_not_wait_for_the_window()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { InFlight = 2 }));
        session.Start();
        for (int i = 0; i < 2; i++) session.TryPublish(s_topic, "one"u8, 1, i);
        session.TryPublish(s_topic, "zero"u8, 0, 9);
        broker.Next(1);
        Assert.Equal(["one", "one", "zero"], [broker.Next().Payload, broker.Next().Payload, broker.Next().Payload]);
        Assert.Equal(9, _probe.NextDelivered());
        Assert.Equal(2, session.Status.Counts.Queued);
    }

    [Fact]
    public async Task What_was_not_acknowledged_is_sent_again_first_and_in_order()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { InFlight = 4 }));
        session.Start();
        for (int i = 0; i < 6; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"m{i}"), 1, i);
        broker.Next(1);
        SeenPacket[] first = [broker.Next(), broker.Next(), broker.Next(), broker.Next()];
        broker.Acknowledge(first[1].PacketId);
        Assert.Equal(1, _probe.NextDelivered());
        Assert.Equal("m4", broker.Next().Payload);
        broker.PubAckReason = 0;
        broker.Hang();
        broker.Next(1);
        Assert.Equal(["m0", "m2", "m3", "m4", "m5"], Enumerable.Range(0, 5).Select(_ => broker.Next().Payload));
        Assert.Equal([0L, 2, 3, 4, 5], Enumerable.Range(0, 5).Select(_ => _probe.NextDelivered()));
        Assert.Equal((1L, 6L, 0), (session.Status.Counts.Reconnects, session.Status.Counts.Acknowledged, session.Status.Counts.Queued));
    }

    [Fact]
    public async Task The_newest_state_is_sent_at_each_connection()
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.PublishState(s_status, "a"u8);
        session.Start();
        Assert.Equal("a", broker.Next(3).Payload);
        session.PublishState(s_status, "b"u8);
        Assert.Equal("b", broker.Next(3).Payload);
        broker.Hang();
        broker.Next(1);
        Assert.Equal("b", broker.Next(3).Payload);
    }

    [Fact]
    public async Task Without_a_broker_the_oldest_messages_go_and_are_counted()
    {
        await using MqttSession session = _probe.Session(SessionProbe.Settings(1) with { QueueCount = 3 });
        for (int i = 0; i < 5; i++) Assert.True(session.TryPublish(s_topic, "x"u8, 1, i));
        Assert.Equal([0L, 1], [_probe.NextLost(), _probe.NextLost()]);
        Assert.Equal((2L, 3), (session.Status.Counts.Dropped, session.Status.Counts.Queued));
    }

    [Fact]
    public async Task Stopping_sends_what_waits_then_says_goodbye()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 3, 0x21, 0, 2] }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        for (int i = 0; i < 50; i++) session.TryPublish(s_topic, "x"u8, 1, i);
        session.PublishState(s_status, "stopped"u8);

        Assert.Equal(0, await session.StopAsync(SessionProbe.Patience));

        Assert.Equal(MqttSessionState.Stopped, session.Status.State);
        Assert.Equal(51, session.Status.Counts.Acknowledged);
        Assert.False(session.TryPublish(s_topic, "late"u8, 1));
        broker.Next(1);
        for (int i = 0; i < 51; i++) Assert.Equal(3, broker.Next().Kind);
        SeenPacket goodbye = broker.Next();
        Assert.Equal(14, goodbye.Kind);
        Assert.Empty(goodbye.Body);
    }

    [Fact]
    public async Task Stopping_ends_at_the_deadline_when_the_broker_acknowledges_nothing_and_says_what_is_lost()
    {
        FakeTimeProvider time = new();
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port), time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        session.TryPublish(s_topic, "x"u8, 1);
        broker.Next(3);
        Task<int> stopping = session.StopAsync(TimeSpan.FromSeconds(2));
        Assert.False(stopping.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1.8));
        Assert.Equal(1, await stopping.WaitAsync(SessionProbe.Patience));
        Assert.Equal(14, broker.Next().Kind);
        Assert.Contains(_probe.Lines, l => l.Contains("1 messages were not delivered", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_broker_that_falls_silent_is_noticed_by_the_ping_and_left()
    {
        FakeTimeProvider time = new();
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { KeepAlive = TimeSpan.FromSeconds(20) }), time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        broker.Next(1);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(12, broker.Next().Kind);

        broker.AnswersPings = false;
        session.TryPublish(s_topic, "x"u8, 1);
        _probe.NextDelivered();
        broker.Next(3);
        for (int i = 0; i < 2; i++) time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(12, broker.Next().Kind);
        for (int i = 0; i < 2; i++) time.Advance(TimeSpan.FromSeconds(5));

        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        Assert.Equal("the broker has not answered a ping for 10 s", status.Cause!.What);
    }

    [Fact]
    public async Task The_brokers_shorter_keep_alive_counts()
    {
        FakeTimeProvider time = new();
        // Property 0x13: Server Keep Alive 8 s.
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 3, 0x13, 0, 8] }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { KeepAlive = TimeSpan.FromSeconds(60) }), time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        broker.Next(1);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(12, broker.Next().Kind);
    }

    [Fact]
    public async Task A_broker_that_answers_pings_and_acknowledges_nothing_is_left_within_one_and_a_half_keep_alives_and_the_message_sent_again()
    {
        FakeTimeProvider time = new();
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { KeepAlive = TimeSpan.FromSeconds(4) }) with { FirstDelay = TimeSpan.Zero }, time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        session.TryPublish(s_topic, "x"u8, 1, 5);
        broker.Next(3);
        broker.PubAckReason = 0;
        for (int i = 0; i < 2; i++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
            broker.Next(12);

            // The ping's answer has been read when a message sent after it is acknowledged: topic "t", packet id 1.
            broker.Send(0x32, 6, 0, 1, (byte)'t', 0, 1, 0);
            broker.Next(4);
        }

        time.Advance(TimeSpan.FromSeconds(1.5));
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.LastError is not null);
        Assert.Equal("the broker has not acknowledged a message for 5 s", status.LastError!.What);
        Assert.Equal("x", broker.Next(3).Payload);
        Assert.Equal(5, _probe.NextDelivered());
    }

    [Fact]
    public async Task A_refused_message_is_counted_told_and_named()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = 0x87 }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.Start();
        session.TryPublish(s_topic, "x"u8, 1, 3);
        Assert.Equal(3, _probe.NextLost());
        broker.PubAckReason = 0;
        session.TryPublish(s_topic, "y"u8, 1, 4);
        Assert.Equal(4, _probe.NextDelivered());
        MqttSessionStatus status = session.Status;
        Assert.Equal((MqttSessionState.Connected, 1L, 1L), (status.State, status.Counts.Refused, status.Counts.Acknowledged));
        Assert.Equal("the broker refuses messages to 'edgeinfer/d/belt/prediction' (0x87)", status.LastError!.What);
    }

    [Fact]
    public async Task The_brokers_limits_are_kept()
    {
        // Maximum QoS 0 (0x24), Retain Available 0 (0x25), Maximum Packet Size 100 (0x27).
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 9, 0x24, 0, 0x25, 0, 0x27, 0, 0, 0, 100] }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.PublishState(s_status, "state"u8);
        session.TryPublish(s_topic, new byte[200], 1, 1);
        session.TryPublish(s_topic, "small"u8, 1, 2);
        session.Start();
        broker.Next(1);
        SeenPacket state = broker.Next();
        Assert.Equal((0, false, "state"), (state.Qos, state.IsRetained, state.Payload));
        SeenPacket small = broker.Next();
        Assert.Equal((0, "small"), (small.Qos, small.Payload));
        Assert.Equal((1L, 2L), (_probe.NextLost(), _probe.NextDelivered()));
        Assert.Equal(1, session.Status.Counts.Dropped);
    }

    [Fact]
    public async Task A_state_larger_than_the_broker_takes_is_passed_over_and_named_once()
    {
        // Maximum Packet Size 100 (0x27).
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 5, 0x27, 0, 0, 0, 100] }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.PublishState(s_status, new byte[200]);
        session.TryPublish(s_topic, "small"u8, 1, 1);
        session.Start();
        Assert.Equal("small", broker.Next(3).Payload);
        Assert.Equal(1, _probe.NextDelivered());
        session.PublishState(s_status, new byte[201]);
        session.PublishState(s_status, "fits"u8);
        Assert.Equal("fits", broker.Next(3).Payload);
        const string What = "the state at 'edgeinfer/d/status' is larger than the broker's maximum packet size and is not sent";
        Assert.Equal((MqttSessionState.Connected, What), (session.Status.State, session.Status.LastError!.What));
        Assert.Single(_probe.Lines, l => l.Contains(What, StringComparison.Ordinal));
    }
}
