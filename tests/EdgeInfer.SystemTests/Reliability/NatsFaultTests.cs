using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>nats-server, which speaks MQTT 3.1.1 and keeps what it has acknowledged on its disk, is killed; nothing is lost.</summary>
public sealed class NatsFaultTests
{
    public static TheoryData<int> Rounds => [.. Enumerable.Range(0, Campaign.Of("nats", 1, 4).Count)];

    [Theory]
    [MemberData(nameof(Rounds))]
    public async Task A_killed_nats_server_costs_nothing(int round)
    {
        Random random = new(round);
        await using NatsServer server = await NatsServer.Start();
        await using Link link = new(server.Port);
        using Consumer consumer = new(server.Port, isVersion311: true);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", FramesPerSecond = 50, Mqtt = "  protocol: \"3.1.1\"" });
        rig.Start();
        await rig.Connected();
        int first = random.Next(20, 150);
        await consumer.Arrivals.Until(() => consumer.Arrivals.Count >= first, "the first messages");
        await server.Kill();
        consumer.ExpectLoss();
        link.Strike(LinkEnd.Reset);
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", "the status says that the server is gone", Sample.Slack);
        await server.Restart();
        await consumer.Subscribed();
        link.Heal();
        await BrokerFaultTests.Recovers(rig, consumer, link, $"nats {round}", duplicates: 64);
    }

    [Fact]
    public async Task A_line_to_it_that_falls_silent_is_found_in_time_and_costs_nothing()
    {
        await using NatsServer server = await NatsServer.Start();
        await using Link link = new(server.Port);
        using Consumer consumer = new(server.Port, isVersion311: true);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", FramesPerSecond = 50, Mqtt = "  protocol: \"3.1.1\"" });
        rig.Start();
        await rig.Connected();
        await consumer.Arrivals.Until(() => consumer.Arrivals.Count >= 30, "the first messages");
        link.Arm(new(LinkEnd.Silence, LinkSide.ToAgent, MqttBytes.PubAck, LinkPlace.Before, 20));
        await link.Struck();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", "the status says that nothing answers", TimeSpan.FromSeconds(NetworkRig.KeepAliveSeconds) * 1.5 + Sample.Slack);
        link.Heal();
        await BrokerFaultTests.Recovers(rig, consumer, link, "nats, silent", duplicates: 64);
    }
}
