using System.Diagnostics;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The line is cut, closed or silenced at each phase of a connection, and nothing is lost.</summary>
public sealed class LinkFaultTests
{
    /// <summary>An attempt to connect, TLS and the broker's answer included, is given up after so long.</summary>
    private static readonly TimeSpan s_attempt = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_found = TimeSpan.FromSeconds(NetworkRig.KeepAliveSeconds) * 1.5;

    [Fact]
    public async Task A_line_that_breaks_at_any_packet_is_found_healed_and_loses_nothing()
    {
        Campaign campaign = Campaign.Of("link-packets", 8, 54);
        await using Mosquitto broker = await Mosquitto.Start("max_inflight_messages 0\nmax_queued_messages 0");
        await Sample.InLanes(campaign, Sample.Of(campaign, Packets(campaign.Random)), 4, fault => Survives(broker, fault, null));
    }

    [Fact]
    public async Task A_line_that_breaks_while_TLS_shakes_hands_is_found_healed_and_loses_nothing()
    {
        Campaign campaign = Campaign.Of("link-tls", 3, 18);
        using TestCertificates certificates = new("Plant CA");
        certificates.Server().Dispose();
        string folder = certificates.Folder;
        // Started by root it would become the user mosquitto, who cannot read the test's files.
        string user = Environment.IsPrivilegedProcess ? "user root\n" : "";
        int plain = Mosquitto.FreePort();
        await using Mosquitto broker = await Mosquitto.Start(
            $"{user}max_inflight_messages 0\nmax_queued_messages 0\ncafile {certificates.AuthorityFile}\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\nlistener {plain} 127.0.0.1\nallow_anonymous true");
        await Sample.InLanes(campaign, Sample.Of(campaign, Handshakes(campaign.Random)), 3, fault => Survives(broker, fault, certificates.AuthorityFile, plain));
    }

    private static IEnumerable<LinkFault> Packets(Random random)
    {
        (LinkSide Side, int Packet)[] phases =
        [
            (LinkSide.ToBroker, MqttBytes.Connect), (LinkSide.ToAgent, MqttBytes.ConnAck), (LinkSide.ToBroker, MqttBytes.Subscribe), (LinkSide.ToAgent, MqttBytes.SubAck),
            (LinkSide.ToBroker, MqttBytes.Publish), (LinkSide.ToAgent, MqttBytes.PubAck),
        ];
        foreach ((LinkSide side, int packet) in phases)
            foreach (LinkPlace place in Enum.GetValues<LinkPlace>())
                foreach (LinkEnd end in Enum.GetValues<LinkEnd>())
                    yield return new(end, side, packet, place, packet is MqttBytes.Publish or MqttBytes.PubAck ? random.Next(1, 60) : 1);
    }

    // The first byte is the connection without TLS; then ClientHello, ServerHello with the certificate, Finished, and CONNECT.
    private static IEnumerable<LinkFault> Handshakes(Random random)
    {
        foreach ((LinkSide side, int from, int to) in ((LinkSide, int, int)[])
            [(LinkSide.ToBroker, 1, 2), (LinkSide.ToBroker, 20, 200), (LinkSide.ToBroker, 330, 480), (LinkSide.ToAgent, 1, 2), (LinkSide.ToAgent, 90, 700), (LinkSide.ToAgent, 800, 1000)])
            foreach (LinkEnd end in Enum.GetValues<LinkEnd>())
                yield return new(end, side, 0, LinkPlace.After, random.Next(from, to));
    }

    private static async Task Survives(Mosquitto broker, LinkFault fault, string? authority, int consumerPort = 0)
    {
        string id = $"lane-{Guid.NewGuid():N}"[..12];
        await using Link link = new(broker.Port, isOpaque: authority is not null);
        using Consumer consumer = new(consumerPort == 0 ? broker.Port : consumerPort, $"{id}/#");
        await consumer.Subscribed();
        await using NetworkRig rig = new(new()
        {
            Broker = $"{(authority is null ? "mqtt" : "mqtts")}://127.0.0.1:{link.Port}",
            Mqtt = $"  prefix: {id}\n  client_id: {id}{(authority is null ? "" : $"\n  tls: {{ ca: {authority} }}")}",
        });
        rig.Start();
        await rig.Connected();
        await consumer.Arrivals.Until(() => consumer.Arrivals.Count >= 10, "the first messages");
        bool isHandshake = fault.Packet is not (MqttBytes.Publish or MqttBytes.PubAck);
        link.Arm(fault);
        if (isHandshake) link.Drop();
        await link.Struck();

        TimeSpan limit = isHandshake && fault.End == LinkEnd.Silence && s_attempt > s_found ? s_attempt : s_found;
        await IsFound(rig, link, fault.End, limit, fault.ToString());
        link.Heal();
        long upTo = await rig.Accepted();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", $"{fault}: connected again");
        await consumer.Arrivals.Until(() => consumer.Arrivals.HighestLive > upTo, $"{fault}: live messages again");
        await Nothing.IsLost(rig, consumer.Arrivals, authority is null ? link : null, fault.ToString());
    }

    // The agent knows, and says, that it is not connected, and has let go of what is dead.
    private static async Task IsFound(NetworkRig rig, Link link, LinkEnd end, TimeSpan limit, string fault)
    {
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", $"{fault}: the status says that the line is down", limit + Sample.Slack);
        if (end == LinkEnd.Silence) await Sample.Until(() => link.FoundAt != 0, $"{fault}: the agent lets go of a silent connection", limit + Sample.Slack);
        TimeSpan found = end == LinkEnd.Silence ? Stopwatch.GetElapsedTime(link.StruckAt, link.FoundAt) : Stopwatch.GetElapsedTime(link.StruckAt);
        Assert.True(found < limit + Sample.Slack, $"{fault}: found after {found}");
        // A SUBACK that came just before the end makes it connected for a moment.
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", $"{fault}: the status keeps to that", Sample.Slack);
        Assert.False(rig.Process.HasExited);
    }
}
