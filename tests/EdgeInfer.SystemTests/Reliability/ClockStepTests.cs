using System.Diagnostics;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The device's clock is wrong, or is put right while the agent runs: nothing is lost, nothing stops, nothing expires before its time.</summary>
public sealed class ClockStepTests
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1), s_decade = TimeSpan.FromDays(3652);

    public static TheoryData<TimeSpan> Steps => Campaign.IsFull ? [s_hour, -s_hour, s_decade, -s_decade] : [s_hour, -s_decade];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_step_while_connected_stops_no_ping_and_no_message(TimeSpan step)
    {
        using FakeClock clock = await FakeClock.Make();
        using ScriptedBroker broker = new(new());
        await using NetworkRig rig = new(new() { Broker = broker.Url, Environment = clock.Environment });
        await using NetworkRig quiet = new(new() { Broker = broker.Url, Environment = clock.Environment, FramesPerSecond = 1, Publish = "off", Mqtt = "  client_id: quiet" });
        rig.Start();
        quiet.Start();
        await rig.Connected();
        await quiet.Connected();
        await broker.Arrivals.Until(() => broker.Arrivals.Count > 20, "the first messages");
        clock.Offset = step;
        int before = broker.Pings.Count;
        await Sample.Until(() => broker.Pings.Count >= before + 2, "pings go on", TimeSpan.FromSeconds(NetworkRig.KeepAliveSeconds * 1.5));
        Assert.Equal(2, broker.Connects.Count);
        Received last = broker.Arrivals.Last;
        await broker.Arrivals.Until(() => broker.Arrivals.HighestLive > last.Sequence + 40, "messages go on");
        last = broker.Arrivals.Last;
        Assert.InRange(last.CapturedAt - clock.Now, TimeSpan.FromSeconds(-10), TimeSpan.FromSeconds(1));
        Assert.False(last.IsHistorical);
        broker.FallSilent();
        await quiet.Status.Until(s => NetworkRig.BrokerState(s) != "connected", "a silence is found after the step", TimeSpan.FromSeconds(NetworkRig.KeepAliveSeconds * 1.5) + Sample.Slack);
        broker.Wake();
        await quiet.Stop();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "connected again");
        Balance balance = await Nothing.IsLost(rig, broker.Arrivals, null, $"step {step}", duplicates: 64);
        Assert.Equal(0, balance.Declared);
        Assert.All(broker.Expiries, e => Assert.InRange(e, 86_300u, 86_400u));
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_step_while_offline_expires_nothing_and_late_messages_say_so(TimeSpan step)
    {
        using FakeClock clock = await FakeClock.Make();
        await using Mosquitto broker = await Mosquitto.Start("max_inflight_messages 0\nmax_queued_messages 0");
        await using Link link = new(broker.Port);
        link.Strike(LinkEnd.Reset);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        // A clock that is believed would expire everything, or keep it for ten years. The next attempt may come a minute after the line is there again:
        // what is kept for no longer than that would expire in truth.
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", Environment = clock.Environment, Outbox = "  predictions: 300s" });
        await rig.Start().Line("runs as press-3");
        await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 40, "a backlog");
        long early = await rig.Accepted();
        clock.Offset = step;
        // Older than ten seconds by the clock that counts.
        await rig.Status.Until(s => NetworkRig.Outbox(s, "accepted") > early + 240, "twelve seconds more");
        link.Heal();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "attempts go on", TimeSpan.FromSeconds(60));
        Balance balance = await Nothing.IsLost(rig, consumer.Arrivals, link, $"offline step {step}");
        Assert.Equal(0, balance.Declared);
        Received[] all = consumer.Arrivals.Predictions;
        Assert.All(all.Where(r => r.Sequence < early), r => Assert.True(r is { IsHistorical: true, IsHistoryTopic: true }, $"{r} is over ten seconds old and does not say so"));
        Assert.All(all.Where(r => r.IsHistorical), r => Assert.True(r.IsHistoryTopic));
        Assert.Contains(all, r => r is { IsHistorical: false, IsHistoryTopic: false });
    }

    [Fact]
    public async Task What_is_older_than_it_may_be_expires_by_the_time_that_has_passed_and_by_no_other()
    {
        using FakeClock clock = await FakeClock.Make();
        await using Mosquitto broker = await Mosquitto.Start("max_inflight_messages 0\nmax_queued_messages 0");
        await using Link link = new(broker.Port);
        link.Strike(LinkEnd.Reset);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", Environment = clock.Environment, Outbox = "  predictions: 10s" });
        long began = Stopwatch.GetTimestamp();
        await rig.Start().Line("runs as press-3");
        await rig.Status.Until(s => NetworkRig.Outbox(s, "accepted") > 100, "a backlog");
        clock.Offset = -s_decade;
        await rig.Status.Until(s => NetworkRig.Outbox(s, "accepted") > 400, "twenty seconds");
        link.Heal();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "connected", TimeSpan.FromSeconds(60));
        Balance balance = await Nothing.IsLost(rig, consumer.Arrivals, link, "expiry");
        double offline = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Assert.InRange(balance.Declared, 180, (long)(offline * 20));
        Assert.All(consumer.Arrivals.Declared(), g => Assert.Equal("expired", g.Reason));
    }

    [Fact]
    public async Task A_start_in_1970_runs_and_says_unsynced_until_the_clock_is_set()
    {
        using FakeClock clock = await FakeClock.Make(isSynced: false);
        clock.Offset = DateTime.UnixEpoch.AddSeconds(20) - DateTime.UtcNow;
        await using Mosquitto broker = await Mosquitto.Start("max_inflight_messages 0\nmax_queued_messages 0");
        await using Link link = new(broker.Port);
        link.Strike(LinkEnd.Reset);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", Environment = clock.Environment });
        await rig.Start().Line("runs as press-3");
        JsonElement status = await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 40, "a backlog of 1970");
        Assert.Equal("unsynced", status.GetProperty("clock").GetString());
        clock.Offset = TimeSpan.Zero;
        clock.IsSynced = true;
        link.Heal();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "connected", TimeSpan.FromSeconds(60));
        // The kernel is asked every ten seconds.
        await rig.Status.Until(s => s.GetProperty("clock").GetString() == "synced", "the status says that the clock is set", TimeSpan.FromSeconds(15));
        await consumer.Arrivals.Until(() => consumer.Arrivals.Last.IsSynced, "messages say so too");
        Balance balance = await Nothing.IsLost(rig, consumer.Arrivals, link, "1970");
        Assert.Equal(0, balance.Declared);
        Received first = consumer.Arrivals.Predictions.MinBy(r => r.Sequence);
        Assert.Equal((1970, false), (first.CapturedAt.Year, first.IsSynced));
        Assert.InRange(DateTime.UtcNow - consumer.Arrivals.Predictions.MaxBy(r => r.Sequence).CapturedAt, TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_backlog_of_1970_is_not_expired_by_the_clock_that_is_set_before_the_next_start(bool isSynced)
    {
        using FakeClock clock = await FakeClock.Make(isSynced: false);
        clock.Offset = DateTime.UnixEpoch.AddSeconds(20) - DateTime.UtcNow;
        await using Mosquitto broker = await Mosquitto.Start("max_inflight_messages 0\nmax_queued_messages 0");
        await using Link link = new(broker.Port);
        link.Strike(LinkEnd.Reset);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{link.Port}", Environment = clock.Environment, Outbox = "  predictions: 60s" });
        await rig.Start().Line("runs as press-3");
        await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 40, "a backlog of 1970");
        await rig.Stop();
        clock.Offset = TimeSpan.Zero;
        clock.IsSynced = isSynced;
        link.Heal();
        rig.Start();
        await rig.Connected();
        Balance balance = await Nothing.IsLost(rig, consumer.Arrivals, link, "1970 and a restart");
        Assert.Equal(0, balance.Declared);
        Assert.All(consumer.Arrivals.Predictions.Where(r => r.CapturedAt.Year == 1970), r => Assert.False(r.IsSynced));
    }

    [Fact]
    public async Task A_certificate_that_is_not_yet_valid_names_the_clock_and_is_taken_once_the_clock_is_set()
    {
        using TestCertificates certificates = new("Plant CA");
        certificates.Server().Dispose();
        using FakeClock clock = await FakeClock.Make(isSynced: false);
        clock.Offset = DateTime.UnixEpoch.AddSeconds(20) - DateTime.UtcNow;
        string user = Environment.IsPrivilegedProcess ? "user root\n" : "";
        int plain = Mosquitto.FreePort();
        await using Mosquitto broker = await Mosquitto.Start(
            $"{user}max_inflight_messages 0\nmax_queued_messages 0\ncafile {certificates.AuthorityFile}\ncertfile {certificates.Folder}/server.pem\nkeyfile {certificates.Folder}/server.key\nlistener {plain} 127.0.0.1\nallow_anonymous true");
        using Consumer consumer = new(plain);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtts://127.0.0.1:{broker.Port}", Environment = clock.Environment, Mqtt = $"  tls: {{ ca: {certificates.AuthorityFile} }}" });
        ChildProcess agent = rig.Start();
        string line = await agent.Line("MQTT:");
        Assert.Contains("clock", line, StringComparison.Ordinal);
        Assert.Contains("1970", line, StringComparison.Ordinal);
        Assert.Contains("clock", (await rig.Status.Ask()).GetProperty("broker").GetProperty("cause").GetString(), StringComparison.Ordinal);
        await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 20, "what is made meanwhile goes to the disk");
        clock.Offset = TimeSpan.Zero;
        clock.IsSynced = true;
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "connected by itself once the clock is set", TimeSpan.FromSeconds(60));
        await Nothing.IsLost(rig, consumer.Arrivals, null, "not yet valid");
    }
}
