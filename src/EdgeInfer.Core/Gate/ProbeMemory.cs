using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Gate;

/// <summary>How much memory a probe may take, worked out before it starts.</summary>
/// <param name="LimitBytes">Resident memory above which it is killed; null where the kernel says nothing of memory and the gate nothing of its own.</param>
/// <param name="DataBytes">Memory of its own above which an allocation fails; null for no such limit.</param>
/// <param name="Verdict">Why it is not started; null where it may be.</param>
internal sealed record ProbeMemory(long? LimitBytes, long? DataBytes, ProbeVerdict? Verdict)
{
    /// <summary>What is left to everything else: pipelines that run meanwhile must not lose a page to a probe.</summary>
    private const long Reserve = 64L << 20;

    /// <summary>This program with ONNX Runtime and no model; measured at 60 to 80 MiB.</summary>
    private const long Base = 96L << 20;

    /// <summary>While a model is loaded its weights are in memory twice, and once more where they are rearranged.</summary>
    private const long LoadFactor = 3;

    // The kernel counts stacks and the allocator's pieces as data before anybody has touched them: of every thread its stack (8 MiB) and an arena.
    // Measured on x64 as what RLIMIT_DATA has to be above the peak of resident memory: nothing with the bundled model and one or two threads and
    // 16 MiB with four; with 50 MB of weights 24, 40 and 57 MiB. This is twice that; how much is really used the watch sees.
    private const long Untouched = 64L << 20;
    private const long UntouchedOfThread = 16L << 20;
    private const int MostAutomaticThreads = 4;

    /// <summary>Works it out.</summary>
    /// <param name="modelBytes">Size of the model's graph and weights.</param>
    /// <param name="allowed">The gate's most resident memory; null where there is none.</param>
    /// <param name="required">What the release says that it needs; null where it says nothing.</param>
    /// <param name="threads">Threads of one inference; 0 for as many as are chosen by themselves.</param>
    /// <param name="isOnProcessor">Whether the processor alone runs it: drivers of devices map far more than they use.</param>
    /// <param name="memory">What the machine has.</param>
    public static ProbeMemory Plan(long modelBytes, long? allowed, long? required, int threads, bool isOnProcessor, MachineMemory memory)
    {
        long needed = allowed ?? required ?? (Base + (LoadFactor * modelBytes));
        if (memory.MostBytes is { } most && most < needed)
            return new(null, null, new ProbeFailed(UpdateCode.Memory, $"the probe needs {Size(needed)}, this device may give it at most {Size(most)}", new()));
        if (memory.FreeBytes is { } free && free - Reserve < needed)
            return new(null, null, new ProbeWaits($"{Size(free)} of memory are free, the probe needs {Size(needed)} and {Size(Reserve)} are left to the rest"));
        long? limit = allowed ?? memory.FreeBytes - Reserve;
        return new(limit, isOnProcessor ? limit + Untouched + ((threads > 0 ? threads : MostAutomaticThreads) * UntouchedOfThread) : null, null);
    }

    /// <summary>A size in mebibytes.</summary>
    public static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.#} MiB");
}
