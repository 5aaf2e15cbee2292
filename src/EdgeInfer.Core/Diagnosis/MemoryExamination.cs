using System.Globalization;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>Memory: what there is, what is free, and the control group's limit.</summary>
/// <param name="files">The system.</param>
internal sealed class MemoryExamination(SystemFiles files)
{
    /// <summary>The agent with one small model; measured at about 80 MiB.</summary>
    private const long Least = 100L << 20;

    private const long Comfortable = 200L << 20;

    /// <summary>Bytes that can be had now, the control group's limit included; null where the kernel does not say.</summary>
    public long? AvailableBytes() => Available(MachineMemory.Read(files));

    /// <summary>Examines the memory.</summary>
    public Section Examine()
    {
        SectionBuilder section = new("memory", "Memory");
        MachineMemory memory = MachineMemory.Read(files);
        long? total = memory.TotalBytes;
        long? swap = memory.SwapBytes;
        long? limit = memory.Group?.LimitBytes;
        long? available = Available(memory);
        section.Fact("total_bytes", total);
        section.Fact("available_bytes", available);
        section.Fact("swap_bytes", swap);
        section.Fact("limit_bytes", limit);
        if (total is null || available is not { } free)
        {
            section.Add(Finding.Info(FindingId.MemoryUnknown, "the kernel does not show its memory"));
            return section.Build();
        }

        string limited = limit is { } most ? $", limited to {Size(most)} by its control group" : "";
        string what = $"{Size(free)} free of {Size(total.Value)}{limited}, {(swap is > 0 ? $"{Size(swap.Value)} of swap" : "no swap")}";
        if (free >= Comfortable) section.Add(Finding.Ok(FindingId.MemoryEnough, what));
        else if (free >= Least) section.Add(Finding.Warning(FindingId.MemoryShort, what, "", "stop what is not needed (a desktop takes 300 MiB and more), or use a smaller model"));
        else section.Add(Finding.Problem(FindingId.MemoryTooLittle, Diagnostics.FaultKind.Unavailable, $"{what}: too little for the agent and a model", "", "stop what is not needed, raise MemoryMax= of the unit or --memory of the container, or use a device with more memory"));
        return section.Build();
    }

    /// <summary>A size in its largest unit: <c>3.7 GiB</c>.</summary>
    public static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.#} GiB"),
        >= 10L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.##} MiB"),
    };

    private static long? Available(MachineMemory memory)
        => memory.Group is { LimitBytes: var limit } && memory.AvailableBytes is { } free ? Math.Min(free, limit) : memory.AvailableBytes;
}
