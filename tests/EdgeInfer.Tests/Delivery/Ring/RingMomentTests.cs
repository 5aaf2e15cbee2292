using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Ring;

namespace EdgeInfer.Tests.Delivery.Ring;

[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class RingMomentTests : IDisposable
{
    private const int Moments = 300;
    private const int FileBytes = 1 << 20;

    private readonly RingRig _rig = new();
    private long _accepted;
    private long _freed;
    private long _freeing;
    private int _isDone;

    public void Dispose() => _rig.Dispose();

    /// <summary>What a killed process leaves is the file's bytes at that moment; here they are taken while another thread goes on, which is harder.</summary>
    [Fact]
    public void At_any_moment_the_file_holds_what_was_accepted_and_not_freed()
    {
        using MappedRing ring = MappedRing.Open(_rig.Folder, "/state", RingRig.Kernel, 7, out _, FileBytes);
        Thread writer = new(() => Write(ring));
        writer.Start();
        byte[] copy = new byte[ring.Bytes];
        string copyPath = MappedRing.PathOf(_rig.Folder, "/copy");
        try
        {
            for (int i = 0; i < Moments; i++)
            {
                long freedBefore = Volatile.Read(ref _freed);
                long acceptedBefore = Volatile.Read(ref _accepted);
                ring.CopyTo(copy);
                long freeingAfter = Volatile.Read(ref _freeing);
                File.WriteAllBytes(copyPath, copy);
                Judge(freedBefore, acceptedBefore, freeingAfter);
            }
        }
        finally
        {
            Volatile.Write(ref _isDone, 1);
            writer.Join();
        }
    }

    private static int Length(long sequence) => (int)(sequence * 7919 % 3000);

    private void Judge(long freedBefore, long acceptedBefore, long freeingAfter)
    {
        using MappedRing recovered = MappedRing.Open(_rig.Folder, "/copy", RingRig.Kernel, 8, out _, FileBytes);
        HashSet<long> there = [];
        long last = -1;
        foreach (int slot in recovered.Recovered)
        {
            RingMessage message = recovered.Read(slot);
            Assert.True(message.Sequence > last, "out of order");
            Assert.True(message.Sequence > freedBefore, $"{message.Sequence} was freed before, up to {freedBefore}");
            Assert.Equal(RingRig.Payload(message.Sequence, Length(message.Sequence)), message.Payload.ToArray());
            there.Add(last = message.Sequence);
        }

        for (long sequence = freeingAfter + 1; sequence <= acceptedBefore; sequence++) Assert.True(there.Contains(sequence), $"{sequence} is missing");
    }

    private void Write(MappedRing ring)
    {
        Queue<int> slots = new();
        for (long sequence = 1; Volatile.Read(ref _isDone) == 0; sequence++)
        {
            int slot = _rig.Add(ring, sequence, RingRig.Payload(sequence, Length(sequence)));
            Assert.True(slot >= 0);
            slots.Enqueue(slot);
            Volatile.Write(ref _accepted, sequence);
            while (slots.Count > 20 + (int)(sequence % 200))
            {
                Volatile.Write(ref _freeing, _freed + 1);
                ring.Free(slots.Dequeue());
                Volatile.Write(ref _freed, _freed + 1);
            }
        }
    }
}
