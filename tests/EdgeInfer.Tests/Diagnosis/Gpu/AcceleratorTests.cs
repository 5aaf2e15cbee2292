using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnosis.Gpu;

namespace EdgeInfer.Tests.Diagnosis.Gpu;

/// <summary>Jetsons by their release, and accelerators of other makers.</summary>
public sealed class AcceleratorTests
{
    // NVIDIA's JetPack archive.
    [Theory]
    [InlineData("# R32 (release), REVISION: 7.3, GCID: 31982016\n", "32.7.3", "4", 10)]
    [InlineData("# R35 (release), REVISION: 4.1, GCID: 33958178\n", "35.4.1", "5.1.2", 11)]
    [InlineData("# R35 (release), REVISION: 1.0, GCID: 31250864\n", "35.1.0", "5.0.2", 11)]
    [InlineData("# R36 (release), REVISION: 3.0, GCID: 36191598\n", "36.3.0", "6.0", 12)]
    [InlineData("# R36 (release), REVISION: 4.4, GCID: 41062509\n", "36.4.4", "6.2.1", 12)]
    [InlineData("# R38 (release), REVISION: 2.0, GCID: 41844464\n", "38.2.0", "7.0", 13)]
    [InlineData("# R36 (release), REVISION: 9.9, GCID: 1\n", "36.9.9", "6", 12)]
    [InlineData("# R40 (release), REVISION: 1.0, GCID: 1\n", "40.1.0", "", 0)]
    public void A_Jetsons_release_names_its_JetPack_and_CUDA(string text, string linux, string jetPack, int cuda)
    {
        using FakeSystem system = new();
        JetsonRelease release = JetsonRelease.Read(system.With("/etc/nv_tegra_release", text).Files)!;
        Assert.Equal((linux, jetPack, cuda), (release.Linux, release.JetPack, release.CudaMajor));
    }

    [Theory]
    [InlineData(5, "Jetson Linux 35.4.1 = JetPack 5.1.2: CUDA 11.4, TensorRT 8.5, cuDNN 8.6", "built with CUDA 11.4 and TensorRT 8.5")]
    [InlineData(6, "Jetson Linux 36.4.4 = JetPack 6.2.1: CUDA 12.6, TensorRT 10.3, cuDNN 9.3", "built with CUDA 12.6 and TensorRT 10.3")]
    public void An_Orin_says_which_ONNX_Runtime_can_use_its_GPU(int jetPack, string release, string built)
    {
        using FakeSystem orin = jetPack == 5 ? GpuMachines.OrinJetPack5() : GpuMachines.OrinJetPack6();
        Section section = GpuMachines.Examine(orin, ["tensorrt", "cpu"], closed: ["/dev/nvmap"]);
        Assert.Contains(section.Findings, f => f.Id == FindingId.JetsonRelease && f.What == release);
        Assert.Contains(section.Findings, static f => f.Id == FindingId.NvidiaReady && f.Level == FindingLevel.Ok);
        Finding runtime = Assert.Single(section.Findings, static f => f.Id == FindingId.JetsonRuntime);
        Assert.Equal(FindingLevel.Warning, runtime.Level);
        Assert.Contains(built, runtime.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void An_Orin_whose_nodes_are_closed_to_the_service_names_the_group()
    {
        using FakeSystem orin = GpuMachines.OrinJetPack6();
        Finding found = Assert.Single(GpuMachines.Examine(orin, ["cuda"], groups: [], closed: ["/dev/nvmap", "/dev/nvgpu/igpu0/ctrl"]).Findings, static f => f.Id == FindingId.JetsonNotAllowed);
        Assert.Contains("/dev/nvgpu/igpu0/ctrl (rw-rw---- root:video), /dev/nvmap (rw-rw---- root:video)", found.What, StringComparison.Ordinal);
        Assert.Equal("sudo usermod -aG video edgeinfer, and start the service again", found.Cure);
    }

    [Fact]
    public void An_Orins_container_without_the_GPU_names_NVIDIAs_runtime()
    {
        using FakeSystem orin = GpuMachines.OrinJetPack5().Without("/dev/nvmap").Without("/dev/nvhost-ctrl-gpu").With("/run/.containerenv", "");
        Finding found = Assert.Single(GpuMachines.Examine(orin, ["cuda"]).Findings, static f => f.Id == FindingId.JetsonNodesAbsent);
        Assert.Contains("this container (podman) was not given the GPU", found.What, StringComparison.Ordinal);
        Assert.Contains("--runtime nvidia", found.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void Intels_and_AMDs_graphics_name_the_provider_that_uses_them()
    {
        using FakeSystem system = new();
        system.With("/sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n").With("/sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n")
            .With("/sys/bus/pci/devices/0000:03:00.0/vendor", "0x1002\n").With("/sys/bus/pci/devices/0000:03:00.0/class", "0x030000\n").With("/dev/dri/renderD128", "").With("/dev/accel/accel0", "");
        Section section = GpuMachines.Examine(system);
        Assert.Equal([FindingId.IntelGpu, FindingId.IntelNpu, FindingId.AmdGpu], section.Findings.Select(static f => f.Id));
        Assert.Equal(FindingId.AcceleratorNotAllowed, Assert.Single(GpuMachines.Examine(system, ["openvino", "cpu"], groups: [], closed: ["/dev/dri/renderD128"]).Findings, static f => f.Level == FindingLevel.Warning).Id);
    }

    [Fact]
    public void What_ONNX_Runtime_has_no_provider_for_is_said_not_to_be_used()
    {
        using FakeSystem system = new();
        system.With("/proc/device-tree/compatible", "qcom,qcs6490-rb3gen2\0qcom,qcm6490\0").With("/dev/hailo0", "");
        Assert.Equal([FindingId.QualcommProcessor, FindingId.AcceleratorUnused], GpuMachines.Examine(system).Findings.Select(static f => f.Id));
    }
}
