using System.Text;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Moments at which a promise was given and the power fails; each says what was broken, nothing where all was kept.</summary>
/// <param name="kind">The file system.</param>
/// <param name="removal">The call that does nothing; null for none.</param>
internal sealed class SyncScenarios(VolumeKind kind, StorageFault? removal)
{
    /// <summary>A result of this start was published, then the power failed: its start number must not be used again.</summary>
    public Task<List<string>> StartNumber() => Run(new DeviceLoad(FilmFps: 0), async (device, judge, volume, faults) =>
    {
        judge.Up();
        device.Start();
        await Hears(device, judge, 1);
        // Killed: its log stays, so that the next start makes no new file, whose sync would take the folder along on ext4.
        await device.Kill();
        await volume.Sync();
        Arm(device);
        device.Start();
        await Hears(device, judge, 2);
        await Cut(device, volume, faults);
    });

    /// <summary>Results are on the disk, as the agent says, then the power failed.</summary>
    public Task<List<string>> Offline() => Run(new DeviceLoad(), async (device, _, volume, faults) =>
    {
        Arm(device);
        device.Start();
        await Stores(device, 150);
        await Cut(device, volume, faults);
    });

    /// <summary>The version of the state was noted, then the power failed: an older program would not know whose results these are.</summary>
    public Task<List<string>> Version() => Run(new DeviceLoad(), async (device, _, volume, faults) =>
    {
        Arm(device);
        device.Start();
        await Stores(device, 60);
        await Cut(device, volume, faults);
        string path = Path.Combine(device.StateFolder, "version");
        if (!File.Exists(path) || await File.ReadAllTextAsync(path) != $"{EdgeInfer.Durability.StateVersion.Current}\n") faults.Add("results are there, and the version of the state is not");
    });

    /// <summary>As the other, but the state folder is there already, and nothing in it is new.</summary>
    public Task<List<string>> OfflineAgain() => Run(new DeviceLoad(), async (device, _, volume, faults) =>
    {
        device.Start();
        await Stores(device, 20);
        await device.Stop();
        await volume.Sync();
        Arm(device);
        device.Start();
        await Stores(device, 200);
        await Cut(device, volume, faults);
    });

    /// <summary>The agent was stopped in peace, another program synced a file of its own, then the power failed.</summary>
    public Task<List<string>> Stop() => Run(new DeviceLoad(), async (device, _, volume, faults) =>
    {
        device.Start();
        await Stores(device, 150);
        Arm(device);
        await Cut(device, volume, faults, isStopped: true, isJournalCommitted: true);
    });

    /// <summary>The log was merged into the database and begun anew, another program synced, then the power failed.</summary>
    public Task<List<string>> Checkpoint() => Run(new DeviceLoad(BeltFps: 100, FilmFps: 100), async (device, _, volume, faults) =>
    {
        Arm(device);
        device.Start();
        for (int i = 0; i < 600 && Merges(device) == 0; i++) await Task.Delay(100);
        if (Merges(device) == 0) faults.Add("the log was never merged");
        await Task.Delay(1200);
        await Cut(device, volume, faults, isJournalCommitted: true);
    });

    /// <summary>A database that is none was set aside and another begun; results are in that one, then the power failed.</summary>
    public Task<List<string>> SetAside() => Run(new DeviceLoad(), async (device, _, volume, faults) =>
    {
        device.Start();
        await Stores(device, 60);
        await device.Stop();
        File.WriteAllText(Path.Combine(device.StateFolder, "outbox.db"), string.Join('\n', Enumerable.Repeat("not a database", 999)));
        await volume.Sync();
        Arm(device);
        device.Start();
        await Stores(device, 100);
        await Cut(device, volume, faults);
        if (Directory.GetFiles(device.StateFolder, "outbox.db.broken-*").Length == 0) faults.Add("what was set aside is gone");
    });

    /// <summary><c>model add</c> has said that the model is there, then the power failed.</summary>
    public Task<List<string>> ModelAdd(bool isReplaced) => Run(new DeviceLoad(), async (device, judge, volume, faults) =>
    {
        string models = Path.Combine(volume.Mount, "state", "models");
        string source = device.ModelFolder;
        if (isReplaced)
        {
            await Add(device, source, models);
            await volume.Sync();
            await File.AppendAllTextAsync(Path.Combine(source, "model.yaml"), "\nthreshold: 0.5\n");
        }

        Arm(device);
        await Add(device, source, models);
        device.Faults.Clear();
        await volume.Cut();
        foreach (string file in Directory.GetFiles(source))
        {
            string copy = Path.Combine(models, "pulse", Path.GetFileName(file));
            if (!File.Exists(copy)) faults.Add($"{copy} is gone");
            else if (!File.ReadAllBytes(copy).AsSpan().SequenceEqual(File.ReadAllBytes(file))) faults.Add($"{copy} is not what was added");
        }

        // Its other half: a device that is settled.
        judge.Up();
    });

    /// <summary>The state of a setting was published as at work, then the power failed.</summary>
    public Task<List<string>> Setting() => Run(new DeviceLoad(), async (device, judge, volume, faults) =>
    {
        await Base(device, judge, volume);
        Arm(device);
        device.Start();
        await Hears(device, judge, 2);
        judge.Send("edgeinfer/press-3/belt/set/interval", "0.025");
        await State(judge, "edgeinfer/press-3/belt/state/interval", "0.025", "set");
        await Cut(device, volume, faults);
        int from = judge.Arrivals(0).Count;
        device.Start();
        await Hears(device, judge, 3);
        Arrival? state = judge.Arrivals(from).LastOrDefault(static a => a.Topic == "edgeinfer/press-3/belt/state/interval");
        if (state is null || !Encoding.UTF8.GetString(state.Payload).Contains("0.025", StringComparison.Ordinal)) faults.Add("what was set, and said to be at work, is forgotten");
        await device.Stop();
    });

    /// <summary>A restart was done under an id, then the power failed: the same id must not restart again.</summary>
    public Task<List<string>> RestartCommand() => Run(new DeviceLoad(), async (device, judge, volume, faults) =>
    {
        await Base(device, judge, volume);
        Arm(device);
        device.Start();
        await Hears(device, judge, 2);
        judge.Send("edgeinfer/press-3/cmd/restart", "{\"id\":\"r1\"}");
        await Hears(device, judge, 3);
        await Cut(device, volume, faults);
        device.Start();
        await Hears(device, judge, 4);
        int from = judge.Arrivals(0).Count;
        judge.Send("edgeinfer/press-3/cmd/restart", "{\"id\":\"r1\"}");
        await Until(() => judge.Arrivals(from).Any(static a => a.Topic == "edgeinfer/press-3/cmd/restart/result"), "the repeated command is answered");
        await Task.Delay(1500);
        if (judge.Arrivals(from).Select(device.KeyOf).Any(static key => key is { Boot: > 4 })) faults.Add("a restart was done twice under one id");
        await device.Stop();
    });

    /// <summary>Retained topics were published, then the power failed: the next start, with a pipeline less, clears its topics.</summary>
    public Task<List<string>> RetainedTopics() => Run(new DeviceLoad(), async (device, judge, volume, faults) =>
    {
        device.LeaveFilmOut = true;
        await Base(device, judge, volume);
        Arm(device);
        device.LeaveFilmOut = false;
        device.Start();
        await Hears(device, judge, 2);
        await Until(() => judge.Arrivals(0).Any(static a => a.Topic == "edgeinfer/press-3/film/status"), "the pipeline's status");
        await Cut(device, volume, faults);
        int from = judge.Arrivals(0).Count;
        device.LeaveFilmOut = true;
        device.Start();
        await Hears(device, judge, 3);
        await Task.Delay(500);
        if (!judge.Arrivals(from).Any(static a => a is { Topic: "edgeinfer/press-3/film/status", Payload.Length: 0 })) faults.Add("a stale topic was not cleared");
        await device.Stop();
        device.LeaveFilmOut = false;
    });

    // A start that everything is on the disk of.
    private static async Task Base(Device device, JudgeBroker judge, LoopVolume volume)
    {
        judge.Up();
        device.Start();
        await Hears(device, judge, 1);
        await device.Stop();
        await volume.Sync();
    }

    private static Task State(JudgeBroker judge, string topic, params string[] words)
        => Until(() => judge.Arrivals(0).Any(a => a.Topic == topic && words.All(w => Encoding.UTF8.GetString(a.Payload).Contains(w, StringComparison.Ordinal))), $"{topic} with {string.Join(", ", words)}");

    private static async Task Until(Func<bool> holds, string what)
    {
        for (int i = 0; i < 300; i++)
        {
            if (holds()) return;
            await Task.Delay(50);
        }

        Assert.Fail($"{what}: did not come");
    }

    private static int Merges(Device device) => device.Faults.Calls().Count(static c => c is { Kind: "write", Name: "outbox.db" });

    private static async Task Add(Device device, string source, string models)
    {
        await using ChildProcess adding = ChildProcess.Start(PublishedBinary.Path, ["model", "add", source, "--name", "pulse", "--models-dir", models], device.Faults.Environment);
        int code = await adding.Exit(ChildProcess.Patience);
        Assert.True(code == 0, adding.Output);
    }

    private static Task Stores(Device device, int count) => device.Says($"{count} results are on the disk", status => OutboxStatus.Of(status).Stored >= count);

    private static async Task Hears(Device device, JudgeBroker judge, long boot)
    {
        await Until(() => judge.Arrivals(0).Select(device.KeyOf).Any(key => key is { } known && known.Boot >= boot), $"a result of start {boot}");
        device.Hear();
    }

    private static async Task Cut(Device device, LoopVolume volume, List<string> faults, bool isStopped = false, bool isJournalCommitted = false)
    {
        OutboxReading before = isStopped ? await device.Stop() : await device.Kill();
        if (isJournalCommitted) await volume.CommitJournal();
        device.Faults.Clear();
        await volume.Cut(device.LoseMemory);
        OutboxReading after = await device.Read();
        HashSet<MessageKey> ring = [.. before.Ring], survived = [.. after.Store];
        List<MessageKey> gone = [.. before.Store.Where(key => !ring.Contains(key) && !survived.Contains(key) && !device.Ledger.IsAcknowledged(key))];
        if (gone.Count > 0) faults.Add($"on the disk, as the agent believed, and gone: {Ledger.Ranges(gone)}");
    }

    private void Arm(Device device)
    {
        if (removal is not null) device.Faults.Set(removal);
    }

    private async Task<List<string>> Run(DeviceLoad load, Func<Device, JudgeBroker, LoopVolume, List<string>, Task> live)
    {
        List<string> faults = [];
        using TestFolder folder = new();
        using JudgeBroker judge = new();
        await using LoopVolume volume = await LoopVolume.Create(folder.Path, kind);
        await using Device device = new(folder, judge, load, stateFolder: Path.Combine(volume.Mount, "state"));
        try
        {
            await live(device, judge, volume, faults);
        }
        catch (Xunit.Sdk.XunitException e) when (removal is not null)
        {
            faults.Add(e.Message.Split('\n')[0].Split(';')[0]);
            return faults;
        }

        if (removal is not null && device.Faults.Done == 0) throw new InvalidOperationException($"{removal} met no call; calls were:\n{string.Join('\n', device.Faults.Calls())}");

        // Broken already: what is gone would be waited for in vain.
        if (removal is not null && faults.Count > 0) return faults;

        // What it does with what is left: new results, and the old ones delivered or declared.
        judge.Up();
        device.Start();
        await device.Says("it goes on after the power cut", static status => OutboxStatus.Of(status).Accepted > 20);
        await device.Stop();
        device.Hear();
        try
        {
            await device.Settle();
        }
        catch (Xunit.Sdk.XunitException e)
        {
            faults.Add(e.Message.Split('\n')[0]);
        }

        faults.AddRange(device.Ledger.Close(new Allowance { LateOrders = 2, Duplicates = 3 * (KillTests.InFlight + KillTests.Batch) }).Faults);
        // A loss that a damaged database made is declared, and still one that a sync would have spared.
        faults.AddRange(device.Ledger.Gaps.Where(static gap => gap.Reason == "store_broken" && gap.Boot > 1).Select(static gap => $"{gap}"));
        return faults;
    }
}
