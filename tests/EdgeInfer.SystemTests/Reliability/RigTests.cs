using System.Text;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The tools of these tests do what they say, with programs that are not the agent.</summary>
[Collection(StorageTests.Name)]
public sealed class RigTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_power_cut_keeps_what_was_synced_and_nothing_else(bool hasJournal)
    {
        await using LoopVolume volume = await LoopVolume.Create(_folder.Path, new VolumeKind(hasJournal));
        string kept = Path.Combine(volume.Mount, "kept"), lost = Path.Combine(volume.Mount, "lost");
        await Dd(kept, "conv=fsync", null);
        await Dd(lost, "status=none", null);
        await volume.Cut();
        Assert.Equal(65536, new FileInfo(kept).Length);
        Assert.True(new FileInfo(lost) is { Exists: false } or { Length: 0 }, "an unsynced file has survived");
    }

    [Fact]
    public async Task A_sync_that_is_left_out_is_told_as_done_and_costs_the_file()
    {
        await using LoopVolume volume = await LoopVolume.Create(_folder.Path);
        using StorageFaults faults = new(_folder.Path, volume.Mount);
        string file = Path.Combine(volume.Mount, "file");
        faults.Set(new(StorageAction.Pretend, StorageCalls.FileSync, 1, 1));
        Assert.Equal(0, await Dd(file, "conv=fsync", faults));
        Assert.Equal(1, faults.Done);
        Assert.Contains(faults.Calls(), static call => call is { Kind: "sync", Name: "file" });
        await volume.Cut();
        Assert.True(new FileInfo(file) is { Exists: false } or { Length: 0 }, "the file has survived");
    }

    [Fact]
    public async Task A_call_fails_or_kills_when_its_turn_comes_and_not_before()
    {
        using StorageFaults faults = new(_folder.Path, _folder["tree"]);
        Directory.CreateDirectory(_folder["tree"]);
        faults.Set(new(StorageAction.Fail, StorageCalls.Write, 3, 3, Errno: 28));
        Assert.NotEqual(0, await Dd(_folder["tree/a"], "status=none", faults));
        Assert.Equal(2 * 4096, new FileInfo(_folder["tree/a"]).Length);
        faults.Set(new(StorageAction.KillAfter, StorageCalls.Write, 2, 2));
        Assert.Equal(128 + 9, await Dd(_folder["tree/b"], "status=none", faults));
        Assert.Equal(2 * 4096, new FileInfo(_folder["tree/b"]).Length);
        faults.Set(new(StorageAction.Tear, StorageCalls.Write, 2, 2));
        Assert.Equal(128 + 9, await Dd(_folder["tree/c"], "status=none", faults));
        Assert.Equal(4096 + 2048, new FileInfo(_folder["tree/c"]).Length);
        faults.Clear();
        Assert.Equal(0, await Dd(_folder["tree/d"], "status=none", faults));
    }

    [Theory]
    [InlineData("mqttv5")]
    [InlineData("mqttv311")]
    public async Task The_judge_has_what_it_has_acknowledged_and_more_only_when_it_died_before_answering(string version)
    {
        using JudgeBroker judge = new();
        Assert.NotEqual(0, (await Publish(judge, version, "nobody is there")).ExitCode);
        judge.Up();
        Assert.Equal(0, (await Publish(judge, version, "one")).ExitCode);
        judge.DownAt(1, beforeAnswer: true);
        await using (ChildProcess publisher = ChildProcess.Start(Peer.Program("mosquitto_pub"), Arguments(judge, version, "two")))
        {
            await publisher.ExitWithin(TimeSpan.FromSeconds(1));
            Assert.False(judge.IsUp);
        }

        Assert.Equal([("one", true), ("two", false)], judge.Arrivals(0).Select(static a => (Encoding.UTF8.GetString(a.Payload), a.IsAcknowledged)));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<int> Dd(string file, string how, StorageFaults? faults)
    {
        await using ChildProcess dd = ChildProcess.Start("/bin/sh", ["-c", "dd if=/dev/zero of=\"$0\" bs=4096 count=16 \"$1\"", file, how], faults?.Environment);
        return await dd.Exit(ChildProcess.Patience);
    }

    private static Task<(int ExitCode, string Output)> Publish(JudgeBroker judge, string version, string text)
        => ChildProcess.Run(Peer.Program("mosquitto_pub"), Arguments(judge, version, text));

    private static string[] Arguments(JudgeBroker judge, string version, string text)
        => ["-h", "127.0.0.1", "-p", $"{judge.Port}", "-V", version, "-q", "1", "-t", "a/b", "-m", text];
}
