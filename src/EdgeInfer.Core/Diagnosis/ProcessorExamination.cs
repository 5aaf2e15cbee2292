using System.Globalization;
using EdgeInfer.Inference;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>The processor, what it has for quantised models, and how much of it this process may use.</summary>
/// <param name="files">The system.</param>
internal sealed class ProcessorExamination(SystemFiles files)
{
    // Arm's own numbers of its cores (MIDR part numbers).
    private static readonly (string Part, string Name)[] s_armCores =
    [
        ("0xd03", "Cortex-A53"), ("0xd04", "Cortex-A35"), ("0xd05", "Cortex-A55"), ("0xd07", "Cortex-A57"), ("0xd08", "Cortex-A72"), ("0xd09", "Cortex-A73"),
        ("0xd0a", "Cortex-A75"), ("0xd0b", "Cortex-A76"), ("0xd0c", "Neoverse-N1"), ("0xd0d", "Cortex-A77"), ("0xd40", "Neoverse-V1"), ("0xd41", "Cortex-A78"),
        ("0xd42", "Cortex-A78AE"), ("0xd46", "Cortex-A510"), ("0xd47", "Cortex-A710"), ("0xd49", "Neoverse-N2"), ("0xd4f", "Neoverse-V2"), ("0xd80", "Cortex-A520"), ("0xd81", "Cortex-A720"),
    ];

    // The kernel's word, and what it is called.
    private static readonly (string Flag, string Name)[] s_features =
    [
        ("asimd", "NEON"), ("asimdhp", "fp16"), ("asimddp", "dotprod"), ("i8mm", "i8mm"), ("bf16", "bf16"), ("sve", "SVE"),
        ("sse4_2", "SSE4.2"), ("avx", "AVX"), ("avx2", "AVX2"), ("fma", "FMA"), ("avx512f", "AVX-512"), ("avx512_vnni", "AVX-512 VNNI"), ("avx_vnni", "AVX-VNNI"), ("amx_int8", "AMX int8"),
    ];

    private static readonly string[] s_dotProducts = ["dotprod", "i8mm", "AVX-512 VNNI", "AVX-VNNI", "AMX int8"];

    /// <summary>Examines the processor.</summary>
    /// <param name="allowance">What this process may use.</param>
    public Section Examine(ProcessorAllowance allowance)
    {
        SectionBuilder section = new("processor", "Processor");
        string[] lines = files.Lines("/proc/cpuinfo");
        int cores = lines.Count(static l => l.StartsWith("processor", StringComparison.Ordinal));
        string name = Name(lines);
        string[] features = Features(lines);
        section.Fact("name", name);
        section.Fact("cores", cores);
        section.Fact("features", features);
        section.Fact("usable_cores", allowance.Affine);
        section.Fact("quota_cores", allowance.Quota);
        section.Fact("threads", allowance.AutomaticThreads);
        if (cores == 0) section.Add(Finding.Info(FindingId.ProcessorUnknown, "the kernel does not show its processors (ProcSubset=pid of the unit, or a sandbox)"));
        else section.Add(Finding.Info(FindingId.ProcessorKnown, $"{(name.Length > 0 ? name : "unknown processor")}, {Count(cores)}{(features.Length > 0 ? ": " + string.Join(", ", features) : "")}"));
        bool hasDotProducts = features.Any(s_dotProducts.Contains);
        if (hasDotProducts) section.Add(Finding.Ok(FindingId.ProcessorInt8, "it multiplies int8 numbers directly: quantised models run fastest"));
        else if (features.Length > 0) section.Add(Finding.Info(FindingId.ProcessorWithoutInt8, "it has no instructions for int8 products: a quantised model gains in size and memory, less in speed"));
        Limits(section, allowance, cores);
        Governor(section);
        return section.Build();
    }

    private static void Limits(SectionBuilder section, ProcessorAllowance allowance, int cores)
    {
        string threads = $"runtime.threads: auto is {allowance.AutomaticThreads} here";
        if (allowance.Affine > 0 && allowance.Affine < cores) section.Add(Finding.Info(FindingId.ProcessorAffinity, $"this process may run on {Count(allowance.Affine)} of {cores} (affinity); {threads}"));
        if (allowance.Quota is not { } quota)
        {
            section.Add(Finding.Ok(FindingId.ProcessorThreads, threads));
            return;
        }

        string what = string.Create(CultureInfo.InvariantCulture, $"this process may use {quota:0.##} cores' worth of time (quota); {threads}");
        if (quota < 1) section.Add(Finding.Warning(FindingId.ProcessorQuotaLow, what, "", "raise CPUQuota= of the unit or --cpus of the container to 1 at least, or lower the fps of the pipelines"));
        else section.Add(Finding.Info(FindingId.ProcessorQuota, what));
    }

    // Clusters of cores may have different ones.
    private void Governor(SectionBuilder section)
    {
        IReadOnlyList<string> policies = files.List("/sys/devices/system/cpu/cpufreq", "policy*");
        if (policies.Count == 0) policies = ["/sys/devices/system/cpu/cpu0/cpufreq"];
        (string Governor, string Driver)[] all = [.. policies.Select(p => (files.Text(p + "/scaling_governor") ?? "", files.Text(p + "/scaling_driver") ?? "")).Where(static p => p.Item1.Length > 0).Distinct()];
        if (all.Length == 0) return;

        // The drivers of newer Intel and AMD processors mean something else by powersave: they still rise with the load.
        string? low = all.FirstOrDefault(static p => p.Governor == "powersave" && p.Driver is not ("intel_pstate" or "amd-pstate-epp")).Governor;
        section.Fact("governor", low ?? all[0].Governor);
        if (low is not null)
        {
            section.Add(Finding.Warning(FindingId.GovernorLow, "the frequency governor is powersave: the cores stay at their lowest frequency", "",
                "echo schedutil | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor, and cpufreq.default_governor=schedutil on the kernel's command line to keep it"));
        }
        else
        {
            section.Add(Finding.Ok(FindingId.GovernorFine, $"frequency governor {string.Join(" and ", all.Select(static p => p.Governor).Distinct())}"));
        }
    }

    private static string Name(string[] lines)
    {
        if (Value(lines, "model name") is { } model) return model;
        string[] parts = [.. lines.Where(static l => l.StartsWith("CPU part", StringComparison.Ordinal)).Select(After).Distinct()];
        return string.Join(" + ", parts.Select(static p => s_armCores.FirstOrDefault(c => c.Part == p).Name ?? $"part {p}"));
    }

    private static string[] Features(string[] lines)
    {
        string[] flags = (Value(lines, "flags") ?? Value(lines, "Features") ?? "").Split(' ');
        return [.. s_features.Where(f => flags.Contains(f.Flag)).Select(static f => f.Name)];
    }

    private static string? Value(string[] lines, string key)
        => lines.FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal) && l[key.Length..].TrimStart().StartsWith(':')) is { } line ? After(line) : null;

    private static string After(string line) => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();

    private static string Count(int cores) => cores == 1 ? "1 core" : $"{cores} cores";
}
