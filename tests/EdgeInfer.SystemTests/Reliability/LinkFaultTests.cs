using System.Diagnostics;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The line is cut, closed or silenced at each phase of a connection, and nothing is lost.</summary>
public sealed class LinkFaultTests
{
    /// <summary>Connecting, TLS and the broker's answer included, is given up after so long.</summary>
    private static readonly TimeSpan s_attempt = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(NetworkRig.KeepAliveSeconds);

    [Fact]
    public async Task A_line_that_breaks_at_any_packet_is_found_healed_and_loses_nothing()
    {
        LinkFault[] faults = Sample.Of(Packets(), inCi: 9);
        await using Mosquitto broker = await Mosquitto.Start("max_inflight_messages 0\nmax_queued_messages 0");
        await Sample.InLanes(faults, 3, fault => Survives(broker, fault));
    }

    private static IEnumerable<LinkFault> Packets()
    {
        (LinkSide Side, int Packet)[] phases =
        [
            (LinkSide.ToBroker, MqttBytes.Connect), (LinkSide.ToAgent, MqttBytes.ConnAck), (LinkSide.ToBroker, MqttBytes.Subscribe), (LinkSide.ToAgent, MqttBytes.SubAck),
            (LinkSide.ToBroker, MqttBytes.Publish), (LinkSide.ToAgent, MqttBytes.PubAck),
        ];
        Random random = new(Sample.Seed);
        foreach ((LinkSide side, int packet) in phases)
        foreach (LinkPlace place in Enum.GetValues<LinkPlace>())
        foreach (LinkEnd end in Enum.GetValues<LinkEnd>())
            yield return new(end, side, packet, place, packet is MqttBytes.Publish or MqttBytes.PubAck ? random.Next(1, 60) : 1);
    }

    private static async Task Survives(Mosquitto broker, LinkFault fault)
    {
        string id = $"lane-{Guid.NewGuid():N}"[..12];
        await using Link link = new(broker.Port);
        using Consumer consumer = new(broker.Port, $"{id}/#");
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", Mqtt = $"  prefix: {id}\n  client_id: {id}" });
        rig.Start();
        await rig.Connected();
        await consumer.Arrivals.Until(() => consumer.Arrivals.Count >= 10, "the first messages");
        bool isHandshake = fault.Packet is not (MqttBytes.Publish or MqttBytes.PubAck);
        link.Arm(fault);
        if (isHandshake) link.Drop();
        await link.Struck();

        // Found: the agent knows, and says, that it is not connected.
        TimeSpan limit = isHandshake && fault.End == LinkEnd.Silence && s_attempt > s_keepAlive * 1.5 ? s_attempt : s_keepAlive * 1.5;
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", $"{fault}: the status says that the line is down", limit + Sample.Slack);
        if (fault.End == LinkEnd.Silence) await Sample.Until(() => link.FoundAt != 0, $"{fault}: the agent lets go of a silent connection", limit + Sample.Slack);
        TimeSpan found = fault.End == LinkEnd.Silence ? Stopwatch.GetElapsedTime(link.StruckAt, link.FoundAt) : Stopwatch.GetElapsedTime(link.StruckAt);
        Assert.True(found < limit + Sample.Slack, $"{fault}: found after {found}");
        Assert.NotEqual("connected", await rig.Status.BrokerState());
        Assert.False(rig.Process.HasExited);

        link.Heal();
        long upTo = await rig.Results();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", $"{fault}: connected again");
        await consumer.Arrivals.Until(() => consumer.Arrivals.HighestLive > upTo, $"{fault}: live messages again");
        await Nothing.IsLost(rig, consumer.Arrivals, link, fault.ToString());
    }
}
