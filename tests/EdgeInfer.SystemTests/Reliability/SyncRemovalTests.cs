using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>
/// Each sync and each rename is there for a reason: left out, a power cut breaks a promise and the tests see it. The same moments without
/// anything left out break none.
/// </summary>
[Collection(StorageTests.Name)]
public sealed class SyncRemovalTests
{
    /// <summary>Names of what is left out, a few of them in everyday runs; EDGEINFER_RELIABILITY_ONLY takes those that begin with it.</summary>
    public static TheoryData<string> Removals
        => [.. SyncSite.All.Where(static site => Campaign.IsFull || site.IsSampled).Select(static site => site.Name).Where(static name => name.StartsWith(Environment.GetEnvironmentVariable("EDGEINFER_RELIABILITY_ONLY") ?? "", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Removals))]
    public async Task Left_out_it_breaks_a_promise(string name)
    {
        SyncSite site = SyncSite.All.Single(s => s.Name == name);
        // Another file's sync may spare it by taking the folder along, where that comes in time: not each time.
        List<string> without = [];
        for (int i = 0; i < (site.IsSpared ? 1 : 5) && without.Count == 0; i++) without = await site.Play(new SyncScenarios(site.Volume, site.Removal));
        string saved = "";
        if (Campaign.IsFull && !site.Volume.HasJournal)
        {
            List<string> onJournal = await site.Play(new SyncScenarios(new VolumeKind(), site.Removal));
            saved = $"; on ext4 as usual: {(onJournal.Count == 0 ? "spared" : onJournal[0])}";
        }

        Campaign.Of($"fsync-{name.Replace(' ', '-').Replace('/', '-')}", 1, 1).Report($"{(without.Count == 0 ? "nothing failed" : without[0])}{saved}");
        if (site.IsSpared) Assert.Empty(without);
        else Assert.True(without.Count > 0, $"without {name} everything still held");
    }

    [Fact]
    public async Task Left_in_they_keep_every_promise_on_a_file_system_with_a_journal_and_on_one_without()
    {
        List<string> faults = [];
        foreach (VolumeKind kind in new[] { new VolumeKind(), new VolumeKind(HasJournal: false) })
        {
            foreach (IGrouping<string, SyncSite> sites in SyncSite.All.Where(static s => Campaign.IsFull || s.IsSampled).GroupBy(static s => s.Moment))
                faults.AddRange((await sites.First().Play(new SyncScenarios(kind, null))).Select(fault => $"{sites.Key}, {(kind.HasJournal ? "journal" : "no journal")}: {fault}"));
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task Every_place_that_syncs_or_renames_is_in_the_table_and_strace_sees_the_same()
    {
        using TestFolder folder = new();
        using JudgeBroker judge = new();
        await using Device device = new(folder, judge, new DeviceLoad());
        string traced = folder["strace.log"];
        device.Wrapper = [Peer.Program("strace"), "-D", "-f", "-y", "-qq", "-o", traced, "-e", "trace=fsync,fdatasync,rename,renameat,renameat2"];
        device.Start();
        await device.Says("results are on the disk", static status => OutboxStatus.Of(status).Stored > 50);
        judge.Up();
        await device.Drain();
        await device.Stop();

        string[] kinds = ["sync", "sync-folder", "rename"];
        List<StorageCall> calls = [.. device.Faults.Calls().Where(c => kinds.Contains(c.Kind))];
        string[] byStrace = [.. File.ReadLines(traced).Select(Traced).OfType<string>()
            .Where(path => path.StartsWith(device.StateFolder, StringComparison.Ordinal) || path.StartsWith(device.RunFolder, StringComparison.Ordinal))];
        Assert.Equal(Counts(byStrace), Counts(calls.Select(static c => c.Path)));
        // Of a database that is being made: one that is not finished is made anew.
        string[] known = [.. SyncSite.All.Select(static s => s.Site).Distinct(), "sync outbox.db.new-journal"];
        string[] unknown = [.. calls.Select(static c => $"{c.Kind} {c.Name}").Distinct().Where(c => !known.Contains(c))];
        Assert.True(unknown.Length == 0, $"not in the table of syncs: {string.Join(", ", unknown)}");
        string[] unsynced = [.. Unsynced(calls)];
        Assert.True(unsynced.Length == 0, string.Join('\n', unsynced));
    }

    // A name that changes is synced twice: its content before, its folder behind, by the same thread with nothing between that counts on it.
    private static IEnumerable<string> Unsynced(IReadOnlyList<StorageCall> calls)
    {
        foreach (IGrouping<int, StorageCall> thread in calls.GroupBy(static c => c.Thread))
        {
            StorageCall[] own = [.. thread];
            for (int i = 0; i < own.Length; i++)
            {
                if (own[i].Kind != "rename") continue;
                string folder = Path.GetDirectoryName(own[i].Path)!;
                if (!own[..i].Any(c => c.Kind == "sync" && c.Path == own[i].Path + ".new")) yield return $"{own[i].Path} takes its name without its content being synced";
                if (!own[(i + 1)..].TakeWhile(static c => c.Kind != "rename").Any(c => c.Kind == "sync-folder" && c.Path == folder)) yield return $"{own[i].Path} takes its name, and its folder is not synced";
            }
        }
    }

    /// <summary>How often each path occurs.</summary>
    internal static IEnumerable<string> Counts(IEnumerable<string> paths)
        => paths.GroupBy(static path => path).Select(static group => $"{group.Count()} {group.Key}").Order(StringComparer.Ordinal);

    /// <summary>The path of one call: that of a descriptor stands in &lt;&gt;, a name is the last one in quotes. A call that is interrupted has a second line.</summary>
    internal static string? Traced(string line)
    {
        if (line.Contains("resumed>", StringComparison.Ordinal)) return null;
        (char open, char close) = line.Contains('"', StringComparison.Ordinal) ? ('"', '"') : ('<', '>');
        int end = line.LastIndexOf(close);
        if (line.EndsWith("<unfinished ...>", StringComparison.Ordinal)) end = line.LastIndexOf(close, line.LastIndexOf('<'));
        int start = end <= 0 ? -1 : line.LastIndexOf(open, end - 1);
        return start < 0 ? null : line[(start + 1)..end];
    }
}

/// <summary>One place that syncs or renames, and the moment at which it matters.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Site">Kind and file, as the library of faults names them.</param>
/// <param name="Moment">The scenario's name.</param>
/// <param name="Play">The scenario.</param>
internal sealed record SyncSite(string Name, string Site, string Moment, Func<SyncScenarios, Task<List<string>>> Play)
{
    private static readonly VolumeKind s_bare = new(HasJournal: false);

    /// <summary>Where its lack shows. ext4's journal spares some: any later sync of any file takes all earlier names along.</summary>
    public VolumeKind Volume { get; init; } = new();

    /// <summary>
    /// Whether its lack does not show on any file system here: ext4 takes the folder of a new file along when that is synced, which is not
    /// promised by POSIX.
    /// </summary>
    public bool IsSpared { get; init; }

    /// <summary>Whether everyday runs try it.</summary>
    public bool IsSampled { get; init; }

    /// <summary>The call, each time, does nothing.</summary>
    public StorageFault Removal
    {
        get
        {
            string[] words = Site.Split(' ', 2);
            return new(StorageAction.Pretend, new StorageSite(words[0], words[1], false).Calls, 1, int.MaxValue, Part: "/" + words[1]);
        }
    }

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SyncSite> All { get; } =
    [
        new("start number, content", "sync boot.new", "start number", static s => s.StartNumber()) { Volume = s_bare },
        new("start number, rename", "rename boot", "start number", static s => s.StartNumber()) { IsSampled = true },
        new("start number, name", "sync-folder state", "start number", static s => s.StartNumber()) { Volume = s_bare },
        new("state version, content", "sync version.new", "state version", static s => s.Version()) { Volume = s_bare },
        new("state version, rename", "rename version", "state version", static s => s.Version()),
        new("new database, content", "sync outbox.db.new", "offline", static s => s.Offline()) { Volume = s_bare },
        new("new database, rename", "rename outbox.db", "offline", static s => s.Offline()),
        new("set aside, rename", "rename outbox.db", "set aside", static s => s.SetAside()),
        new("results, log", "sync outbox.db-wal", "offline again", static s => s.OfflineAgain()) { IsSampled = true },
        new("results, first log", "sync outbox.db-wal", "offline", static s => s.Offline()),
        new("results, database at the stop", "sync outbox.db", "stop", static s => s.Stop()),
        new("setting, content", "sync settings.json.new", "setting", static s => s.Setting()) { Volume = s_bare },
        new("setting, rename", "rename settings.json", "setting", static s => s.Setting()) { IsSampled = true },
        new("restart under an id, content", "sync commands.json.new", "restart", static s => s.RestartCommand()) { Volume = s_bare },
        new("restart under an id, rename", "rename commands.json", "restart", static s => s.RestartCommand()),
        new("retained topics, content", "sync retained.json.new", "retained", static s => s.RetainedTopics()) { Volume = s_bare },
        new("retained topics, rename", "rename retained.json", "retained", static s => s.RetainedTopics()),
        new("model, files", "sync model.onnx", "model add", static s => s.ModelAdd(isReplaced: false)) { IsSampled = true },
        new("model, contract", "sync model.yaml", "model replaced", static s => s.ModelAdd(isReplaced: true)),
        new("model, folder", "sync-folder .pulse.new", "model add", static s => s.ModelAdd(isReplaced: false)) { Volume = s_bare, IsSpared = true },
        new("model, rename", "rename pulse", "model add", static s => s.ModelAdd(isReplaced: false)),
        new("model, name", "sync-folder models", "model add", static s => s.ModelAdd(isReplaced: false)),
        new("model, name of a replacement", "sync-folder models", "model replaced", static s => s.ModelAdd(isReplaced: true)),
        new("results, database at a merge", "sync outbox.db", "checkpoint", static s => s.Checkpoint()),
    ];
}
