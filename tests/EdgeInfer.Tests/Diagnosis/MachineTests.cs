using EdgeInfer.Diagnosis;
using EdgeInfer.Inference;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>What boards say of themselves, as their kernels print it.</summary>
public sealed class MachineTests
{
    // Raspberry Pi 5, Raspberry Pi OS 12: one of four processors.
    private const string Pi5Processor = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp\n"
        + "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x4\nCPU part\t: 0xd0b\nCPU revision\t: 1\n\n";

    // Raspberry Pi 3B+: no dot product.
    private const string Pi3Processor = "processor\t: 0\nBogoMIPS\t: 38.40\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\nCPU part\t: 0xd03\n\n";

    private const string X64Processor = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) N100\nflags\t\t: fpu sse2 ssse3 sse4_1 sse4_2 avx f16c fma avx2 avx_vnni\n\n";

    [Fact]
    public void A_Raspberry_Pi_is_known_by_its_device_tree()
    {
        using FakeSystem system = new();
        system.With("/proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0").With("/proc/sys/kernel/osrelease", "6.6.31+rpt-rpi-2712\n")
            .With("/etc/os-release", "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
        Section section = new MachineExamination(system.Files).Examine();
        Assert.Equal("Raspberry Pi 5 Model B Rev 1.0", section.FactOf("model"));
        Assert.Equal("Debian GNU/Linux 12 (bookworm)", section.FactOf("distribution"));
        Assert.Null(section.FactOf("container"));
        Assert.Contains("kernel 6.6.31+rpt-rpi-2712", section.Findings[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Jetson_is_known_with_its_release()
    {
        using FakeSystem system = new();
        system.With("/proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0")
            .With("/etc/nv_tegra_release", "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64, DATE: Tue Aug  1 19:57:35 UTC 2023\n");
        Section section = new MachineExamination(system.Files).Examine();
        Assert.Equal("35.4.1", section.FactOf("jetson_linux"));
        Assert.Contains("Jetson Linux 35.4.1", section.Findings[0].What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Intel(R) Client Systems", "NUC13ANHi5", "Intel(R) Client Systems NUC13ANHi5")]
    [InlineData("Dell Inc.", "Dell Inc. Edge Gateway 3200", "Dell Inc. Edge Gateway 3200")]
    [InlineData("To Be Filled By O.E.M.", "To Be Filled By O.E.M.", null)]
    public void A_PC_is_known_by_its_maker_and_product(string maker, string product, string? model)
    {
        using FakeSystem system = new();
        system.With("/sys/class/dmi/id/sys_vendor", maker + "\n").With("/sys/class/dmi/id/product_name", product + "\n");
        Assert.Equal(model, new MachineExamination(system.Files).Examine().FactOf("model"));
    }

    [Theory]
    [InlineData("/.dockerenv", "", "docker")]
    [InlineData("/run/.containerenv", "", "podman")]
    [InlineData("/run/systemd/container", "systemd-nspawn\n", "systemd-nspawn")]
    [InlineData("/proc/1/environ", "PATH=/bin\0container=lxc\0", "lxc")]
    public void A_container_is_said(string file, string text, string kind)
    {
        using FakeSystem system = new();
        system.With(file, text);
        Assert.Equal(kind, new MachineExamination(system.Files).Examine().FactOf("container"));
    }

    [Theory]
    [InlineData(Pi5Processor, "Cortex-A76", "NEON fp16 dotprod", true)]
    [InlineData(Pi3Processor, "Cortex-A53", "NEON", false)]
    [InlineData(X64Processor, "Intel(R) N100", "SSE4.2 AVX AVX2 FMA AVX-VNNI", true)]
    public void A_processor_is_named_with_what_counts_for_int8(string cpuinfo, string name, string features, bool hasProducts)
    {
        using FakeSystem system = new();
        system.With("/proc/cpuinfo", cpuinfo);
        Section section = new ProcessorExamination(system.Files).Examine(new(1, null));
        Assert.Equal(name, section.FactOf("name"));
        Assert.Equal(features, string.Join(' ', (string[])section.FactOf("features")!));
        Assert.Equal(hasProducts, section.Said(FindingLevel.Ok).Any(s => s.StartsWith("it multiplies int8", StringComparison.Ordinal)));
    }

    [Fact]
    public void Limits_of_affinity_and_quota_are_said_with_the_threads_that_follow()
    {
        using FakeSystem system = new();
        system.With("/proc/cpuinfo", string.Concat(Enumerable.Repeat(Pi5Processor, 4)));
        Section section = new ProcessorExamination(system.Files).Examine(new ProcessorAllowance(2, 0.5));
        Assert.Equal(4, section.FactOf("cores"));
        Assert.Contains("this process may run on 2 cores of 4 (affinity); runtime.threads: auto is 1 here", section.Said(FindingLevel.Info));
        Assert.StartsWith("this process may use 0.5 cores' worth of time (quota)", Assert.Single(section.Said(FindingLevel.Warning)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("powersave", "cpufreq-dt", true)]
    [InlineData("powersave", "intel_pstate", false)]
    [InlineData("powersave", "amd-pstate-epp", false)]
    [InlineData("ondemand", "cpufreq-dt", false)]
    public void A_governor_that_stays_low_is_warned_of(string governor, string driver, bool isWarned)
    {
        using FakeSystem system = new();
        system.With("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor + "\n").With("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", driver + "\n");
        Section section = new ProcessorExamination(system.Files).Examine(new(4, null));
        Assert.Equal(governor, section.FactOf("governor"));
        Assert.Equal(isWarned, section.Worst == FindingLevel.Warning);
    }
}
