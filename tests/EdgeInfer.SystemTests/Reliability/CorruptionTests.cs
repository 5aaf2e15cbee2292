using System.Text;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What has the name of the database or of the ring is damaged, short, foreign, or may not be written.</summary>
[Collection(StorageTests.Name)]
public sealed class CorruptionTests
{
    private static readonly TimeSpan s_newResults = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_damaged_database_or_ring_is_reported_and_new_results_go_out_at_once()
    {
        Campaign campaign = Campaign.Of("corrupt", 10, 50);
        Random random = campaign.Random;
        List<StorageDamage> kinds = [.. StorageDamage.All];
        int setAside = 0, losing = 0;
        List<string> faults = [];
        for (int i = 0; i < campaign.Count; i++)
        {
            // An everyday run takes a few kinds, each from its seed; a full one goes over all of them and again with other bytes.
            StorageDamage damage = Campaign.IsFull ? kinds[i % kinds.Count] : kinds[(i * 7 + campaign.Seed) % kinds.Count];
            Outcome outcome = await Try(damage, random, isKilled: damage.NeedsRing || random.Next(2) == 0);
            if (outcome.IsSetAside) setAside++;
            if (outcome.Balance.Missing > 0) losing++;
            faults.AddRange(outcome.Faults.Select(fault => $"{damage.Name}: {fault}"));
        }

        campaign.Report($"{setAside} databases set aside, {losing} with losses, all of them declared");
        Assert.True(faults.Count == 0, $"seed {campaign.Seed}:\n  {string.Join("\n  ", faults)}");
    }

    private static async Task<Outcome> Try(StorageDamage damage, Random random, bool isKilled)
    {
        using TestFolder folder = new();
        using JudgeBroker judge = new();
        await using Device device = new(folder, judge, new DeviceLoad(BeltFps: 100, FilmFps: 50));
        device.Start();
        await device.Says("it has results on the disk", static status => OutboxStatus.Of(status).Stored > 60);
        if (isKilled) await device.Kill();
        else await device.Stop();

        damage.Do(device.StateFolder, device.RunFolder, random);
        try
        {
            return await After(damage, device, judge);
        }
        finally
        {
            damage.Undo(device.StateFolder);
        }
    }

    private static async Task<Outcome> After(StorageDamage damage, Device device, JudgeBroker judge)
    {
        List<string> faults = [];
        judge.Up();
        device.Start();
        bool hasNew = await Until(() => Task.FromResult(judge.Arrivals(0).Select(device.KeyOf).Any(static key => key is { Stream: "belt", Boot: not 1 })));
        if (!hasNew) faults.Add($"no new result within {s_newResults}; status {await device.Status()}; it printed:\n{device.Agent.Output}");
        // The store is opened beside the first results.
        string? cause = null;
        await Until(async () =>
        {
            if (!damage.MustBeSaid && !damage.MustBeSetAside && !IsSetAside()) return true;
            cause = await device.Status() is { } status ? OutboxStatus.Of(status).Cause : null;
            return cause is not null;
        });
        if (damage.MustBeSetAside && !IsSetAside()) faults.Add("it was not set aside");
        if ((damage.MustBeSaid || IsSetAside()) && cause is null) faults.Add("the status does not say so");

        damage.Undo(device.StateFolder);
        try
        {
            await device.Stop();
            await device.Settle(TimeSpan.FromSeconds(40));
        }
        catch (Xunit.Sdk.XunitException e) when (!damage.LooksUnfinished)
        {
            faults.Add(e.Message);
        }
        catch (Xunit.Sdk.XunitException)
        {
            // It waits for results that nobody knows of any more.
        }

        Balance balance = device.Ledger.Close(new Allowance { LateOrders = 2, Duplicates = 3 * (KillTests.InFlight + KillTests.Batch), CrossedGaps = 0 });
        faults.AddRange(balance.Faults.Where(fault => !damage.LooksUnfinished || !fault.Contains("neither delivered", StringComparison.Ordinal)));
        return new(IsSetAside(), balance, faults);

        bool IsSetAside() => Directory.GetFileSystemEntries(device.StateFolder, "outbox.db.broken-*").Length > 0;
    }

    private static async Task<bool> Until(Func<Task<bool>> holds)
    {
        System.Diagnostics.Stopwatch waited = System.Diagnostics.Stopwatch.StartNew();
        while (!await holds())
        {
            if (waited.Elapsed > s_newResults) return false;
            await Task.Delay(50);
        }

        return true;
    }

    private sealed record Outcome(bool IsSetAside, Balance Balance, IReadOnlyList<string> Faults);
}

/// <summary>One way to damage what lies in the state folder or in the run folder.</summary>
/// <param name="Name">In failures.</param>
/// <param name="Do">Does it: state folder, run folder, where in the file.</param>
internal sealed record StorageDamage(string Name, Action<string, string, Random> Do)
{
    private const int Page = 4096;

    /// <summary>Whether the database cannot be used any more, so that it has to be set aside.</summary>
    public bool MustBeSetAside { get; init; }

    /// <summary>Whether the status has to say something.</summary>
    public bool MustBeSaid { get; init; }

    /// <summary>Whether it looks as a power cut leaves it that came before the sync: what is gone cannot be known.</summary>
    public bool LooksUnfinished { get; init; }

    /// <summary>Whether it is about what a killed agent leaves in the ring.</summary>
    public bool NeedsRing { get; init; }

    /// <summary>Takes back what would hinder even the test; given the state folder.</summary>
    public Action<string> Undo { get; init; } = static _ => { };

    /// <summary>All of them.</summary>
    public static IEnumerable<StorageDamage> All => [.. Databases(), .. Logs(), .. Rings()];

    private static IEnumerable<StorageDamage> Databases()
    {
        yield return new("database: text", (state, _, _) => Replace(Db(state), Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Repeat("not a database", 999))))) { MustBeSetAside = true };
        yield return new("database: empty", (state, _, _) => Replace(Db(state), [])) { MustBeSetAside = true };
        yield return new("database: header zeroed", (state, _, _) => Overwrite(Db(state), 0, new byte[100]));
        yield return new("database: all zero", (state, _, _) => Overwrite(Db(state), 0, new byte[Length(Db(state))])) { MustBeSetAside = true };
        yield return new("database: schema page of random bytes", (state, _, random) => Overwrite(Db(state), 100, Bytes(random, Page - 100)));
        yield return new("database: random bytes in one page", (state, _, random) => Overwrite(Db(state), Place(random, Db(state)), Bytes(random, Page)));
        yield return new("database: one bit", Flip);
        yield return new("database: cut short", (state, _, random) => Truncate(Db(state), random));
        yield return new("database: cut inside a page", (state, _, _) => Cut(Db(state), Page + 1234));
        yield return new("database: somebody else's", (state, _, _) => Foreign(Db(state), "CREATE TABLE message(id, text); INSERT INTO message VALUES(1, 'x')")) { MustBeSetAside = true };
        yield return new("database: of a newer version", (state, _, _) => Sql(Db(state), "PRAGMA user_version=99")) { MustBeSetAside = true };
        yield return new("database: a table dropped", (state, _, _) => Sql(Db(state), "DROP TABLE message")) { MustBeSetAside = true };
        yield return new("database: a folder", (state, _, _) => Folder(Db(state))) { MustBeSetAside = true };
        yield return new("database: a link to nowhere", (state, _, _) => Link(Db(state), "/nowhere/at/all")) { MustBeSaid = true };
        yield return new("database: may not be written", (state, _, _) => Immutable(Db(state), true)) { MustBeSaid = true, Undo = state => Immutable(Db(state), false) };
        yield return new("database: removed, its log still there", (state, _, _) => File.Delete(Db(state))) { NeedsRing = true };
    }

    private static IEnumerable<StorageDamage> Logs()
    {
        yield return new("log: random bytes", (state, _, random) => Replace(Log(state), Bytes(random, 100_000)));
        yield return new("log: cut short", (state, _, random) => Truncate(Log(state), random)) { NeedsRing = true, LooksUnfinished = true };
        yield return new("log: random bytes at its end", (state, _, random) => Append(Log(state), Bytes(random, 5000)));
        yield return new("log: one page of it damaged", (state, _, random) => Overwrite(Log(state), 32 + 24 + random.Next(0, 5000), Bytes(random, 64))) { NeedsRing = true };
    }

    private static IEnumerable<StorageDamage> Rings()
    {
        yield return new("ring: random bytes", (_, run, random) => Replace(Ring(run), Bytes(random, (int)Length(Ring(run))))) { NeedsRing = true };
        yield return new("ring: all zero", (_, run, _) => Overwrite(Ring(run), 0, new byte[Length(Ring(run))])) { NeedsRing = true };
        yield return new("ring: cut short", (_, run, random) => Truncate(Ring(run), random)) { NeedsRing = true };
        yield return new("ring: empty", (_, run, _) => Replace(Ring(run), [])) { NeedsRing = true };
        yield return new("ring: longer", (_, run, random) => Append(Ring(run), Bytes(random, 70_000))) { NeedsRing = true };
        yield return new("ring: text", (_, run, _) => Replace(Ring(run), "not a ring"u8.ToArray())) { NeedsRing = true };
        yield return new("ring: a folder", (_, run, _) => Folder(Ring(run))) { NeedsRing = true };
        yield return new("ring: random bytes somewhere in it", (_, run, random) => Overwrite(Ring(run), Place(random, Ring(run)), Bytes(random, 4000))) { NeedsRing = true };
        yield return new("ring: its first page of random bytes", (_, run, random) => Overwrite(Ring(run), 0, Bytes(random, Page))) { NeedsRing = true };
        yield return new("ring: gone", (_, run, _) => File.Delete(Ring(run))) { NeedsRing = true };
        yield return new("ring and database: random bytes", (state, run, random) =>
        {
            Replace(Ring(run), Bytes(random, 100_000));
            Replace(Db(state), Bytes(random, 100_000));
        })
        { NeedsRing = true, MustBeSetAside = true };
    }

    private static string Db(string state) => Path.Combine(state, "outbox.db");

    private static string Log(string state) => Db(state) + "-wal";

    private static string Ring(string run) => Directory.GetFiles(run, "outbox-*.ring").Single();

    private static long Length(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static long Place(Random random, string path) => random.NextInt64(0, Math.Max(1, Length(path) - Page)) / Page * Page;

    private static void Replace(string path, byte[] content) => File.WriteAllBytes(path, content);

    private static void Append(string path, byte[] content)
    {
        using FileStream file = new(path, FileMode.Append);
        file.Write(content);
    }

    private static void Overwrite(string path, long at, byte[] content)
    {
        using FileStream file = new(path, FileMode.OpenOrCreate);
        file.Position = at;
        file.Write(content);
    }

    private static void Flip(string state, string run, Random random)
    {
        using FileStream file = new(Db(state), FileMode.Open);
        long at = random.NextInt64(Page, Math.Max(Page + 1, file.Length));
        file.Position = at;
        int value = Math.Max(0, file.ReadByte());
        file.Position = at;
        file.WriteByte((byte)(value ^ 1 << random.Next(8)));
    }

    private static void Truncate(string path, Random random) => Cut(path, random.NextInt64(1, Math.Max(2, Length(path))));

    private static void Cut(string path, long length)
    {
        using FileStream file = new(path, FileMode.OpenOrCreate);
        if (length < file.Length) file.SetLength(length);
    }

    private static void Folder(string path)
    {
        File.Delete(path);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "somebody's"), "file");
    }

    private static void Link(string path, string target)
    {
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    private static void Foreign(string path, string sql)
    {
        File.Delete(path);
        File.Delete(path + "-wal");
        Sql(path, sql);
    }

    private static void Sql(string path, string sql) => Run("/usr/bin/python3", "-c", "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.executescript(sys.argv[2])\nc.commit()", path, sql);

    // Root may write whatever its mode says.
    private static void Immutable(string path, bool isSet) => Run("chattr", isSet ? "+i" : "-i", path);

    private static void Run(string program, params string[] arguments)
    {
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(Peer.Program(program), arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
