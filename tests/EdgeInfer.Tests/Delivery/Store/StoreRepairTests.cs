using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Delivery.Store;

/// <summary>Whatever is found in the place of the database, there is a store afterwards or a word about why not.</summary>
[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class StoreRepairTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_folder_gets_a_database_and_nothing_else_is_left_there()
    {
        string inner = Path.Combine(_folder.Path, "a", "b");
        OutboxStore.Open(inner, new(), _folder.Clock, 1, out StoreIncident? incident).Dispose();
        Assert.Null(incident);
        Assert.Equal(["outbox.db", "outbox.lock"], Directory.GetFiles(inner).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("text")]
    [InlineData("zeros")]
    [InlineData("header")]
    [InlineData("truncated")]
    [InlineData("folder")]
    [InlineData("pipe")]
    public void What_is_no_database_is_set_aside_with_a_loss_of_unknown_streams(string what)
    {
        Fill(boot: 3);
        byte[] content = File.ReadAllBytes(_folder.Database);
        File.Delete(_folder.Database);
        switch (what)
        {
            case "empty": File.WriteAllBytes(_folder.Database, []); break;
            case "text": File.WriteAllText(_folder.Database, new string('x', 20_000)); break;
            case "zeros": File.WriteAllBytes(_folder.Database, new byte[40_960]); break;
            case "header": File.WriteAllBytes(_folder.Database, content[..100]); break;
            case "truncated": File.WriteAllBytes(_folder.Database, content[..4096]); break;
            case "folder": Directory.CreateDirectory(_folder.Database); break;
            default: Fifo.Make(_folder.Database); break;
        }

        using OutboxStore store = _folder.Open(4);
        Assert.NotNull(_folder.Incident);
        Assert.Equal(_folder.Database + ".broken-4", _folder.Incident.SetAside);
        Assert.True(Path.Exists(_folder.Incident.SetAside));
        Gap gap = Assert.Single(store.Gaps(10));
        Assert.Equal(("*", 3, null, null, "store_broken"), (gap.Stream, gap.Boot, gap.FromSequence, gap.AtMost, gap.Reason));
        _folder.Fill(store, StoreFolder.Camera, 1, 1, boot: 4);
    }

    [Fact]
    public void Of_a_damaged_database_the_streams_that_can_be_read_are_declared_and_losses_not_yet_published_stay()
    {
        Fill(boot: 3);
        Damage(_folder.Database, "message");
        using OutboxStore store = _folder.Open(4);
        Assert.NotNull(_folder.Incident);
        Assert.Contains("damaged", _folder.Incident.Fault.What, StringComparison.Ordinal);
        Assert.Equal([("camera", 3, "store_broken", null), ("objects", 3, "store_broken", null), ("camera", 2, "overload", 17)],
            store.Gaps(10).Select(g => (g.Stream, g.Boot, g.Reason, (int?)g.FromSequence)));
        Assert.Equal(0, store.Counts.Messages);
    }

    [Fact]
    public void Damage_that_is_found_while_it_is_used_says_so_and_the_next_opening_sets_it_aside()
    {
        StoreFolder.NeedsPython();
        // So large that not all of it may be checked, on a clock that leaps whenever it is read.
        using (OutboxStore store = _folder.Open()) _folder.Fill(store, StoreFolder.Camera, 1, 11_500, 3000);
        _folder.Clock = new OutboxClock(new LeapingTime(), () => true, StoreFolder.Kernel);
        DamagePage(_folder.Database, "SELECT pageno FROM dbstat WHERE name='message' AND pagetype='leaf' ORDER BY path DESC LIMIT 1 OFFSET 20");
        using (OutboxStore store = _folder.Open(2))
        {
            Assert.Null(_folder.Incident);
            int camera = store.Streams()[0].Id;
            OutboxStoreException broken = Assert.Throws<OutboxStoreException>(() => store.Load(camera, 11_000, StoreFolder.Room(500), int.MaxValue));
            Assert.True(broken.IsBroken);
            Assert.DoesNotContain('\n', broken.Fault.ToString());
        }

        using OutboxStore anew = _folder.Open(2, isKnownBroken: true);
        Assert.Equal(_folder.Database + ".broken-2", _folder.Incident?.SetAside);
        Assert.Equal("camera", Assert.Single(anew.Gaps(10)).Stream);
    }

    [Fact]
    public void A_foreign_database_is_set_aside_untouched()
    {
        StoreFolder.NeedsPython();
        System.Diagnostics.Process.Start("/usr/bin/python3", ["-c", $"import sqlite3; c=sqlite3.connect('{_folder.Database}'); c.execute('create table t(x)'); c.execute('insert into t values(42)'); c.commit()"]).WaitForExit();
        byte[] before = File.ReadAllBytes(_folder.Database);
        using OutboxStore store = _folder.Open(5);
        Assert.Contains("not EdgeInfer's", _folder.Incident!.Fault.What, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_folder.Incident.SetAside));
        Assert.Equal("*", Assert.Single(store.Gaps(9)).Stream);
    }

    [Fact]
    public void A_database_of_a_newer_program_is_set_aside_whole()
    {
        StoreFolder.NeedsPython();
        Fill(boot: 1);
        System.Diagnostics.Process.Start("/usr/bin/python3", ["-c", $"import sqlite3; c=sqlite3.connect('{_folder.Database}'); c.execute('pragma user_version=9'); c.commit()"]).WaitForExit();
        using OutboxStore store = _folder.Open(2);
        Assert.Contains("newer EdgeInfer", _folder.Incident!.Fault.What, StringComparison.Ordinal);
        Assert.Equal(["40"], StoreFolder.Query(_folder.Incident.SetAside, "SELECT count(*) FROM message"));
        Assert.Contains(store.Gaps(9), g => g is { Stream: "camera", Reason: "store_broken" });
    }

    [Fact]
    public void The_newest_two_that_were_set_aside_are_kept()
    {
        for (int boot = 1; boot <= 11; boot++)
        {
            File.WriteAllText(_folder.Database, "no database");
            _folder.Open(boot).Dispose();
        }

        File.WriteAllText(_folder.Database, "no database");
        _folder.Open(11).Dispose();
        Assert.Equal(["outbox.db", "outbox.db.broken-11", "outbox.db.broken-11.2", "outbox.lock"], _folder.Names());
    }

    [Fact]
    public void A_replacement_that_a_power_cut_ended_is_finished_with_its_losses()
    {
        Fill(boot: 3);
        Damage(_folder.Database, "message");
        _folder.Open(4).Dispose();
        // As it is between two of the steps: the old one has its new name, its log not yet, and the new one not its.
        File.Move(_folder.Database, _folder.Database + ".new");
        File.WriteAllText(_folder.Database + "-wal", "the old log");
        using OutboxStore store = _folder.Open(5);
        Assert.Equal(3, store.Gaps(10).Count);
        Assert.Equal(["outbox.db", "outbox.db.broken-4", "outbox.db.broken-4-wal", "outbox.lock"], _folder.Names().Where(n => n != "outbox.db-wal"));
    }

    [Fact]
    public void A_database_that_was_not_finished_is_made_anew()
    {
        File.WriteAllBytes(_folder.Database + ".new", new byte[5000]);
        using OutboxStore store = _folder.Open();
        Assert.Null(_folder.Incident);
        Assert.False(File.Exists(_folder.Database + ".new"));
    }

    [Fact]
    public void A_database_that_was_lost_in_use_may_have_held_results_of_this_start()
    {
        using (OutboxStore store = _folder.Open(3)) _folder.Fill(store, StoreFolder.Camera, 1, 3, boot: 3);
        File.Delete(_folder.Database);
        using OutboxStore anew = _folder.Open(3, isKnownBroken: true);
        Gap gap = Assert.Single(anew.Gaps(10));
        Assert.Equal(("*", 3, "store_broken"), (gap.Stream, gap.Boot, gap.Reason));
    }

    [Fact]
    public void A_log_without_its_database_is_an_incident()
    {
        Fill(boot: 3);
        File.Delete(_folder.Database);
        File.WriteAllText(_folder.Database + "-wal", "the log");
        using OutboxStore store = _folder.Open(4);
        Assert.Equal("*", Assert.Single(store.Gaps(10)).Stream);
        Assert.Equal("the log", File.ReadAllText(_folder.Database + ".broken-4-wal"));
    }

    [Fact]
    public void A_database_that_is_removed_while_it_is_used_is_noticed_at_the_next_commit()
    {
        using OutboxStore store = _folder.Open();
        _folder.Fill(store, StoreFolder.Camera, 1, 5);
        File.Delete(_folder.Database);
        store.Begin();
        OutboxStoreException gone = Assert.Throws<OutboxStoreException>(() => store.Commit());
        Assert.True(gone.IsBroken);
        Assert.Equal(5, store.Counts.Messages);
    }

    [Fact]
    public void A_file_in_the_place_of_the_folder_is_an_error_that_can_be_survived()
    {
        string file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "x");
        OutboxStoreException refused = Assert.Throws<OutboxStoreException>(() => OutboxStore.Open(Path.Combine(file, "state"), new(), _folder.Clock, 1, out _));
        Assert.False(refused.IsBroken);
        Assert.Contains(file, refused.Fault.ToString(), StringComparison.Ordinal);
    }

    private void Fill(long boot)
    {
        using OutboxStore store = _folder.Open(boot);
        _folder.Fill(store, StoreFolder.Camera, 1, 20, 3000, boot);
        _folder.Fill(store, StoreFolder.Objects, 1, 20, 3000, boot);
        store.Begin();
        store.AddLoss("camera", 2, 17, "overload");
        store.Commit();
    }

    // Overwrites the root page of a table.
    private static void Damage(string database, string table)
    {
        StoreFolder.NeedsPython();
        DamagePage(database, $"SELECT rootpage FROM sqlite_master WHERE name='{table}'");
    }

    private static void DamagePage(string database, string whichPage)
    {
        long page = long.Parse(StoreFolder.Query(database, whichPage)[0], System.Globalization.CultureInfo.InvariantCulture);
        using FileStream file = File.OpenWrite(database);
        file.Position = (page - 1) * 4096;
        file.Write(Enumerable.Repeat((byte)0xa5, 4096).ToArray());
    }

    private sealed class LeapingTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _now += 3600;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;
    }
}
