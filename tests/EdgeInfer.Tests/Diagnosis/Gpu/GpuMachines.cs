using System.Runtime.InteropServices;
using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnosis.Gpu;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Diagnosis.Gpu;

/// <summary>Machines with accelerators as their kernels, drivers and packages describe them.</summary>
internal static class GpuMachines
{
    private const UnixFileMode ForAll = (UnixFileMode)0x1B6, ForGroup = (UnixFileMode)0x1B0;
    private const string Groups = "root:x:0:\nvideo:x:44:\nrender:x:105:\nedgeinfer:x:985:\n";

    // The driver's folder of Debian's packages.
    public const string Libraries = "/usr/lib/x86_64-linux-gnu";

    /// <summary>A PC with a graphics card of NVIDIA's and nothing installed for it.</summary>
    /// <param name="driver">What the kernel drives it with; empty for nothing.</param>
    public static FakeSystem Card(string driver = "")
    {
        FakeSystem system = new();
        const string Device = "/sys/bus/pci/devices/0000:01:00.0";
        system.With("/sys/bus/pci/devices/0000:00:1f.2/vendor", "0x8086\n").With("/sys/bus/pci/devices/0000:00:1f.2/class", "0x010601\n")
            .With(Device + "/vendor", "0x10de\n").With(Device + "/device", "0x2684\n").With(Device + "/class", "0x030000\n").With("/proc/sys/kernel/osrelease", "6.1.0-28-amd64\n");
        if (driver.Length > 0) system.With($"/sys/bus/pci/drivers/{driver}/bind", "").WithLink(Device + "/driver", $"../../../../bus/pci/drivers/{driver}");
        return system;
    }

    /// <summary>The same with NVIDIA's driver at work.</summary>
    public static FakeSystem Healthy(string version = "550.54.14", string? library = null) => Card("nvidia")
        .With("/proc/driver/nvidia/version", $"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  Thu Feb 22 01:44:30 UTC 2024\nGCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n")
        .With("/proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA GeForce RTX 4090\nIRQ:   \t\t 152\nBus Type: \t PCIe\n")
        .With("/dev/nvidia0", "").With("/dev/nvidiactl", "").With("/dev/nvidia-uvm", "")
        .With($"{Libraries}/libcuda.so.{library ?? version}", "").WithLink($"{Libraries}/libcuda.so.1", $"libcuda.so.{library ?? version}");

    /// <summary>A Jetson Orin with what NVIDIA's images bring.</summary>
    /// <param name="release">First line of /etc/nv_tegra_release.</param>
    /// <param name="control">The node of the GPU's control.</param>
    public static FakeSystem Orin(string release, string control) => new FakeSystem()
        .With("/etc/nv_tegra_release", release).With("/proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0").With("/dev/nvmap", "").With(control, "").With("/dev/nvhost-ctrl", "");

    public static FakeSystem OrinJetPack5() => Orin("# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64, DATE: Tue Aug  1 19:57:35 UTC 2023\n", "/dev/nvhost-ctrl-gpu");

    public static FakeSystem OrinJetPack6() => Orin("# R36 (release), REVISION: 4.4, GCID: 41062509, BOARD: generic, EABI: aarch64, DATE: Mon Jun 16 16:07:13 UTC 2025\n", "/dev/nvgpu/igpu0/ctrl");

    /// <summary>The section of a machine.</summary>
    /// <param name="system">The machine.</param>
    /// <param name="providers">What the configuration wants.</param>
    /// <param name="isRequired">Whether the first is.</param>
    /// <param name="groups">Groups of the service's user.</param>
    /// <param name="closed">Nodes that belong to root and the group video alone.</param>
    /// <param name="libraries">Providers beside ONNX Runtime.</param>
    /// <param name="own">The configuration's own ONNX Runtime.</param>
    public static Section Examine(FakeSystem system, string[]? providers = null, bool isRequired = false, uint[]? groups = null, string[]? closed = null, ProviderLibrary[]? libraries = null, string? own = null)
    {
        system.With("/etc/group", Groups).With("/etc/passwd", "root:x:0:0::/root:/bin/sh\nedgeinfer:x:990:985::/nonexistent:/usr/sbin/nologin\n");
        Accounts accounts = new(system.Files);
        HashSet<uint> member = [985, .. groups ?? [44, 105]];
        ServiceUser user = new("edgeinfer", 990, member, false, member);
        NodeSurvey nodes = new(system.Files, accounts, user, path => system.Files.Exists(path) ? new FileRights(closed?.Contains(path) ?? false ? ForGroup : ForAll, 0, 44) : null);
        SectionBuilder section = new("gpu", "GPU");
        Examination(system, providers, isRequired).Examine(section, nodes.Read(), libraries ?? [], own);
        return section.Build();
    }

    public static GpuExamination Examination(FakeSystem system, string[]? providers = null, bool isRequired = false)
        => new(system.Files, new LoaderFolders(system.Files, null, System.Runtime.InteropServices.Architecture.X64), new GpuDemand(providers ?? ["cpu"], isRequired));
}
