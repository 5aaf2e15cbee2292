using System.Globalization;
using System.Text.RegularExpressions;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What the outbox writes to flash, by the kernel's count (<c>/proc/PID/io</c>) and by strace's.</summary>
[Collection(Alone.Name)]
public sealed partial class FlashWriteTests
{
    private static int Seconds => Campaign.IsFull ? 60 : 10;

    [Fact]
    public async Task Nothing_is_written_while_the_line_keeps_up()
    {
        Campaign campaign = Campaign.Of("writes-online", 1, 1);
        await using Mosquitto broker = await Mosquitto.Start();
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 15 });
        rig.Start();
        await rig.Connected();
        await rig.Status.Until(s => NetworkRig.Outbox(s, "delivered") > 30, "messages flow");
        Writes writes = await Writes.Of(rig, Seconds);
        campaign.Report($"{writes}");
        Assert.True(writes.Messages > 5 * Seconds, $"{writes}");
        Assert.Equal((0, 0), (writes.Syncs, writes.Bytes));
        await rig.Stop();
    }

    [Fact]
    public async Task Nothing_is_written_while_there_is_nothing_to_say()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 15, Publish = "off" });
        rig.Start();
        await rig.Connected();
        Writes writes = await Writes.Of(rig, Seconds);
        Assert.Equal((0, 0), (writes.Syncs, writes.Bytes));
        await rig.Stop();
    }

    [Theory]
    [InlineData("normal", 1.0)]
    [InlineData("durable", 20.0)]
    public async Task While_offline_syncs_are_shared(string delivery, double syncsPerSecond)
    {
        Campaign campaign = Campaign.Of($"writes-offline-{delivery}", 1, 1);
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{Mosquitto.FreePort()}", FramesPerSecond = 15, Pipeline = $"    delivery: {delivery}" });
        await rig.Start().Line("runs as press-3");
        await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 30, "what is made goes to the disk");
        Writes writes = await Writes.Of(rig, Seconds);
        campaign.Report(string.Create(CultureInfo.InvariantCulture, $"{writes}, {(double)writes.Bytes / writes.Messages:0} bytes a message"));
        Assert.True(writes.Messages > 5 * Seconds, $"{writes}");
        // A window of ten seconds may hold eleven ends of a second.
        Assert.InRange(writes.Syncs, 1, (int)(syncsPerSecond * Seconds) + 1);
        await rig.Stop();
    }

    /// <summary>What was written within some seconds.</summary>
    private sealed partial record Writes(int Seconds, int Syncs, long Bytes, long Messages)
    {
        /// <summary>Watches an agent.</summary>
        public static async Task<Writes> Of(NetworkRig rig, int seconds)
        {
            string trace = rig.Folder["syncs"];
            int id = rig.Process.Id;
            await using ChildProcess strace = ChildProcess.Start(Peer.Program("strace"), ["-f", "-p", $"{id}", "-e", "trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync", "-o", trace]);
            await strace.Line("attached");
            int before = Count(trace);
            long bytes = NetworkRig.Proc(id, "io", "write_bytes"), messages = await rig.Accepted();
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            Writes writes = new(seconds, 0, NetworkRig.Proc(id, "io", "write_bytes") - bytes, await rig.Accepted() - messages);
            writes = writes with { Syncs = Count(trace) - before };
            strace.Signal(2);
            await strace.Exit(ChildProcess.Patience);
            return writes;
        }

        /// <inheritdoc/>
        public override string ToString() => $"{Syncs} syncs and {Bytes} bytes in {Seconds} s, of {Messages} messages";

        private static int Count(string trace) => File.Exists(trace) ? File.ReadLines(trace).Count(l => Call().IsMatch(l)) : 0;

        // A call that another thread's interrupts is told in two lines.
        [GeneratedRegex(@"^\d+ +(f(data)?sync|sync\w*|msync)\(")]
        private static partial Regex Call();
    }
}
