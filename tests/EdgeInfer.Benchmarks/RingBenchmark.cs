using System.Globalization;
using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Ring;

namespace EdgeInfer.Benchmarks;

/// <summary>Processor time of adding, reading and freeing a message of 1 kB, by messages that wait: <c>ring</c>.</summary>
internal static class RingBenchmark
{
    private const int Messages = 200_000;

    /// <summary>Runs it.</summary>
    public static int Run()
    {
        string folder = Directory.CreateDirectory(Path.Combine("/dev/shm", "ring-" + Path.GetRandomFileName())).FullName;
        try
        {
            using MappedRing ring = MappedRing.Open(folder, "/state", Guid.Empty, 1, out _);
            foreach (int waiting in (int[])[0, 16, 100, 250]) Measure(ring, waiting);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static void Measure(MappedRing ring, int waiting)
    {
        StreamLabel label = new(new("belt", "plant/belt/prediction", "plant/belt/history", DeliveryClass.Prediction), isDurable: false);
        byte[] payload = new byte[1000];
        AcceptedAt at = new(Guid.Empty, 1, 2, true);
        Queue<int> slots = new(300);
        long read = 0;
        for (int i = 0; i < waiting; i++) slots.Enqueue(ring.TryAdd(new(label, 1, i, at, payload)));
        for (int i = 0; i < Messages; i++) Cycle(i);
        ThreadCpuTime time = new();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long start = time.GetTimestamp();
        for (int i = 0; i < Messages; i++) Cycle(i);
        double nanoseconds = time.GetElapsedTime(start).TotalNanoseconds / Messages;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        while (slots.TryDequeue(out int slot)) ring.Free(slot);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{waiting,3} waiting: {nanoseconds:0} ns of processor time to add, read and free, {(double)allocated / Messages:0.0} managed bytes"));

        void Cycle(int i)
        {
            slots.Enqueue(ring.TryAdd(new(label, 1, i, at, payload)));
            int slot = slots.Dequeue();
            read += ring.Read(slot).Payload.Length;
            ring.Free(slot);
        }
    }
}
