using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;

namespace EdgeInfer.Tests.Delivery.Store;

/// <summary>Whatever the disk makes of the files, the store opens, and fails in one way only.</summary>
[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class StoreFuzzTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Random_damage_ends_in_a_store_that_works_or_says_that_it_is_broken_and_then_in_one_that_works()
    {
        const int Rounds = 40;
        using (OutboxStore store = _folder.Open())
        {
            store.Begin();
            store.BeginRun(1, StoreFolder.Kernel);
            store.Commit();
            _folder.Fill(store, StoreFolder.Camera, 1, 60, 700);
            _folder.Fill(store, StoreFolder.Objects, 1, 20, 6000);
            store.Begin();
            for (int i = 0; i < 50; i++) store.AddLoss("camera", 1, i * 3, "overload");
            store.Commit();
        }

        byte[] sound = File.ReadAllBytes(_folder.Database);
        int broken = 0;
        for (int seed = 0; seed < Rounds; seed++)
        {
            using StoreFolder folder = new();
            File.WriteAllBytes(folder.Database, Damaged(sound, new Random(seed)));
            try
            {
                using OutboxStore store = folder.Open(2);
                UseAll(folder, store);
            }
            catch (OutboxStoreException e) when (e.IsBroken)
            {
                broken++;
                using OutboxStore anew = folder.Open(2, isKnownBroken: true);
                Assert.NotEqual(0, anew.Counts.Gaps);
                UseAll(folder, anew);
            }
        }

        // The check at the start finds most; the rest, in what SQLite is given to keep, the checks of the messages.
        Assert.InRange(broken, 1, Rounds / 2);
    }

    private static void UseAll(StoreFolder folder, OutboxStore store)
    {
        foreach (StoredStream stream in store.Streams())
        {
            BacklogMessage[] room = StoreFolder.Room(100);
            int loaded = store.Load(stream.Id, 0, room, int.MaxValue);
            foreach (BacklogMessage message in room.Take(loaded)) Assert.Equal(StoreFolder.Payload(message.Sequence, message.Payload.Length), message.Payload);
            store.Begin();
            store.Delete([.. room.Take(loaded).Select(m => m.Id)]);
            store.Commit();
        }

        Assert.NotNull(store.Runs());
        foreach (Gap gap in store.Gaps(1000))
        {
            store.Begin();
            store.DeleteGap(gap);
            store.Commit();
        }

        folder.Fill(store, StoreFolder.Camera, 1, 5, boot: 2);
        while (store.GiveSpaceBack()) continue;
    }

    private static byte[] Damaged(byte[] sound, Random random)
    {
        byte[] content = [.. sound];
        switch (random.Next(4))
        {
            case 0:
                return content[..random.Next(content.Length)];
            case 1:
                for (int i = 0; i < 8; i++) content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
                return content;
            case 2:
                random.NextBytes(content.AsSpan(random.Next(content.Length / 4096) * 4096, 4096));
                return content;
            default:
                int from = random.Next(content.Length);
                content.AsSpan(from, Math.Min(random.Next(30_000), content.Length - from)).Clear();
                return content;
        }
    }
}
