using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;

namespace EdgeInfer.Tests.Delivery.Store;

/// <summary>What is put into the store comes out of it, over any number of starts.</summary>
[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class OutboxStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_committed_message_is_there_after_the_next_opening_with_all_that_it_was_given()
    {
        _folder.IsSynced = false;
        AcceptedAt at = _folder.Clock.Now();
        using (OutboxStore store = _folder.Open())
        {
            store.Begin();
            store.BeginRun(1, StoreFolder.Kernel);
            int stream = store.Open(StoreFolder.Camera, 1);
            store.Append(new StoredMessage(stream, 1, 7, at, "seven"u8));
            store.Append(new StoredMessage(stream, 1, 8, at with { Kernel = Guid.Empty, IsSynced = true }, ""u8));
            store.Commit();
        }

        using OutboxStore again = _folder.Open(2);
        StoredStream known = Assert.Single(again.Streams());
        Assert.Equal((StoreFolder.Camera, 1), (known.Facts, known.LastBoot));
        BacklogMessage[] room = StoreFolder.Room(4);
        Assert.Equal(2, again.Load(known.Id, 0, room, 1000));
        Assert.Equal((1, 7, at, "seven"), (room[0].Boot, room[0].Sequence, room[0].At, System.Text.Encoding.ASCII.GetString(room[0].Payload)));
        Assert.Equal((8, at with { Kernel = Guid.Empty, IsSynced = true }, 0), (room[1].Sequence, room[1].At, room[1].Payload.Length));
        Assert.True(room[1].Id > room[0].Id);
        Assert.Null(_folder.Incident);
    }

    [Fact]
    public void The_last_start_is_known_without_opening_the_store_and_none_where_there_is_no_database_or_a_damaged_one()
    {
        Assert.Equal(0, OutboxOpening.LastStart(_folder.Path));
        foreach (long boot in (long[])[6, 7])
        {
            using OutboxStore store = _folder.Open(boot);
            store.Begin();
            store.BeginRun(boot, StoreFolder.Kernel);
            store.Commit();
        }

        Assert.Equal(7, OutboxOpening.LastStart(_folder.Path));
        File.WriteAllText(_folder.Database, "no database at all");
        Assert.Equal(0, OutboxOpening.LastStart(_folder.Path));
    }

    [Theory]
    // Two of the byte rows of RFC 3720 (B.4), before two numbers that are zero, bit by bit.
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 48)]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff00", 49)]
    public void The_check_of_a_message_is_the_polynomial_of_Castagnoli(string hex, int bytes)
    {
        StoreFolder.NeedsPython();
        const string Program = """
            import sys
            c=0xffffffff
            for b in bytes.fromhex(sys.argv[1])+bytes(16):
                c^=b
                for _ in range(8): c=(c>>1)^(0x82f63b78 if c&1 else 0)
            print(c^0xffffffff, len(bytes.fromhex(sys.argv[1]))+16)
            """;
        System.Diagnostics.ProcessStartInfo start = new("/usr/bin/python3") { RedirectStandardOutput = true };
        foreach (string argument in (string[])["-c", Program, hex]) start.ArgumentList.Add(argument);
        using System.Diagnostics.Process python = System.Diagnostics.Process.Start(start)!;
        Assert.Equal($"{MessageCheck.Of(0, 0, Convert.FromHexString(hex))} {bytes}", python.StandardOutput.ReadToEnd().Trim());
    }

    [Fact]
    public void What_is_undone_was_never_there()
    {
        using OutboxStore store = _folder.Open();
        long[] ids = _folder.Fill(store, StoreFolder.Camera, 1, 3);
        store.Begin();
        int other = store.Open(StoreFolder.Objects, 1);
        _folder.Append(store, other, 1);
        store.Delete(ids);
        store.AddLoss("camera", 1, 9, "overload");
        store.AddDeadLetter(new StoredMessage(store.Streams()[0].Id, 1, 10, _folder.Clock.Now(), "x"u8), 0, "0x99");
        store.Rollback();
        Assert.Equal((3, 0, 0), (store.Counts.Messages, store.Counts.Gaps, store.Counts.DeadLetters));
        Assert.Equal(3, store.CountOf(Assert.Single(store.Streams()).Id));
        Assert.Empty(store.Gaps(10));
        Assert.Equal(3, store.Load(store.Streams()[0].Id, 0, StoreFolder.Room(5), 10_000));
    }

    [Fact]
    public void Numbers_of_messages_grow_even_when_all_before_are_gone()
    {
        using OutboxStore store = _folder.Open();
        long[] first = _folder.Fill(store, StoreFolder.Camera, 1, 5);
        store.Begin();
        store.Delete(first);
        store.Commit();
        Assert.True(_folder.Fill(store, StoreFolder.Camera, 6, 1)[0] > first[4]);
        Assert.Equal(1, store.Counts.Messages);
    }

    [Fact]
    public void A_backlog_is_read_in_order_of_one_stream_and_ends_at_the_bytes_that_were_asked_for()
    {
        using OutboxStore store = _folder.Open();
        for (int i = 1; i <= 4; i++)
        {
            _folder.Fill(store, StoreFolder.Camera, i, 1, 100);
            _folder.Fill(store, StoreFolder.Objects, i, 1, 100);
        }

        int camera = store.Streams()[0].Id;
        BacklogMessage[] room = StoreFolder.Room(10);
        Assert.Equal(2, store.Load(camera, 0, room, 101));
        Assert.Equal([1L, 2L], room.Take(2).Select(m => m.Sequence));
        Assert.Equal(2, store.Load(camera, room[1].Id, room, 1000));
        Assert.Equal([3L, 4L], room.Take(2).Select(m => m.Sequence));
        Assert.Equal(0, store.Load(camera, room[1].Id, room, 1000));
    }

    [Fact]
    public void Starts_are_told_oldest_first_without_this_one()
    {
        for (long boot = 1; boot <= 3; boot++)
        {
            using OutboxStore store = _folder.Open(boot);
            Assert.Equal(boot - 1, store.Runs().Count);
            store.Begin();
            store.BeginRun(boot, StoreFolder.Kernel);
            store.Commit();
            if (boot == 2) continue;
            store.Begin();
            store.EndRun(boot);
            store.Commit();
        }

        using OutboxStore last = _folder.Open(4);
        Assert.Equal([new(1, StoreFolder.Kernel, true), new(2, StoreFolder.Kernel, false), new(3, StoreFolder.Kernel, true)], last.Runs());
    }

    [Fact]
    public void A_stream_keeps_its_number_when_its_topic_changes_and_is_forgotten_when_nobody_can_ask_for_it()
    {
        using (OutboxStore store = _folder.Open())
        {
            _folder.Fill(store, StoreFolder.Camera, 1, 1);
            _folder.Fill(store, StoreFolder.Objects, 1, 0);
        }

        using (OutboxStore store = _folder.Open(2))
        {
            int before = store.Streams()[0].Id;
            store.Begin();
            Assert.Equal(before, store.Open(StoreFolder.Camera with { Topic = "other" }, 2));
            store.Commit();
            Assert.Equal(["camera", "objects"], store.Streams().Select(s => s.Facts.Name));
        }

        using (OutboxStore store = _folder.Open(9))
        {
            Assert.Equal("other", store.Streams()[0].Facts.Topic);
            store.Begin();
            store.BeginRun(9, StoreFolder.Kernel);
            store.Commit();
            Assert.Equal(["camera"], store.Streams().Select(s => s.Facts.Name));
        }
    }

    [Fact]
    public void What_is_too_old_goes_as_a_loss_but_not_what_is_loaded_or_of_unknown_age()
    {
        using OutboxStore store = _folder.Open();
        _folder.Fill(store, StoreFolder.Camera, 1, 3);
        int camera = store.Streams()[0].Id;
        store.Begin();
        // Of another start of the kernel, by a clock that nobody kept.
        store.Append(new StoredMessage(camera, 1, 4, new AcceptedAt(Guid.Empty, 0, 0, false), "?"u8));
        store.Commit();
        _folder.Fill(store, StoreFolder.Camera, 5, 2);
        Assert.Equal(1, store.Load(camera, 0, StoreFolder.Room(1), 1000));
        _folder.Time.Advance(TimeSpan.FromHours(2));
        _folder.Fill(store, StoreFolder.Camera, 7, 1);
        store.Begin();
        Assert.Equal(4, store.Expire(_ => TimeSpan.FromHours(1), 100));
        Assert.Equal(0, store.Expire(_ => TimeSpan.FromHours(1), 100));
        store.Commit();
        BacklogMessage[] room = StoreFolder.Room(9);
        Assert.Equal(3, store.Load(camera, 0, room, 10_000));
        Assert.Equal([1L, 4L, 7L], room.Take(3).Select(m => m.Sequence));
        Assert.Equal([(2, 3), (5, 6)], store.Gaps(9).Select(g => (g.FromSequence!.Value, g.ToSequence!.Value)));
        Assert.All(store.Gaps(9), g => Assert.Equal("expired", g.Reason));
    }

    [Fact]
    public void A_message_refused_for_good_is_kept_aside_and_declared()
    {
        using OutboxStore store = _folder.Open();
        long[] ids = _folder.Fill(store, StoreFolder.Camera, 1, 2);
        store.Begin();
        store.AddDeadLetter(new StoredMessage(store.Streams()[0].Id, 1, 2, _folder.Clock.Now(), "payload"u8), ids[1], "0x99");
        store.AddDeadLetter(new StoredMessage(store.Streams()[0].Id, 1, 3, _folder.Clock.Now(), "payload"u8), 0, "0x95");
        store.Commit();
        Assert.Equal((1, 2, 2), (store.Counts.Messages, store.Counts.DeadLetters, store.Counts.Gaps));
        Assert.Equal([("refused", 2), ("too_large", 3)], store.Gaps(9).Select(g => (g.Reason, g.FromSequence!.Value)));
    }

    [Fact]
    public void Dead_letters_are_bounded_and_the_oldest_goes()
    {
        StoreFolder.NeedsPython();
        using (OutboxStore store = _folder.Open())
        {
            _folder.Fill(store, StoreFolder.Camera, 1, 1);
            store.Begin();
            for (int i = 1; i <= 1005; i++) store.AddDeadLetter(new StoredMessage(store.Streams()[0].Id, 1, i, _folder.Clock.Now(), "x"u8), 0, "0x90");
            store.Commit();
            Assert.Equal(1000, store.Counts.DeadLetters);
        }

        Assert.Equal(["1000|6|1005"], StoreFolder.Query(_folder.Database, "SELECT count(*), min(seq), max(seq) FROM dead_letter"));
    }

    [Fact]
    public void A_change_outside_a_group_is_a_mistake_of_the_caller()
    {
        using OutboxStore store = _folder.Open();
        Assert.Throws<InvalidOperationException>(() => store.AddLoss("camera", 1, 1, "quota"));
        store.Begin();
        Assert.Throws<InvalidOperationException>(store.Begin);
    }

    [Fact]
    public void A_second_store_in_the_same_folder_is_refused_by_name_of_the_cause()
    {
        using OutboxStore store = _folder.Open();
        OutboxStoreException refused = Assert.Throws<OutboxStoreException>(() => _folder.Open());
        Assert.False(refused.IsBroken);
        Assert.Contains("another agent uses this state folder", refused.Fault.What, StringComparison.Ordinal);
        _folder.Fill(store, StoreFolder.Camera, 1, 1);
    }

    [Fact]
    public void Another_program_that_reads_the_database_is_told_of_and_the_store_opens_when_it_has_gone()
    {
        StoreFolder.NeedsPython();
        using (OutboxStore store = _folder.Open()) _folder.Fill(store, StoreFolder.Camera, 1, 1);
        using (BusyReader reader = new(_folder.Database))
        {
            OutboxStoreException refused = Assert.Throws<OutboxStoreException>(() => _folder.Open());
            Assert.False(refused.IsBroken);
            Assert.Contains("another program has the store", refused.Fault.What, StringComparison.Ordinal);
        }

        using OutboxStore again = _folder.Open();
        Assert.Equal(1, again.Counts.Messages);
    }

    [Fact]
    public void Debians_SQLite_reads_what_was_written()
    {
        StoreFolder.NeedsPython();
        StoreCounts counts;
        using (OutboxStore store = _folder.Open())
        {
            _folder.Fill(store, StoreFolder.Camera, 1, 150, 500);
            store.Begin();
            store.AddLoss("camera/a", 1, 5, "overload");
            store.AddLoss("camera/a", 1, 6, "overload");
            store.AddLossOfAtMost("camera", 1, 256, "power_cut");
            store.Commit();
            counts = store.Counts;
        }

        Assert.Equal(["ok"], StoreFolder.Query(_folder.Database, "PRAGMA integrity_check"));
        Assert.Equal(["1"], StoreFolder.Query(_folder.Database, "PRAGMA user_version"));
        Assert.Equal(["150|1|150|75000"], StoreFolder.Query(_folder.Database, "SELECT count(*), min(seq), max(seq), sum(length(payload)) FROM message"));
        Assert.Equal(["camera|edgeinfer/d/camera/result|edgeinfer/d/camera/history|0|1"], StoreFolder.Query(_folder.Database, "SELECT name, topic, history, class, boot FROM stream"));
        Assert.Equal(["camera/a|1|overload|5|6|", "camera|1|power_cut|||256"], StoreFolder.Query(_folder.Database, "SELECT stream, boot, reason, first, last, at_most FROM gap ORDER BY id"));
        string[] pages = [.. (string[])["page_count", "freelist_count", "page_size"]];
        long[] read = [.. pages.Select(p => long.Parse(StoreFolder.Query(_folder.Database, "PRAGMA " + p)[0], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal((150, (read[0] - read[1]) * read[2], 2), (counts.Messages, counts.Bytes, counts.Gaps));
    }
}
