using System.Diagnostics;
using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Sources;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Streams;

/// <summary>A camera that comes and goes for days leaves nothing behind.</summary>
[Collection(Alone.Name)]
public sealed class RtspCycleTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A few cycles of a seeded series; all hundred with <c>EDGEINFER_STREAM_CYCLES=100</c>.</summary>
    [Fact]
    public async Task Cameras_that_die_or_freeze_again_and_again_cost_neither_processes_nor_descriptors_nor_memory()
    {
        int cycles = int.Parse(Environment.GetEnvironmentVariable("EDGEINFER_STREAM_CYCLES") ?? "6", CultureInfo.InvariantCulture);
        AnnexBFilm film = await AnnexBFilm.Encode(_folder, "testsrc=size=320x240:rate=10", 2, 10);
        Random random = new(4);
        await using RtspServer camera = RtspServer.Start(film);
        using SourceRun run = new(new StreamOptions(new Uri(camera.Url), null, null, null) { Ffmpeg = new() });
        run.Take();
        (int Descriptors, int Children, long Memory) first = default;
        TimeSpan slowestReturn = default, slowestNotice = default;
        for (int cycle = 0; cycle < cycles; cycle++)
        {
            bool isFreeze = random.Next(2) == 0;
            if (isFreeze) camera.IsFrozen = true;
            else await camera.Kill();
            TimeSpan noticed = run.AwaitState(SourceState.NoSignal);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1500)), TimeProvider.System, TestContext.Current.CancellationToken);
            if (isFreeze) camera.IsFrozen = false;
            else camera.Restart();
            TimeSpan returned = Drain(run, s_limit);
            Assert.InRange(noticed, TimeSpan.Zero, s_limit);
            slowestNotice = noticed > slowestNotice ? noticed : slowestNotice;
            slowestReturn = returned > slowestReturn ? returned : slowestReturn;

            // After two, when pools and caches are full.
            if (cycle == 1) first = Held();
        }

        (int descriptors, int children, long memory) = Held();
        TestContext.Current.SendDiagnosticMessage(
            $"{cycles} cycles: noticed within {slowestNotice.TotalSeconds:0.0} s, back within {slowestReturn.TotalSeconds:0.0} s; descriptors {first.Descriptors} → {descriptors}, "
            + $"children {first.Children} → {children}, memory {first.Memory >> 20} → {memory >> 20} MiB");
        Assert.InRange(descriptors, 0, first.Descriptors + 3);
        Assert.InRange(children, 0, first.Children + 1);
        Assert.InRange(memory, 0, first.Memory + (32 << 20));
    }

    /// <summary>Takes frames until one comes from a running source; how long that took.</summary>
    private static TimeSpan Drain(SourceRun run, TimeSpan limit)
    {
        Stopwatch clock = Stopwatch.StartNew();
        run.AwaitState(SourceState.Running);
        run.Take(limit);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, limit);
        return clock.Elapsed;
    }

    private static (int Descriptors, int Children, long Memory) Held()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        int children = Directory.GetDirectories("/proc").Count(p => char.IsAsciiDigit(p[6]) && IsChild(p));
        return (Directory.GetFiles("/proc/self/fd").Length, children, OwnMemory.Kilobytes(Environment.ProcessId) << 10);
    }

    private static bool IsChild(string process)
    {
        try
        {
            return File.ReadAllText(process + "/status").Contains($"PPid:\t{Environment.ProcessId}\n", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
