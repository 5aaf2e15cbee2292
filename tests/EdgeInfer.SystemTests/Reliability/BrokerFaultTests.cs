using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The broker is killed, frozen, full, slow, or says no; nothing is lost, and the status says what is the matter.</summary>
public sealed class BrokerFaultTests
{
    private const string Patient = "max_inflight_messages 0\nmax_queued_messages 0";

    private static readonly TimeSpan s_found = TimeSpan.FromSeconds(NetworkRig.KeepAliveSeconds) * 1.5;

    private static string Rooted => Environment.IsPrivilegedProcess ? "user root\n" : "";

    public static TheoryData<int> Rounds => [.. Enumerable.Range(0, Campaign.Of("broker", 1, 6).Count)];

    [Theory]
    [MemberData(nameof(Rounds))]
    public async Task A_killed_broker_costs_nothing(int round)
    {
        Random random = new(round);
        await using Mosquitto broker = await Mosquitto.Start(Patient);
        await using Link link = new(broker.Port);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", FramesPerSecond = 100 });
        rig.Start();
        await rig.Connected();
        int first = random.Next(20, 300);
        await consumer.Arrivals.Until(() => consumer.Arrivals.Count >= first, "the first messages");
        await broker.Kill();
        consumer.ExpectLoss();
        // The agent stays away until the consumer is back: a broker without subscribers takes messages and forgets them.
        link.Strike(LinkEnd.Reset);
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", "the status says that the broker is gone", Sample.Slack);
        await broker.Restart();
        await consumer.Subscribed();
        link.Heal();
        await Recovers(rig, consumer, link, $"killed {round}");
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public async Task A_frozen_broker_is_found_in_time_and_costs_nothing(int round)
    {
        Random random = new(round);
        await using Mosquitto broker = await Mosquitto.Start(Patient);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 50 });
        rig.Start();
        await rig.Connected();
        int first = random.Next(20, 200);
        await consumer.Arrivals.Until(() => consumer.Arrivals.Count >= first, "the first messages");
        broker.Freeze();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", "the status says that nothing answers", s_found + Sample.Slack);
        long upTo = await rig.Accepted();
        await rig.Status.Until(s => NetworkRig.Outbox(s, "accepted") > upTo + 50, "inference goes on");
        broker.Thaw();
        await Recovers(rig, consumer, null, $"frozen {round}", duplicates: 64);
    }

    [Fact]
    public async Task A_silent_broker_is_found_by_an_agent_with_nothing_to_say()
    {
        using ScriptedBroker broker = new(new());
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 5, Publish = "off" });
        rig.Start();
        await rig.Connected();
        await Sample.Until(() => broker.Pings.Count > 1, "pings of an idle line", TimeSpan.FromSeconds(NetworkRig.KeepAliveSeconds * 2));
        broker.FallSilent();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", "the status says that nothing answers", s_found + Sample.Slack);
        broker.Wake();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "connected again");
        await rig.Stop();
    }

    [Fact]
    public async Task A_broker_without_room_on_its_disk_costs_nothing()
    {
        if (!Environment.IsPrivilegedProcess) Peer.Missing("only root can mount a file system in memory");
        string folder = Directory.CreateTempSubdirectory("edgeinfer-full-").FullName;
        Assert.Equal(0, (await ChildProcess.Run(Peer.Program("mount"), "-t", "tmpfs", "-o", "size=16k", "none", folder)).ExitCode);
        try
        {
            await using Mosquitto broker = await Mosquitto.Start(
                $"{Rooted}{Patient}\npersistence true\npersistence_location {folder}/\nautosave_on_changes true\nautosave_interval 10");
            using Consumer consumer = new(broker.Port);
            // Nobody takes these: what the broker has to save grows past its disk.
            using (Consumer absent = new(broker.Port)) await absent.Subscribed();
            await consumer.Subscribed();
            await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 100 });
            rig.Start();
            await rig.Connected();
            await Sample.Until(() => broker.Log.Contains("No space left", StringComparison.Ordinal), "the broker's disk is full", TimeSpan.FromSeconds(60));
            await Recovers(rig, consumer, null, "disk full");
        }
        finally
        {
            await ChildProcess.Run(Peer.Program("umount"), "-l", folder);
            Directory.Delete(folder);
        }
    }

    [Fact]
    public async Task A_wrong_password_is_named_and_once_it_is_mended_everything_arrives()
    {
        await using Mosquitto broker = await Mosquitto.Start($"{Rooted}{Patient}", password: Canary.Password);
        using Consumer consumer = new(broker.Port, username: "edge", password: Canary.Password);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = broker.Url, Mqtt = "  username: edge\n  password: another" });
        ChildProcess agent = rig.Start();
        await agent.Line("runs as press-3");
        JsonElement status = await rig.Status.Until(s => NetworkRig.BrokerState(s) == "failed", "the status says that somebody must act");
        Assert.Contains("password", status.GetProperty("broker").GetProperty("cause").GetString(), StringComparison.Ordinal);
        await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 50, "what is made meanwhile goes to the disk");
        // With a reload nobody waits for the next attempt, which may be minutes away.
        File.WriteAllText(rig.Configuration, File.ReadAllText(rig.Configuration).Replace("password: another", $"password: {Canary.Password}", StringComparison.Ordinal));
        agent.Signal(1);
        await Recovers(rig, consumer, null, "password", duplicates: 0);
    }

    [Fact]
    public async Task A_topic_that_the_access_list_forbids_is_held_and_once_it_is_allowed_everything_arrives()
    {
        string list = Path.GetTempFileName();
        File.WriteAllText(list, "topic read #\ntopic write edgeinfer/+/status\ntopic write edgeinfer/+/+/status\ntopic write edgeinfer/+/gap\ntopic write edgeinfer/+/+/state/#\n");
        // With max_queued_messages 0 mosquitto 2.0.11 hangs up on whoever publishes what it forbids.
        await using Mosquitto broker = await Mosquitto.Start($"{Rooted}max_queued_messages 100000\nacl_file {list}");
        await using Link link = new(broker.Port);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}" });
        ChildProcess agent = rig.Start();
        await rig.Connected();
        JsonElement status = await rig.Status.Until(
            s => s.GetProperty("outbox").TryGetProperty("held", out JsonElement held) && held.TryGetProperty("belt", out _), "the status says that the stream is held");
        Assert.Contains("0x87", status.GetProperty("outbox").GetProperty("held").GetProperty("belt").GetString(), StringComparison.Ordinal);
        Assert.Equal("connected", NetworkRig.BrokerState(status));
        await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 50, "what is held goes to the disk");
        int tried = link.Published;
        Assert.InRange(tried, 1, 40);
        File.WriteAllText(list, "topic readwrite #\n");
        await broker.Reload();
        // Else the stream is tried again when five minutes are over.
        agent.Signal(1);
        await Recovers(rig, consumer, link, "not authorised");
        File.Delete(list);
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public async Task A_slow_line_costs_nothing(int round)
    {
        await using Mosquitto broker = await Mosquitto.Start(Patient);
        await using Link link = new(broker.Port) { Delay = TimeSpan.FromMilliseconds(new Random(round).Next(150, 900)) };
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", FramesPerSecond = 50 });
        rig.Start();
        await rig.Connected();
        await rig.Status.Until(s => NetworkRig.Outbox(s, "accepted") > 500, "ten seconds of results");
        Assert.Equal("connected", await rig.Status.BrokerState());
        Assert.Equal(1, link.Connections);
        link.Delay = TimeSpan.Zero;
        await Recovers(rig, consumer, link, string.Create(CultureInfo.InvariantCulture, $"slow {round}"), duplicates: 0);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_at_the_start_gets_everything_once_it_is()
    {
        await using Mosquitto broker = await Mosquitto.Start(Patient);
        await using Link link = new(broker.Port);
        link.Strike(LinkEnd.Reset);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", FramesPerSecond = 50 });
        await rig.Start().Line("runs as press-3");
        JsonElement status = await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 100, "what is made goes to the disk");
        Assert.NotEqual("connected", NetworkRig.BrokerState(status));
        Assert.Contains(link.Port.ToString(CultureInfo.InvariantCulture), status.GetProperty("broker").GetProperty("cause").GetString(), StringComparison.Ordinal);
        link.Heal();
        await Recovers(rig, consumer, link, "absent", duplicates: 0);
    }

    /// <summary>The line is back: it is used again, and the account balances.</summary>
    internal static async Task Recovers(NetworkRig rig, Consumer consumer, Link? link, string fault, int duplicates = 32)
    {
        long upTo = await rig.Accepted();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", $"{fault}: connected again", TimeSpan.FromSeconds(90));
        await consumer.Arrivals.Until(() => consumer.Arrivals.HighestLive > upTo, $"{fault}: live messages again");
        await Nothing.IsLost(rig, consumer.Arrivals, link, fault, duplicates);
    }
}
