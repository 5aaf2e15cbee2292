using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>A line that is down for so long that the quota overruns many times: memory, gaps, the drain, and the live messages beside it.</summary>
[Collection(Alone.Name)]
public sealed class LongOfflineTests
{
    private const int LateOnes = 1000;

    [Fact]
    public async Task A_quota_that_overruns_eight_times_costs_declared_gaps_and_neither_memory_nor_time()
    {
        Campaign campaign = Campaign.Of("long-offline", 20_000, 1_000_000);
        bool isLong = campaign.Count > 100_000;
        await using Mosquitto broker = await Mosquitto.Start("max_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true");
        await using Link link = new(broker.Port, isOpaque: true);
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new()
        {
            Broker = $"mqtt://127.0.0.1:{link.Port}",
            FramesPerSecond = 1000,
            Pipelines = isLong ? 2 : 1,
            Outbox = $"  size: {(isLong ? 48 : 1)}MiB\n  rate: {(isLong ? 2000 : 500)}",
        });
        rig.Start();
        await rig.Connected();
        await rig.Status.Until(s => NetworkRig.Outbox(s, "accepted") > 4000, "a few seconds of live messages");
        double alone = Median(consumer.Arrivals.Predictions[^2000..]);

        link.Strike(LinkEnd.Reset);
        List<long> memory = await Offline(rig, campaign.Count);
        int before = consumer.Arrivals.Count;
        link.Heal();
        await rig.Status.Until(s => NetworkRig.BrokerState(s) == "connected", "connected again", TimeSpan.FromSeconds(90));
        DateTime connected = Now();
        JsonElement status = await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") == 0, "the backlog is gone", TimeSpan.FromSeconds(600));
        Received[] meanwhile = consumer.Arrivals.Predictions[before..];

        // By when they were made: what the quota leaves may be younger than what counts as history.
        Received[] late = [.. meanwhile.Where(r => r.CapturedAt < connected)];
        Received[] live = [.. meanwhile.Where(r => r.CapturedAt > connected)];
        Assert.True(late.Length > 100, $"{late.Length} late ones of {meanwhile.Length}");
        Balance balance = await Nothing.IsLost(rig, consumer.Arrivals, null, "long offline");

        Assert.True(balance.Declared > campaign.Count * 7 / 8, $"{balance.Declared} of {campaign.Count} overran the quota: less than seven eighths");
        // At two thousand a second the ring holds an eighth of a second: a commit that takes longer costs some of them.
        DeclaredGap[] overloads = [.. consumer.Arrivals.Declared().Where(static g => g.Reason == "overload")];
        long overloaded = overloads.Sum(static g => g.To!.Value - g.From!.Value + 1);
        Assert.All(consumer.Arrivals.Declared().Except(overloads), static g => Assert.Equal("quota", g.Reason));
        Assert.True(overloaded <= (isLong ? campaign.Count / 1000 : 0), $"{overloaded} came faster than the disk");
        // What was on its way when the line broke may have arrived and be declared all the same.
        Assert.InRange(NetworkRig.Outbox(status, "lost") - balance.Declared, 0, 16);
        double draining = Median([.. live.Where(r => r.Timestamp > late[0].Timestamp && r.Timestamp < late[^1].Timestamp)]);
        List<double> thousands = Thousands(late);
        campaign.Report(string.Create(CultureInfo.InvariantCulture,
            $"{balance}, {overloaded} of them for overload; RSS {Early(memory):0} kB in the first quarter, {memory.Max()} kB at most; live p50 {alone:0.00} ms alone, {draining:0.00} ms while {late.Length} late ones drained; seconds per thousand of those {string.Join(' ', thousands.Select(t => t.ToString("0.00", CultureInfo.InvariantCulture)))}"));
        Assert.True(memory.Max() < Early(memory) + 6 * 1024, $"RSS grew from {Early(memory)} to {memory.Max()} kB");
        Assert.True(draining <= Math.Max(2 * alone, alone + 2), $"live p50 {alone:0.00} ms alone, {draining:0.00} ms while draining");
        Assert.True(thousands.Count < 2 || thousands.Max() < 2 * thousands.Order().ElementAt(thousands.Count / 2), $"the drain is not linear: {string.Join(' ', thousands)}");
    }

    // Memory once a second until so many more have been accepted.
    private static async Task<List<long>> Offline(NetworkRig rig, int count)
    {
        long upTo = await rig.Accepted() + count;
        List<long> memory = [];
        while (await rig.Accepted() < upTo)
        {
            memory.Add(NetworkRig.Proc(rig.Process.Id, "status", "VmRSS"));
            Assert.NotEqual("connected", await rig.Status.BrokerState());
            await Task.Delay(500);
        }

        return memory;
    }

    private static DateTime Now() => TimeProvider.System.GetUtcNow().UtcDateTime;

    private static double Early(List<long> memory) => memory.Take(Math.Max(1, memory.Count / 4)).Average();

    private static double Median(Received[] messages)
    {
        double[] ages = [.. messages.Select(r => r.Age.TotalMilliseconds).Order()];
        return ages[ages.Length / 2];
    }

    private static List<double> Thousands(Received[] late)
    {
        List<double> seconds = [];
        for (int i = LateOnes; i < late.Length; i += LateOnes) seconds.Add(Stopwatch.GetElapsedTime(late[i - LateOnes].Timestamp, late[i].Timestamp).TotalSeconds);
        return seconds;
    }
}
