using System.Diagnostics;
using System.Text.RegularExpressions;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The agents of <see cref="FlashWriteTests"/>, all watched in the same seconds: each is judged by what its own process does.</summary>
public sealed class FlashWatch : IAsyncLifetime
{
    private static int Seconds => Campaign.IsFull ? 60 : 10;

    internal Task<Writes> Online { get; private set; } = null!;

    internal Task<Writes> Silent { get; private set; } = null!;

    internal Task<Writes> OfflineNormal { get; private set; } = null!;

    internal Task<Writes> OfflineDurable { get; private set; } = null!;

    /// <inheritdoc/>
    public ValueTask InitializeAsync()
    {
        Online = OfOnline("every", static rig => rig.Status.Until(static s => NetworkRig.Outbox(s, "delivered") > 30, "messages flow"));
        Silent = OfOnline("off", Writes.StartIsWritten);
        OfflineNormal = OfOffline("normal");
        OfflineDurable = OfOffline("durable");
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
        => await Task.WhenAll(Online, Silent, OfflineNormal, OfflineDurable).ContinueWith(static _ => { }, TaskScheduler.Default);

    private static async Task<Writes> OfOnline(string publish, Func<NetworkRig, Task> begun)
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using NetworkRig rig = new(new() { Broker = broker.Url, FramesPerSecond = 15, Publish = publish });
        rig.Start();
        await rig.Connected();
        await begun(rig);
        Writes writes = await Writes.Of(rig, Seconds);
        await rig.Stop();
        return writes;
    }

    private static async Task<Writes> OfOffline(string delivery)
    {
        await using NetworkRig rig = new(new() { Broker = $"mqtt://127.0.0.1:{Mosquitto.FreePort()}", FramesPerSecond = 15, Pipeline = $"    delivery: {delivery}" });
        await rig.Start().Line("runs as press-3");
        await rig.Status.Until(static s => NetworkRig.Outbox(s, "stored") > 30, "what is made goes to the disk");
        Writes writes = await Writes.Of(rig, Seconds);
        await rig.Stop();
        return writes;
    }
}

/// <summary>What was written within some seconds.</summary>
internal sealed partial record Writes(int Seconds, int Syncs, long Bytes, long Messages)
{
    /// <summary>
    /// Waits for a second in which nothing is written: what a start writes (its number, the outbox's tables, who is told of the line) is then on the
    /// disk, and on a slow one that is long after the line is there.
    /// </summary>
    public static async Task StartIsWritten(NetworkRig rig)
    {
        long seen = -1;
        Stopwatch quiet = Stopwatch.StartNew();
        await rig.Status.Until(
            _ =>
            {
                long written = NetworkRig.Proc(rig.Process.Id, "io", "write_bytes");
                if (written != seen) quiet.Restart();
                seen = written;
                return quiet.Elapsed > TimeSpan.FromSeconds(1);
            },
            "what the start writes is written");
    }

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
