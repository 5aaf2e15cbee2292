using System.Text;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Messaging;

public sealed class MessageSourceTests
{
    private static readonly MqttTopic s_topic = new("edgeinfer/d/other");
    private static readonly MqttTopic s_status = new("edgeinfer/d/status");
    private readonly FakeSource _source = new();

    [Fact]
    public async Task A_source_is_asked_behind_states_and_queue_and_told_each_answer()
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = Session(broker.Port);
        for (int i = 0; i < 3; i++) _source.Add(100 + i, $"s{i}", $"-{i}");
        session.TryPublish(s_topic, "queued"u8, 1);
        session.PublishState(s_status, "birth"u8);
        session.Start();
        broker.Next(1);
        Assert.Equal(["birth", "queued", "s0-0", "s1-1", "s2-2"], Enumerable.Range(0, 5).Select(_ => broker.Next().Payload));
        Assert.Equal(["up", "settled 100 0x00", "settled 101 0x00", "settled 102 0x00"], Calls(4));
        Assert.Equal((5L, 5L, 0L, 0), Counts(session));
    }

    [Fact]
    public async Task Waking_sends_what_a_source_has_since()
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = Session(broker.Port);
        session.Start();
        broker.Next(1);
        Assert.Equal("up", _source.NextCall());
        _source.Add(7, "x");
        session.Wake();
        SeenPacket message = broker.Next();
        Assert.Equal((3, 1, false, "x"), (message.Kind, message.Qos, message.IsRetained, message.Payload));
        Assert.Equal("settled 7 0x00", _source.NextCall());
    }

    [Fact]
    public async Task No_more_is_taken_than_the_broker_allows()
    {
        // Property 0x21: Receive Maximum 1.
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 3, 0x21, 0, 1], PubAckReason = null }.Start();
        await using MqttSession session = Session(broker.Port);
        for (int i = 0; i < 4; i++) _source.Add(i, $"s{i}");
        session.Start();
        broker.Next(1);
        Assert.Equal("up", _source.NextCall());
        for (int i = 0; i < 4; i++)
        {
            SeenPacket message = broker.Next(3);
            Assert.Equal($"s{i}", message.Payload);
            Assert.Equal((true, 3 - i), (broker.IsQuiet, _source.Waiting));
            broker.Acknowledge(message.PacketId);
            Assert.Equal($"settled {i} 0x00", _source.NextCall());
        }
    }

    [Theory]
    [InlineData(0x10)]
    [InlineData(0x80)]
    [InlineData(0x87)]
    [InlineData(0x97)]
    [InlineData(0x99)]
    public async Task The_brokers_reason_comes_to_the_source(byte reason)
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = reason }.Start();
        await using MqttSession session = Session(broker.Port);
        _source.Add(3, "x");
        session.Start();
        Assert.Equal(["up", $"settled 3 0x{reason:X2}"], Calls(2));
        Assert.Equal((1L, reason < 0x80 ? 1L : 0L, reason < 0x80 ? 0L : 1L, 0), Counts(session));
    }

    [Fact]
    public async Task What_is_larger_than_the_broker_takes_is_handed_back_and_the_next_goes_out()
    {
        // Maximum Packet Size 60 (0x27); a PUBLISH at QoS 1 to this topic is 1 + 1 + 2 + 27 + 2 + 1 bytes and the message: 26 fit.
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 5, 0x27, 0, 0, 0, 60] }.Start();
        await using MqttSession session = Session(broker.Port);
        _source.Add(1, new string('x', 20), new string('y', 7));
        _source.Add(2, new string('x', 20), new string('y', 6));
        session.Start();
        Assert.Equal(["up", "too large 1", "settled 2 0x00"], Calls(3));
        Assert.Equal(new string('x', 20) + "yyyyyy", broker.Next(3).Payload);
        Assert.Equal((1L, 1L, 0L, 0), Counts(session));
    }

    [Fact]
    public async Task An_answer_that_is_larger_than_the_broker_takes_is_not_taken()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 5, 0x27, 0, 0, 0, 60] }.Start();
        await using MqttSession session = Session(broker.Port);
        session.Start();
        Assert.Equal(["up"], Calls(1));

        // 1 + 1 + 2 + 7 + 2 + 1 bytes, 5 of properties, and the answer: 41 fit.
        MqttTopic topic = new("answers");
        Assert.False(session.TryRespond(topic, new byte[42], "cd"u8));
        Assert.True(session.TryRespond(topic, new byte[41], "cd"u8));
        Assert.True(session.TryRespond(topic, new byte[46], []));
    }

    [Fact]
    public async Task What_a_lost_connection_leaves_comes_back_in_order_before_the_line_is_down()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = Session(broker.Port, o => o with { InFlight = 4 });
        for (int i = 0; i < 6; i++) _source.Add(i, $"s{i}");
        session.Start();
        broker.Next(1);
        SeenPacket[] first = [broker.Next(), broker.Next(), broker.Next(), broker.Next()];
        broker.Acknowledge(first[1].PacketId);
        Assert.Equal("s4", broker.Next().Payload);
        broker.PubAckReason = 0;
        broker.Hang();
        Assert.Equal(["up", "settled 1 0x00", "returned 0", "returned 2", "returned 3", "returned 4", "down", "up"], Calls(8));
        broker.Next(1);
        Assert.Equal(["s0", "s2", "s3", "s4", "s5"], Enumerable.Range(0, 5).Select(_ => broker.Next().Payload));
        Assert.Equal(["settled 0 0x00", "settled 2 0x00", "settled 3 0x00", "settled 4 0x00", "settled 5 0x00"], Calls(5));
    }

    [Fact]
    public async Task The_goodbye_waits_for_the_source()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 3, 0x21, 0, 2] }.Start();
        await using MqttSession session = Session(broker.Port);
        session.Start();
        Assert.Equal("up", _source.NextCall());
        for (int i = 0; i < 50; i++) _source.Add(i, "x");
        Assert.Equal(0, await session.StopAsync(SessionProbe.Patience));
        Assert.True(_source.IsIdle);
        broker.Next(1);
        for (int i = 0; i < 50; i++) Assert.Equal(3, broker.Next().Kind);
        Assert.Equal(14, broker.Next().Kind);
        Assert.Equal(["settled 49 0x00", "down"], Calls(51)[49..]);
    }

    [Fact]
    public async Task What_is_not_acknowledged_by_the_deadline_of_a_stop_comes_back()
    {
        FakeTimeProvider time = new();
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = Session(broker.Port, time: time);
        session.Start();
        Assert.Equal("up", _source.NextCall());
        _source.Add(1, "x");
        session.Wake();
        broker.Next(3);
        Task<int> stopping = session.StopAsync(TimeSpan.FromSeconds(2));
        Assert.False(stopping.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1.8));
        Assert.Equal(0, await stopping.WaitAsync(SessionProbe.Patience));
        Assert.Equal(14, broker.Next().Kind);
        Assert.Equal(["returned 1", "down"], Calls(2));
    }

    [Fact]
    public async Task A_replaced_session_takes_nothing_new_and_the_next_sends_what_it_leaves()
    {
        FakeTimeProvider time = new();
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        using FakeBroker other = new FakeBroker().Start();
        await using BrokerLine line = new(Session(broker.Port, time: time));
        line.Start();
        Assert.Equal("up", _source.NextCall());
        _source.Add(1, "s1");
        line.Wake();
        line.TryPublish(s_topic, "q1"u8, 1);
        broker.Next(1);
        Assert.Equal(["s1", "q1"], [broker.Next().Payload, broker.Next().Payload]);

        Task replacing = line.ReplaceAsync(Session(other.Port), TimeSpan.FromSeconds(2));
        _source.Add(2, "s2");
        line.Wake();
        line.TryPublish(s_topic, "q2"u8, 1);
        time.Advance(TimeSpan.FromSeconds(1.8));
        await replacing.WaitAsync(SessionProbe.Patience);

        Assert.Equal(14, broker.Next().Kind);
        Assert.Equal(["returned 1", "down", "up", "settled 1 0x00", "settled 2 0x00"], Calls(5));
        other.Next(1);
        Assert.Equal(["q1", "q2", "s1", "s2"], Enumerable.Range(0, 4).Select(_ => other.Next().Payload));
        Assert.Equal(6, line.Status.Counts.Published);
        Assert.Equal(0, line.Status.Counts.Dropped);
    }

    [Fact]
    public async Task An_acknowledgement_that_comes_twice_is_not_the_next_messages()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = Session(broker.Port);
        _source.Add(1, "first");
        session.Start();
        ushort first = broker.Next(3).PacketId;
        broker.Acknowledge(first);
        broker.Acknowledge(first);
        Assert.Equal(["up", "settled 1 0x00"], Calls(2));
        _source.Add(2, "second");
        session.Wake();
        ushort second = broker.Next(3).PacketId;
        Assert.NotEqual(first, second);
        broker.Acknowledge(second);
        Assert.Equal("settled 2 0x00", _source.NextCall());
    }

    [Fact]
    public async Task A_source_that_throws_ends_a_connection_and_not_the_session()
    {
        using FakeBroker broker = new FakeBroker().Start();
        _source.Add(1, "x");
        _source.Trouble = new InvalidOperationException("a defect");
        await using MqttSession session = Session(broker.Port);
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        Assert.Equal("a defect in EdgeInfer ended the connection: a defect", status.Cause!.What);
        _source.Trouble = null;
        Assert.Equal("settled 1 0x00", Calls(3)[^1]);
    }

    private List<string> Calls(int count) => [.. Enumerable.Range(0, count).Select(_ => _source.NextCall())];

    /// <summary>Published, acknowledged, refused, queued.</summary>
    private static (long Published, long Acknowledged, long Refused, int Queued) Counts(MqttSession session)
    {
        MqttCounts counts = session.Status.Counts;
        return (counts.Published, counts.Acknowledged, counts.Refused, counts.Queued);
    }

    private MqttSession Session(int port, Func<EdgeInfer.Configuration.MqttOptions, EdgeInfer.Configuration.MqttOptions>? change = null, TimeProvider? time = null)
        => new(SessionProbe.Settings(port, change), time ?? TimeProvider.System, new Random(1), NullLogger.Instance, source: _source);
}
