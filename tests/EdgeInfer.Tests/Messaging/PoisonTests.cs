using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>A message at which the broker ends the connection must not keep all others from arriving.</summary>
public sealed class PoisonTests
{
    private static readonly MqttTopic s_topic = new("edgeinfer/d/other");
    private static readonly MqttTopic s_status = new("edgeinfer/d/status");
    private readonly SessionProbe _probe = new();
    private readonly FakeSource _source = new();

    [Theory]
    [InlineData(0x87, "settled 2 0x87")]
    [InlineData(0x90, "settled 2 0x90")]
    [InlineData(0x95, "too large 2")]
    [InlineData(0x99, "settled 2 0x99")]
    public async Task A_broker_that_says_what_it_minds_is_asked_twice(byte reason, string expected)
    {
        using FakeBroker broker = new FakeBroker { Poison = "poison", PoisonReason = reason }.Start();
        await using MqttSession session = Session(broker.Port);
        Fill();
        session.Start();
        string[] all = ["settled 0 0x00", "settled 1 0x00", "settled 3 0x00", "settled 4 0x00", expected];
        Assert.Equal(all.Order(StringComparer.Ordinal), Answers(5));
        Assert.Equal(2, session.Status.Counts.Reconnects);
        Assert.Equal($"the broker ends each connection at one message to 'edgeinfer/d/belt/prediction' (0x{reason:X2}): it is given up", session.Status.LastError!.What);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_broker_that_closes_without_a_word_is_asked_five_times_more(bool isVersion311)
    {
        using FakeBroker broker = new FakeBroker { Poison = "poison", ConnAck = isVersion311 ? [0, 0] : [0, 0, 0] }.Start();
        await using MqttSession session = Session(broker.Port, isVersion311);
        session.PublishState(s_status, "online"u8);
        Fill();
        session.Start();
        Assert.Equal(["settled 0 0x00", "settled 1 0x00", "settled 3 0x00", "settled 4 0x00", "too large 2"], Answers(5));
        Assert.Equal(6, session.Status.Counts.Reconnects);
    }

    [Theory]
    [InlineData(null)]
    [InlineData((byte)0x81)]
    [InlineData((byte)0x83)]
    [InlineData((byte)0x95)]
    public async Task States_that_go_before_it_on_every_connection_do_not_hide_it(byte? reason)
    {
        using FakeBroker broker = new FakeBroker { Poison = "poison", PoisonReason = reason }.Start();
        await using MqttSession session = Session(broker.Port);
        for (int i = 0; i < 6; i++) session.PublishState(new($"edgeinfer/d/state/{i}"), "online"u8);
        Fill();
        session.Start();
        Assert.Equal(["settled 0 0x00", "settled 1 0x00", "settled 3 0x00", "settled 4 0x00", "too large 2"], Answers(5));
    }

    [Fact]
    public async Task A_broker_that_ends_every_connection_before_it_has_acknowledged_anything_costs_no_result()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = Session(broker.Port);
        Fill();
        session.Start();
        for (int i = 0; i < 12; i++)
        {
            broker.Next(1);
            broker.Next(3);
            if (i == 11) broker.PubAckReason = 0;
            broker.Hang();
        }

        Assert.Equal(["settled 0 0x00", "settled 1 0x00", "settled 2 0x00", "settled 3 0x00", "settled 4 0x00"], Answers(5));
    }

    [Fact]
    public async Task Nor_does_it_cost_a_state()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = Session(broker.Port);
        session.PublishState(s_status, "one"u8);
        session.PublishState(s_topic, "other"u8);
        session.Start();
        for (int i = 0; i < 12; i++)
        {
            broker.Next(1);
            broker.Next(3);
            if (i == 11) broker.PubAckReason = 0;
            broker.Hang();
        }

        broker.Next(1);
        Assert.Equal(["one", "other"], new[] { broker.Next(3).Payload, broker.Next(3).Payload }.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_state_at_which_the_broker_closes_without_a_word_does_not_hold_back_the_results()
    {
        using FakeBroker broker = new FakeBroker { Poison = "the poison" }.Start();
        await using MqttSession session = Session(broker.Port);
        session.PublishState(s_status, "the poison"u8);
        session.PublishState(s_topic, "other"u8);
        _source.Add(1, "result");
        session.Start();
        Assert.Equal(["settled 1 0x00"], Answers(1));
    }

    [Fact]
    public async Task A_message_of_the_queue_is_given_up_and_those_behind_it_arrive_whatever_their_QoS()
    {
        using FakeBroker broker = new FakeBroker { Poison = "poison", PoisonReason = 0x95 }.Start();
        await using MqttSession session = Session(broker.Port);
        session.TryPublish(s_topic, "poison"u8, 1, 1);
        session.TryPublish(s_topic, "zero"u8, 0, 2);
        session.TryPublish(s_topic, "one"u8, 1, 3);
        session.Start();
        Assert.Equal(1, _probe.NextLost());

        // It was on the wire already when the connection ended, and nobody knows more of a message of QoS 0.
        Assert.Equal([2L, 3], [_probe.NextDelivered(), _probe.NextDelivered()]);
        Assert.Equal(1, session.Status.Counts.Refused);
    }

    [Fact]
    public async Task A_state_at_which_the_connection_ends_waits_until_it_changes()
    {
        using FakeBroker broker = new FakeBroker { Poison = "poison", PoisonReason = 0x95 }.Start();
        await using MqttSession session = Session(broker.Port);
        session.PublishState(s_status, "poison"u8);
        session.PublishState(s_topic, "other"u8);
        session.Start();
        await SessionProbe.Reaches(session, s => s.State == MqttSessionState.Connected && s.LastError is { } e && e.What.Contains("it is given up", StringComparison.Ordinal));
        while (broker.Next(3).Topic != s_topic.Name)
        {
        }

        session.PublishState(s_status, "well"u8);
        while (broker.Next(3).Payload != "well")
        {
        }
    }

    [Fact]
    public async Task A_broker_that_dies_once_at_a_message_costs_none()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = null }.Start();
        await using MqttSession session = Session(broker.Port);
        Fill();
        session.Start();
        for (int i = 0; i < 3; i++)
        {
            broker.Next(1);
            broker.Next(3);
            if (i == 2) broker.PubAckReason = 0;
            broker.Hang();
        }

        Assert.Equal(["settled 0 0x00", "settled 1 0x00", "settled 2 0x00", "settled 3 0x00", "settled 4 0x00"], Answers(5));
    }

    private void Fill()
    {
        for (int i = 0; i < 5; i++) _source.Add(i, i == 2 ? "the poison" : $"s{i}");
    }

    /// <summary>What became of so many messages, sorted.</summary>
    private List<string> Answers(int count)
    {
        List<string> answers = [];
        while (answers.Count < count)
        {
            string call = _source.NextCall();
            if (call.StartsWith("settled", StringComparison.Ordinal) || call.StartsWith("too large", StringComparison.Ordinal)) answers.Add(call);
        }

        answers.Sort(StringComparer.Ordinal);
        return answers;
    }

    private MqttSession Session(int port, bool isVersion311 = false)
    {
        MqttSettings settings = SessionProbe.Settings(port, o => o with { IsVersion311 = isVersion311 });
        return new(settings, TimeProvider.System, new Random(1), _probe, _probe, _source);
    }
}
