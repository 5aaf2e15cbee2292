using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>
/// Each sync and each rename of the store of managed models is there for a reason: left out, a power cut breaks a promise and the tests see it.
/// What another one makes up for is named, with which.
/// </summary>
[Collection(ManagedStoreTests.Name)]
public sealed class StoreSyncTests(ReleaseShelf shelf) : IDisposable
{
    private readonly TestFolder _folder = new();

    /// <summary>Names of what is left out, a few of them in everyday runs; EDGEINFER_RELIABILITY_ONLY takes those that begin with it.</summary>
    public static TheoryData<string> Removals
        => [.. StoreSyncSite.All.Where(static s => Campaign.IsFull || s.IsSampled).Select(static s => s.Name).Where(static n => n.StartsWith(Environment.GetEnvironmentVariable("EDGEINFER_RELIABILITY_ONLY") ?? "", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Removals))]
    public async Task Left_out_it_breaks_a_promise(string name)
    {
        StoreSyncSite site = StoreSyncSite.All.Single(s => s.Name == name);
        // What is spared on one file system may not be on the other.
        VolumeKind[] kinds = site.Spares is null ? [site.Volume] : site.IsSetAside ? [new(), new(IsWriteback: true)] : [new(), new(IsWriteback: true), new(HasJournal: false)];
        List<string> broken = [];
        // What another sync may take along in time shows not each time.
        foreach (VolumeKind kind in kinds)
            for (int i = 0; i < (site.Spares is null ? 3 : 1) && broken.Count == 0; i++) broken = await Play(site, kind, site.Removal);
        Campaign.Of($"update-fsync-{name.Replace(' ', '-').Replace(",", "", StringComparison.Ordinal)}", 1, 1).Report(broken.Count == 0 ? $"nothing failed: {site.Spares}" : broken[0].Split('\n')[0]);
        if (site.Spares is null) Assert.True(broken.Count > 0, $"without {name} everything still held");
        else Assert.True(broken.Count == 0, $"it was said to be spared ({site.Spares}): {string.Join('\n', broken)}");
    }

    [Fact]
    public async Task Left_in_they_keep_every_promise()
    {
        Assert.SkipUnless(Campaign.IsFull, "the power cuts of everyday runs show the same");
        List<string> faults = [];
        foreach (VolumeKind kind in new VolumeKind[] { new(), new(IsWriteback: true), new(HasJournal: false) })
        {
            foreach (StoreSyncSite site in StoreSyncSite.All.DistinctBy(static s => s.Operation))
                faults.AddRange((await Play(site, kind, null)).Select(fault => $"{site.Operation}, {kind}: {fault}"));
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task Every_place_that_syncs_or_renames_is_in_the_table_and_strace_sees_the_same()
    {
        List<string> unknown = [];
        foreach (string name in Campaign.IsFull ? StoreOperation.Names : ["apply"])
        {
            StoreOperation operation = StoreOperation.Of(name, shelf);
            await using ManagedDevice device = new(shelf, _folder[name]);
            string traced = _folder[$"{name}.strace"];
            device.Wrapper = [Peer.Program("strace"), "-D", "-f", "-y", "-qq", "-s", "300", "-o", traced, "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,mkdir,mkdirat,fchmod,chmod"];
            await operation.Arrange(device);
            await operation.Complete(device);
            await device.Ends(TimeSpan.FromSeconds(1));
            await device.Kill();
            IReadOnlyList<StorageCall> calls = device.Faults.Calls();
            string[] parts = [.. device.Faults.Environment["FAULTS_TREES"].Split(':')];
            string[] byStrace = [.. File.ReadLines(traced).Select(SyncRemovalTests.Traced).OfType<string>().Where(path => parts.Any(part => path.StartsWith(part, StringComparison.Ordinal)))];
            string[] byLibrary = [.. calls.Where(static c => c.Kind is "sync" or "sync-folder" or "rename" or "unlink" or "mkdir" or "mode").Select(static c => c.Path)];
            Assert.Equal(SyncRemovalTests.Counts(byStrace), SyncRemovalTests.Counts(byLibrary));
            unknown.AddRange(calls.Where(c => c.Kind is "sync" or "sync-folder" or "rename" && !StoreSyncSite.All.Any(s => s.Meets(c))).Select(c => $"{name}: {c.Kind} {c.Path[device.StateFolder.Length..]}").Distinct());
        }

        Assert.True(unknown.Count == 0, $"not in the table of syncs:\n{string.Join('\n', unknown)}");
    }

    public void Dispose() => _folder.Dispose();

    // Nothing was there before but what was synced; what was reported is held against the disk behind the cut.
    private async Task<List<string>> Play(StoreSyncSite site, VolumeKind kind, StorageFault? removal)
    {
        string own = Directory.CreateDirectory(_folder[$"{Guid.NewGuid():N}"]).FullName;
        await using LoopVolume volume = await LoopVolume.Create(own, kind);
        StoreOperation operation = StoreOperation.Of(site.Operation, shelf);
        await using ManagedDevice device = new(shelf, Path.Combine(own, "device"), Path.Combine(volume.Mount, "state"));
        await operation.Arrange(device);
        if (!Directory.Exists(device.StateFolder)) Directory.CreateDirectory(device.StateFolder);
        await volume.Sync();
        if (removal is not null) device.Faults.Set(removal);
        StoreLife life = await operation.Attempt(device, TimeSpan.FromSeconds(20));
        if (!life.IsReached && removal is not null) return [$"it is not done: {device.Said}"];
        string said = await device.Kill();
        device.Faults.Clear();
        await volume.Cut();
        device.ForgetMemory();
        List<string> broken = [.. operation.Broken(StoreReading.Of(shelf, device.StateFolder), life, said)];
        if (broken.Count == 0) broken.AddRange(await StoreJudging.NextTry(operation, device, shelf));
        return broken;
    }
}

/// <summary>One place of the store that syncs or renames.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Kind">As the library of faults names it.</param>
/// <param name="Part">Of its path; with a <c>$</c> behind it, its end.</param>
/// <param name="Operation">Where its lack shows.</param>
internal sealed record StoreSyncSite(string Name, string Kind, string Part, string Operation)
{
    private const string Copy = "a whole commit point needs no copy, and the next start brings it up to date";
    private const string Fetched = "a generation has names of its own of its files, and what is lacking is fetched again";
    private const string Along = "ext4 takes the folder of what is new along when that is synced; POSIX does not promise it";
    private const string Note = "a part without it is fetched from its beginning";
    private const string Leaves = "what is back is removed by the next collection";
    private static readonly VolumeKind s_bare = new(HasJournal: false);
    private static readonly VolumeKind s_usual = new();

    /// <summary>Where its lack shows.</summary>
    public VolumeKind Volume { get; init; } = s_bare;

    /// <summary>What makes up for it, where its lack does not show; null where it does.</summary>
    public string? Spares { get; init; }

    /// <summary>Whether ext4 without a journal may leave whatever it likes in its place, which is set aside and said.</summary>
    public bool IsSetAside { get; init; }

    /// <summary>Whether everyday runs try it.</summary>
    public bool IsSampled { get; init; }

    /// <summary>The call, each time, does nothing.</summary>
    public StorageFault Removal => new(StorageAction.Pretend, new StorageSite(Kind, Part, false).Calls, 1, int.MaxValue, Part: Part);

    /// <summary>Whether a call is one of this place.</summary>
    public bool Meets(StorageCall call) => call.Kind == Kind && (Part.EndsWith('$') ? call.Path.EndsWith(Part[..^1], StringComparison.Ordinal) : call.Path.Contains(Part, StringComparison.Ordinal));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<StoreSyncSite> All { get; } =
    [
        new("commit point, content", "sync", "/slots.json.new$", "apply"),
        new("commit point, rename", "rename", "/slots.json$", "apply") { Volume = s_usual, IsSampled = true },
        new("commit point, name", "sync-folder", "/models/parts$", "apply") { Spares = "the sync of the copy, a moment later, takes the folder along on ext4" },
        new("copy of the commit point, content", "sync", "/slots.json.copy.new$", "apply") { Spares = Copy },
        new("copy of the commit point, rename", "rename", "/slots.json.copy$", "apply") { Spares = Copy },
        new("job, content", "sync", "/jobs/parts.json.new$", "apply") { Spares = "a job tells, and decides nothing: a torn one is set aside, and said", IsSetAside = true },
        new("job, rename", "rename", "/jobs/parts.json$", "apply") { Spares = "a job tells, and decides nothing: the release begins anew" },
        new("job, name", "sync-folder", "/jobs$", "apply") { Spares = "as its rename", IsSetAside = true },
        new("refusal, content", "sync", "/refused/parts.json.new$", "rollback"),
        new("refusal, rename", "rename", "/refused/parts.json$", "rollback") { Volume = s_usual },
        new("refusal, name", "sync-folder", "/refused$", "rollback"),
        new("fetched file, content", "sync", ".part$", "apply") { Spares = "the generation's files are the same ones, and are synced before it has a name" },
        new("fetched file, rename", "rename", "/blobs/sha256/", "apply") { Volume = s_usual },
        new("fetched file, new folder", "sync-folder", "/blobs/sha256$", "apply") { Spares = Fetched },
        new("fetched file, old folder", "sync-folder", "/staging$", "apply") { Spares = "what is back there is removed by the next collection" },
        new("note of a part, content", "sync", ".part.json.new$", "apply") { Spares = Note },
        new("note of a part, rename", "rename", ".part.json$", "apply") { Spares = Note },
        new("generation, files", "sync", "/staging/parts/gen/", "apply") { Volume = s_usual },
        new("generation, folders", "sync-folder", "/staging/parts/gen/", "apply") { Spares = Along },
        new("generation, where it was built", "sync-folder", "/staging/parts/gen$", "apply") { Spares = "with a journal a move is whole; without one, the check finds it by its new name first, or by chance" },
        new("generation, second names", "rename", "/staging/parts/gen/", "apply") { Volume = s_usual },
        new("generation, rename", "rename", "/models/parts/gen/", "apply") { Volume = s_usual },
        new("generation, name", "sync-folder", "/models/parts/gen$", "apply"),
        new("generation leaves, rename", "rename", "/staging/parts/old/", "collect") { Spares = Leaves },
        new("generation leaves, folder", "sync-folder", "/staging/parts/old$", "collect") { Spares = Leaves },
        new("folders of the store, models", "sync-folder", "/models$", "install") { Spares = Along },
        new("folders of the store, fetched files", "sync-folder", "/blobs$", "install") { Spares = Fetched },
        new("folders of the store, quarantine", "sync-folder", "/blobs/quarantine$", "install") { Spares = "nothing counts on what is damaged" },
        new("trust, content", "sync", "/tuf/", "apply"),
        new("trust, rename", "rename", "/tuf/", "apply") { Volume = s_usual },
        new("trust, name", "sync-folder", "/tuf", "apply"),
    ];
}
