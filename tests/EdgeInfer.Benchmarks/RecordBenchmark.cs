using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Recording;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Benchmarks;

/// <summary>Processor time and managed bytes of keeping one frame with its result, per size of frame: <c>record</c>.</summary>
internal static class RecordBenchmark
{
    private const int Frames = 2000;

    /// <summary>Runs it.</summary>
    public static int Run()
    {
        foreach ((string name, int bytes) in ((string, int)[])[("JPEG 640x480, 70 kB", 70_000), ("JPEG 1280x720, 200 kB", 200_000), ("YUYV 640x480", 640 * 480 * 2), ("YUYV 1280x720", 1280 * 720 * 2)])
            Measure(name, bytes);
        return 0;
    }

    private static void Measure(string name, int bytes)
    {
        using FrameRing ring = new(new RecordOptions(100, null, 64 << 20), TimeProvider.System);
        using FramePool pool = new(1, bytes);
        Prediction prediction = new() { FrameWidth = 640, FrameHeight = 480 };
        for (int i = 0; i < 8; i++) prediction.Detections.Add(new(0, 0.9f, i, 20, 30, 40));
        PredictionFacts facts = new("press-3", "belt", 1, "parts-detector", "1.0.0", new('a', 64), "cpu", ResultShape.Detections, ["bolt"]);
#pragma warning disable CA5394 // Ids of a benchmark.
        PredictionWriter writer = new(new PredictionEnvelope(facts), new Random(1));
#pragma warning restore CA5394
        Frame frame = pool.Rent()!;
        pool.Memory(frame, bytes);
        frame.Info = new() { Format = PixelFormat.Yuyv, WidthPixels = 640, HeightPixels = 480, CapturedAt = DateTimeOffset.UnixEpoch };
        FrameLease lease = pool.Publish(frame, bytes);

        // Once through the memory, so that every page is there.
        for (int i = 0; i < Frames; i++) Keep();
        ThreadCpuTime time = new();
        double[] microseconds = new double[Frames];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Frames; i++)
        {
            long start = time.GetTimestamp();
            Keep();
            microseconds[i] = time.GetElapsedTime(start).TotalMicroseconds;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        lease.Dispose();
        Array.Sort(microseconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-24} median {microseconds[Frames / 2]:0} us, 95 % {microseconds[Frames * 95 / 100]:0} us of processor time a frame, {(double)allocated / Frames:0.0} managed bytes"));

        void Keep()
        {
            ring.Begin(lease);
            ring.Result(0, 1, ResultBits.Of(prediction), writer.Write(prediction, isClockSynced: true));
            ring.End(0);
        }
    }
}
