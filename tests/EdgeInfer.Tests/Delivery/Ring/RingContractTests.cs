using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Ring;

namespace EdgeInfer.Tests.Delivery.Ring;

[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class MappedRingContractTests : RingContractTests
{
    private protected override SlotRing Open() => MappedRing.Open(Rig.Folder, "/state", RingRig.Kernel, 7, out _);
}

[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class MemoryRingContractTests : RingContractTests
{
    private protected override SlotRing Open() => new MemoryRing();
}

[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public abstract class RingContractTests : IDisposable
{
    internal RingRig Rig { get; } = new();

    public void Dispose()
    {
        Rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void A_message_is_read_as_it_was_added()
    {
        using IMessageRing ring = Open();
        int slot = Rig.Add(ring, 41, RingRig.Payload(41, 1000));
        RingMessage read = ring.Read(slot);
        Assert.Same(Rig.Label, read.Stream);
        Assert.Equal((7, 41, RingRig.At(41)), (read.Boot, read.Sequence, read.At));
        Assert.Equal(RingRig.Payload(41, 1000), read.Payload.ToArray());
    }

    [Fact]
    public void After_256_messages_there_is_no_room_until_one_is_freed()
    {
        using IMessageRing ring = Open();
        for (int i = 0; i < 256; i++) Assert.True(Rig.Add(ring, i, RingRig.Payload(i, 100)) >= 0);
        Assert.Equal(-1, Rig.Add(ring, 256, [1]));
        ring.Free(17);
        Assert.Equal(17, Rig.Add(ring, 256, [1]));
    }

    [Fact]
    public void Adding_reading_and_freeing_allocates_nothing()
    {
        using IMessageRing ring = Open();
        byte[] payload = RingRig.Payload(1, 1000);
        long sum = 0;
        for (int i = 0; i < 100; i++) Cycle(i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++) Cycle(i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotEqual(0, sum);

        void Cycle(int i)
        {
            int slot = Rig.Add(ring, i, payload);
            sum += ring.Read(slot).Payload[0];
            ring.Free(slot);
        }
    }

    [Fact]
    public void No_message_is_refused_while_a_third_is_free_and_none_changes_beside_the_others()
    {
        using SlotRing ring = Open();
        Random random = new(5);
        List<(int Slot, long Sequence, int Bytes)> model = [];
#pragma warning disable CA5394 // A repeatable sequence.
        for (long i = 0; i < 20_000; i++)
        {
            int bytes = random.Next(20) == 0 ? random.Next(100_000) : random.Next(8000);
            int slot = Rig.Add(ring, i, RingRig.Payload(i, bytes));
            if (slot < 0) Assert.True(model.Count == 256 || ring.UsedBytes + bytes > ring.ArenaBytes * 2 / 3, $"refused {bytes} bytes with {ring.UsedBytes} used");
            else model.Add((slot, i, bytes));
            while (model.Count > 0 && (slot < 0 || random.Next(256) < model.Count))
            {
                int at = random.Next(10) == 0 ? random.Next(model.Count) : 0;
                (int used, long sequence, int length) = model[at];
                Assert.Equal(sequence, ring.Read(used).Sequence);
                Assert.True(ring.Read(used).Payload.SequenceEqual(RingRig.Payload(sequence, length)));
                ring.Free(used);
                model.RemoveAt(at);
                if (slot < 0) break;
            }
        }
#pragma warning restore CA5394
    }

    [Fact]
    public void A_steady_run_stays_in_the_lowest_bytes()
    {
        using SlotRing ring = Open();
        Queue<int> waiting = new();
        for (int i = 0; i < 5000; i++)
        {
            waiting.Enqueue(Rig.Add(ring, i, RingRig.Payload(i, 1000)));
            Assert.True(waiting.Last() < 9);
            if (waiting.Count == 8) ring.Free(waiting.Dequeue());
        }

        // Eight messages of 1 kB with their labels: three pages.
        Assert.True(ring.UsedBytes <= 12 * 1024);
    }

    private protected abstract SlotRing Open();
}
