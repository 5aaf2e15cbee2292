using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Calls that write fail with the errno values of a worn, full, limited or read-only disk, or take half.</summary>
[Collection(StorageTests.Name)]
public sealed class StorageErrorTests : IDisposable
{
    private const int Eio = 5, Enospc = 28, Erofs = 30, Edquot = 122;
    private static readonly int[] s_errors = [Eio, Enospc, Edquot, Erofs];

    private readonly TestFolder _folder = new();
    private readonly JudgeBroker _judge = new();

    [Fact]
    public async Task Whatever_call_fails_nothing_is_lost_in_silence_and_inference_goes_on()
    {
        Campaign campaign = Campaign.Of("errno", 12, 120);
        Random random = campaign.Random;
        await using Device device = new(_folder, _judge, new DeviceLoad());
        IReadOnlyList<StorageSite> sites = await Sites(device);
        int given = 0, starts = 0;
        List<string> faults = [];
        for (int i = 0; i < campaign.Count; i++)
        {
            StorageSite site = sites[i % sites.Count];
            StorageFault fault = FaultAt(site, random);
            bool isUp = random.Next(3) == 0, isFromStart = site.IsAtStart || random.Next(2) == 0;
            if (isUp) _judge.Up();
            else _judge.Down();
            string where = $"{i}: {fault} at {site}, broker {(isUp ? "up" : "down")}, {(isFromStart ? "from the start" : "later")}";
            if (isFromStart) device.Faults.Set(fault);
            device.Start();
            starts++;
            faults.AddRange((await Suffer(device, fault, isFromStart)).Select(said => $"{where}: {said}"));
            given += device.Faults.Done;
            if (random.Next(2) == 0) await device.Kill();
            else await device.Stop();
        }

        _judge.Up();
        await device.Settle();
        Balance balance = device.Ledger.Close(new Allowance { LateOrders = 2, Duplicates = (long)starts * (KillTests.InFlight + KillTests.Batch) + (long)_judge.Connections * KillTests.InFlight });
        campaign.Report($"{given} calls failed at {sites.Count} sites, {balance}");
        faults.AddRange(balance.Faults);
        Assert.True(faults.Count == 0, $"seed {campaign.Seed}:\n  {string.Join("\n  ", faults)}");
    }

    [Fact]
    public async Task A_full_file_system_is_said_and_is_used_again_once_there_is_room()
    {
        await using LoopVolume volume = await LoopVolume.Create(_folder.Path, new VolumeKind(Megabytes: 8));
        await using Device device = new(_folder, _judge, new DeviceLoad(BeltFps: 100, FilmFps: 100), stateFolder: Path.Combine(volume.Mount, "state"));
        device.Start();
        await device.Says("the store works", static status => OutboxStatus.Of(status) is { State: "ok", Stored: > 0 });
        string filler = Path.Combine(volume.Mount, "filler");
        Fill(filler);
        string cause = OutboxStatus.Of(await device.Says("it says that the disk is full", static status => OutboxStatus.Of(status).State == "memory_only")).Cause ?? "";
        Assert.Contains("outbox", cause, StringComparison.Ordinal);
        await GoesOn(device);
        File.Delete(filler);
        await device.Says("it stores again", static status => OutboxStatus.Of(status).State == "ok");
        await device.Kill();
        _judge.Up();
        await device.Settle();
        Balance balance = device.Ledger.Close(new Allowance { LateOrders = 2, Duplicates = KillTests.InFlight + KillTests.Batch });
        Assert.True(balance.Faults.Count == 0, string.Join("\n", balance.Faults));
    }

    [Fact]
    public async Task Without_room_in_memory_for_the_ring_results_still_go_out()
    {
        string run = _folder["run"];
        Directory.CreateDirectory(run);
        await Mount("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", run);
        try
        {
            await using Device device = new(_folder, _judge, new DeviceLoad(), runFolder: run);
            File.WriteAllBytes(Path.Combine(run, "filler"), new byte[48 * 1024]);
            _judge.Up();
            device.Start();
            await device.Says("results come", static status => OutboxStatus.Of(status).Accepted > 50);
            Assert.NotNull(OutboxStatus.Of((await device.Status())!.Value).Cause);
            await device.Stop();
            Assert.Contains(_judge.Arrivals(0), a => device.KeyOf(a) is { Stream: "belt" });
        }
        finally
        {
            await Mount("umount", run);
        }
    }

    public void Dispose()
    {
        _judge.Dispose();
        _folder.Dispose();
    }

    private static async Task Mount(string program, params string[] arguments)
    {
        if (!Environment.IsPrivilegedProcess) Peer.Missing("mounting a file system needs root");
        (int code, string output) = await ChildProcess.Run(Peer.Program(program), arguments);
        Assert.True(code == 0, output);
    }

    private static void Fill(string path)
    {
        byte[] block = new byte[1024];
        try
        {
            using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true) file.Write(block);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    // Every place where an agent changes a file, from a life that has it all: no broker, then one, then the end.
    private async Task<IReadOnlyList<StorageSite>> Sites(Device device)
    {
        device.Start();
        await device.Says("it has results on the disk", static status => OutboxStatus.Of(status).Stored > 100);
        _judge.Up();
        await device.Drain();
        await device.Stop();
        _judge.Down();
        device.Start();
        await device.Says("it has results on the disk", static status => OutboxStatus.Of(status).Stored > 100);
        await device.Kill();
        HashSet<string> late = [.. device.Faults.Calls().GroupBy(static c => (c.Kind, c.Name)).Where(static g => g.Count() > 6).Select(static g => $"{g.Key.Kind} {g.Key.Name}")];
        return [.. device.Faults.Calls().Select(static c => (c.Kind, c.Name)).Distinct().Select(s => new StorageSite(s.Kind, s.Name, !late.Contains($"{s.Kind} {s.Name}")))];
    }

    private static StorageFault FaultAt(StorageSite site, Random random)
    {
        bool isHalf = site.Kind == "write" && random.Next(3) == 0;
        int from = site.IsAtStart ? 1 : random.Next(1, 8);
        int to = random.Next(2) == 0 ? from : int.MaxValue;
        return new(isHalf ? StorageAction.Half : StorageAction.Fail, site.Calls, from, to, s_errors[random.Next(s_errors.Length)], "/" + site.Name);
    }

    // The fault comes, the agent goes on, says so where it lasts, the fault ends, and it is well again.
    private static async Task<List<string>> Suffer(Device device, StorageFault fault, bool isFromStart)
    {
        List<string> faults = [];
        if (!isFromStart)
        {
            await device.Says("it runs", static status => OutboxStatus.Of(status).Accepted > 10);
            device.Faults.Set(fault);
        }

        try
        {
            await GoesOn(device);
            bool isLasting = fault is { To: int.MaxValue, Action: StorageAction.Fail } && device.Faults.Done > 0;
            OutboxStatus during = OutboxStatus.Of((await device.Status())!.Value);
            if (isLasting && during.State != "ok" && during.Cause is null) faults.Add($"it is {during.State} and does not say why");
            device.Faults.Clear();
            await device.Says("it has healed", static status => OutboxStatus.Of(status).State == "ok", TimeSpan.FromSeconds(90));
        }
        catch (Xunit.Sdk.XunitException e)
        {
            faults.Add(e.Message);
            device.Faults.Clear();
        }

        return faults;
    }

    // Results are made while storage fails.
    private static async Task GoesOn(Device device)
    {
        long before = Made(await device.Says("results are made", static status => Made(status) > 5));
        await device.Says("more results are made", status => Made(status) > before + 20, TimeSpan.FromSeconds(15));
    }

    private static long Made(System.Text.Json.JsonElement status)
        => status.GetProperty("pipelines").GetProperty("belt").TryGetProperty("results", out System.Text.Json.JsonElement results) ? results.GetInt64() : 0;
}

/// <summary>A place where an agent changes a file.</summary>
/// <param name="Kind">As the library of faults names it.</param>
/// <param name="Name">The file.</param>
/// <param name="IsAtStart">Whether it comes a few times only, at the start or the end.</param>
internal sealed record StorageSite(string Kind, string Name, bool IsAtStart)
{
    /// <summary>The kinds of calls.</summary>
    public StorageCalls Calls => Kind switch
    {
        "open" => StorageCalls.Open,
        "write" => StorageCalls.Write,
        "sync" => StorageCalls.FileSync,
        "sync-folder" => StorageCalls.FolderSync,
        "resize" => StorageCalls.Resize,
        "rename" => StorageCalls.Rename,
        "map" => StorageCalls.Map,
        "unlink" => StorageCalls.Unlink,
        "mkdir" => StorageCalls.MakeFolder,
        "mode" => StorageCalls.Mode,
        _ => StorageCalls.None,
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name}";
}
