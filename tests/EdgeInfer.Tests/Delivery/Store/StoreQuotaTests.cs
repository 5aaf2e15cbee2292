using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;

namespace EdgeInfer.Tests.Delivery.Store;

/// <summary>The file stays within its size, and what went for that is said exactly.</summary>
[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class StoreQuotaTests : IDisposable
{
    private const int Megabyte = 1024 * 1024;

    private readonly StoreFolder _folder = new() { SizeBytes = 4 * Megabyte };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_hundred_thousand_messages_leave_the_newest_and_one_exact_gap_in_a_file_of_the_size_that_was_set()
    {
        const int Count = 100_000;
        HashSet<long> dropped = [];
        long largest = 0;
        using (OutboxStore store = _folder.Open())
        {
            long id = 0;
            for (int sequence = 1; sequence <= Count;)
            {
                store.Begin();
                int camera = store.Open(StoreFolder.Camera, 1);
                for (int i = 0; i < 500; i++, sequence++) id = _folder.Append(store, camera, sequence, 300);
                store.Commit(d => Assert.True(dropped.Add(d)));
                largest = Math.Max(largest, new FileInfo(_folder.Database).Length);
            }

            Gap gap = Assert.Single(store.Gaps(10));
            Assert.Equal(("camera", 1, 1, "quota"), (gap.Stream, gap.Boot, gap.FromSequence, gap.Reason));
            Assert.Equal(Count - gap.ToSequence, store.Counts.Messages);
            Assert.Equal(gap.ToSequence, dropped.Count);
            BacklogMessage[] room = StoreFolder.Room(1);
            Assert.Equal(1, store.Load(store.Streams()[0].Id, 0, room, 1));
            Assert.Equal(gap.ToSequence + 1, room[0].Sequence);
            Assert.Equal(Count, id);
            Assert.InRange(store.Counts.Bytes, _folder.SizeBytes * 9 / 10, _folder.SizeBytes);
        }

        Assert.InRange(Math.Max(largest, new FileInfo(_folder.Database).Length), 1, _folder.SizeBytes + (16 * 4096));
        if (!File.Exists("/usr/bin/python3")) return;
        Assert.Equal([Count.ToString(System.Globalization.CultureInfo.InvariantCulture)],
            StoreFolder.Query(_folder.Database, "SELECT (SELECT count(*) FROM message)+(SELECT sum(last-first+1) FROM gap)"));
        Assert.Equal(["ok"], StoreFolder.Query(_folder.Database, "PRAGMA integrity_check"));
    }

    [Fact]
    public void Of_several_classes_the_lowest_goes_first_and_the_oldest_of_it()
    {
        using OutboxStore store = _folder.Open();
        _folder.Fill(store, StoreFolder.Objects, 1, 1000, 1000);
        _folder.Fill(store, StoreFolder.Camera, 1, 2000, 1000);
        _folder.Fill(store, StoreFolder.Objects, 1001, 1000, 1000);
        Gap first = Assert.Single(store.Gaps(10));
        Assert.Equal(("camera", 1), (first.Stream, first.FromSequence));
        Assert.Equal(2000, store.CountOf(store.Streams()[0].Id));
        // No prediction is left that could go: now the oldest event does, and predictions that come then find no place.
        _folder.Fill(store, StoreFolder.Objects, 2001, 2000, 1000);
        long events = store.CountOf(store.Streams()[0].Id);
        _folder.Fill(store, StoreFolder.Camera, 2001, 300, 1000);
        Assert.Equal(events, store.CountOf(store.Streams()[0].Id));
        Assert.InRange(store.CountOf(store.Streams()[1].Id), 0, 100);
        Assert.Equal([("camera", 1, 2300 - store.CountOf(store.Streams()[1].Id)), ("objects", 1, 4000 - events)],
            store.Gaps(10).Select(g => (g.Stream, g.FromSequence!.Value, g.ToSequence!.Value)));
    }

    [Fact]
    public void What_is_loaded_stays_until_it_is_unloaded()
    {
        using OutboxStore store = _folder.Open();
        _folder.Fill(store, StoreFolder.Camera, 1, 100, 1000);
        int camera = store.Streams()[0].Id;
        BacklogMessage[] room = StoreFolder.Room(50);
        Assert.Equal(50, store.Load(camera, 0, room, Megabyte));
        _folder.Fill(store, StoreFolder.Camera, 101, 5000, 1000);
        Assert.Equal(51, Assert.Single(store.Gaps(10)).FromSequence);
        store.Unload([.. room.Select(m => m.Id)]);
        _folder.Fill(store, StoreFolder.Camera, 5101, 100, 1000);
        Assert.Equal(1, Assert.Single(store.Gaps(10)).FromSequence);
    }

    [Fact]
    public void A_quota_that_was_lowered_is_kept_at_the_next_commit_and_the_file_shrinks_when_it_is_empty()
    {
        using (OutboxStore store = _folder.Open()) _folder.Fill(store, StoreFolder.Camera, 1, 3000, 1000);
        _folder.SizeBytes = Megabyte;
        using OutboxStore small = _folder.Open(2);
        small.Begin();
        small.Commit();
        Assert.InRange(small.Counts.Bytes, Megabyte * 8 / 10, Megabyte);
        int camera = small.Streams()[0].Id;
        BacklogMessage[] room = StoreFolder.Room(3000);
        int left = small.Load(camera, 0, room, 64 * Megabyte);
        small.Begin();
        small.Delete([.. room.Take(left).Select(m => m.Id)]);
        small.Commit();
        int steps = 0;
        while (small.GiveSpaceBack()) steps++;
        Assert.InRange(steps, 1, 20);
        Assert.False(small.GiveSpaceBack());
        Assert.Equal(0, small.Counts.Bytes);
        Assert.InRange(new FileInfo(_folder.Database).Length, 1, (256 + 16) * 4096);
        Assert.InRange(new FileInfo(_folder.Database + "-wal").Length, 0, Megabyte);
    }

    [Fact]
    public void Nothing_is_allocated_for_a_message()
    {
        using OutboxStore store = _folder.Open();
        _folder.Fill(store, StoreFolder.Camera, 1, 5000, 1000);
        int camera = store.Streams()[0].Id;
        byte[] payload = StoreFolder.Payload(1, 1000);
        AcceptedAt at = _folder.Clock.Now();
        long[] ids = new long[200];
        long sequence = 5001;
        Group();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Group();
        // What remains is of the group, not of its 200 messages: the look at the file's name.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2000);

        void Group()
        {
            store.Begin();
            for (int i = 0; i < ids.Length; i++) ids[i] = store.Append(new StoredMessage(camera, 1, sequence++, at, payload));
            store.Delete(ids.AsSpan(0, 10));
            store.Commit();
        }
    }
}
