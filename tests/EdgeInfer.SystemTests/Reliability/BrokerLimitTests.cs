using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What a broker may ask for or refuse, from a broker that says it on purpose.</summary>
public sealed class BrokerLimitTests
{
    [Fact]
    public async Task A_keep_alive_of_the_broker_that_is_shorter_than_ours_is_kept_and_a_silence_found_by_it()
    {
        using ScriptedBroker broker = new(new() { Properties = BrokerScript.ServerKeepAlive(2) });
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 5, Publish = "off", KeepAlive = 60 });
        rig.Start();
        await rig.Connected();
        await Sample.Until(() => broker.Pings.Count >= 5, "pings", TimeSpan.FromSeconds(12));
        long[] pings = [.. broker.Pings];
        for (int i = 1; i < pings.Length; i++) Assert.InRange(Stopwatch.GetElapsedTime(pings[i - 1], pings[i]), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(2));
        broker.FallSilent();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", "the status says that nothing answers", TimeSpan.FromSeconds(3) + Sample.Slack);
        broker.Wake();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "connected again");
        await rig.Stop();
    }

    [Fact]
    public async Task With_a_Receive_Maximum_of_1_one_message_is_on_its_way_and_none_is_lost()
    {
        using ScriptedBroker broker = new(new() { Properties = BrokerScript.ReceiveMaximum(1), Thought = TimeSpan.FromMilliseconds(10) });
        await using Link link = new(new Uri(broker.Url).Port);
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", FramesPerSecond = 30 });
        rig.Start();
        await rig.Connected();
        await broker.Arrivals.Until(() => broker.Arrivals.Count > 100, "messages one by one");
        link.Drop();
        await broker.Arrivals.Until(() => broker.Arrivals.Count > 200, "and after another connection");
        Assert.Equal(1, link.MostInFlight);
        await Nothing.IsLost(rig, broker.Arrivals, link, "receive maximum 1", duplicates: 1);
    }

    [Fact]
    public async Task Messages_larger_than_the_broker_takes_are_declared_and_kept_as_dead_letters()
    {
        BrokerScript script = new() { Properties = BrokerScript.MaximumPacketSize(330) };
        using ScriptedBroker broker = new(script);
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 10 });
        rig.Start();
        await rig.Connected();
        JsonElement status = await rig.Status.Until(s => NetworkRig.Outbox(s, "dead_letters") >= 20, "dead letters");
        await rig.Status.Until(s => s.GetProperty("boot").GetInt64() == 1 && broker.Arrivals.Gaps.Length > 0, "a published gap");
        Assert.Empty(broker.Sent);
        Assert.All(broker.Arrivals.Declared(), g => Assert.Equal("too_large", g.Reason));
        long accepted = NetworkRig.Outbox(status, "accepted");
        await Sample.Until(() => Covered(broker.Arrivals, accepted), "every number is declared", TimeSpan.FromSeconds(20));
        await rig.Stop();
    }

    [Theory]
    [InlineData(0x90)]
    [InlineData(0x99)]
    public async Task A_message_that_is_refused_for_good_is_tried_once_declared_and_kept_as_a_dead_letter(byte reason)
    {
        using ScriptedBroker broker = new(new() { Acknowledge = (topic, number) => number is < 200 && number % 7 == 3 ? reason : (byte)0 });
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 50 });
        rig.Start();
        await rig.Connected();
        await broker.Arrivals.Until(() => broker.Arrivals.Last.Sequence > 200, "messages beside those that are refused");
        JsonElement status = await rig.Status.Until(s => NetworkRig.Outbox(s, "dead_letters") >= 28, "dead letters");
        Assert.False(status.GetProperty("outbox").TryGetProperty("held", out _));
        await Nothing.IsLost(rig, broker.Arrivals, null, $"0x{reason:X2}", duplicates: 0);
        Assert.All(broker.Sent, sent => Assert.Equal(1, sent.Value));
        Assert.All(broker.Arrivals.Declared(), g => Assert.Equal("refused", g.Reason));
        Assert.All(broker.Arrivals.Predictions.Where(p => p.Sequence < 200), p => Assert.NotEqual(3, p.Sequence % 7));
    }

    [Theory]
    [InlineData(0x80)]
    [InlineData(0x83)]
    [InlineData(0x91)]
    [InlineData(0x97)]
    public async Task A_message_that_is_refused_for_now_is_held_and_delivered(byte reason)
    {
        ConcurrentDictionary<long, byte> refused = [];
        using ScriptedBroker broker = new(new() { Acknowledge = (_, number) => number is > 20 and < 40 && refused.TryAdd(number, 0) ? reason : (byte)0 });
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 50 });
        rig.Start();
        await rig.Connected();
        await broker.Arrivals.Until(() => broker.Arrivals.HighestLive > 100, "live messages again", TimeSpan.FromSeconds(90));
        Assert.NotEmpty(refused);
        Balance balance = await Nothing.IsLost(rig, broker.Arrivals, null, $"0x{reason:X2}", duplicates: 0, liveOrders: 3);
        Assert.Equal(0, balance.Declared);
    }

    [Fact]
    public async Task Another_client_with_the_same_id_is_named_and_costs_nothing()
    {
        await using Mosquitto broker = await Mosquitto.Start("max_inflight_messages 0\nmax_queued_messages 0");
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = broker.Url });
        ChildProcess agent = rig.Start();
        await rig.Connected();
        for (int i = 0; i < 3; i++)
        {
            using Socket twin = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await twin.ConnectAsync("127.0.0.1", broker.Port);
            await twin.SendAsync(MqttBytes.ConnectPacket("edgeinfer-press-3", false));
            await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", "thrown out", TimeSpan.FromSeconds(5));
            await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "and back", TimeSpan.FromSeconds(90));
        }

        Assert.Contains("client id", agent.Output, StringComparison.Ordinal);
        await BrokerFaultTests.Recovers(rig, consumer, null, "takeover", duplicates: 3 * 16);
    }

    private static bool Covered(Arrivals arrivals, long upTo)
    {
        DeclaredGap[] gaps = arrivals.Declared();
        for (long number = 1; number <= upTo; number++)
            if (!gaps.Any(g => g.Covers(new("belt", 1, number)))) return false;
        return true;
    }
}
