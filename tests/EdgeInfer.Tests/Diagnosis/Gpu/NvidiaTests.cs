using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnosis.Gpu;

namespace EdgeInfer.Tests.Diagnosis.Gpu;

/// <summary>A graphics card of NVIDIA's in each state that an integrator meets, with the way out of it.</summary>
public sealed class NvidiaTests
{
    [Fact]
    public void A_card_whose_driver_nodes_and_library_fit_is_in_order()
    {
        using FakeSystem system = GpuMachines.Healthy();
        Section section = GpuMachines.Examine(system, ["cuda", "cpu"]);
        Assert.Equal(FindingLevel.Ok, section.Worst == FindingLevel.Info ? FindingLevel.Ok : section.Worst);
        Assert.Equal(["NVIDIA GeForce RTX 4090: driver 550.54.14, its nodes can be opened: serves CUDA 12 and older"], section.Said(FindingLevel.Ok));
        Assert.Equal(["NVIDIA GeForce RTX 4090"], Assert.IsAssignableFrom<IEnumerable<string>>(section.FactOf("nvidia_gpus")));
        Assert.Equal("550.54.14", section.FactOf("nvidia_driver"));
    }

    [Theory]
    [InlineData("", "NvidiaDriverAbsent", "NVIDIA's driver is not installed for this kernel", "sudo apt install nvidia-driver")]
    [InlineData("nouveau", "NvidiaNouveau", "nouveau, which has no CUDA", "keeps nouveau away")]
    [InlineData("vfio-pci", "NvidiaDriverAbsent", "set aside for virtual machines", "give it back to the host")]
    public void A_card_without_its_driver_says_which_one_is_in_its_place(string driver, string id, string what, string cure)
    {
        using FakeSystem system = GpuMachines.Card(driver);
        Finding found = Assert.Single(GpuMachines.Examine(system, ["cuda", "cpu"]).Findings, static f => f.Level == FindingLevel.Warning);
        Assert.Equal((id, "NVIDIA GPU at 0000:01:00.0"), (found.Id.ToString(), found.Where));
        Assert.Contains(what, found.What, StringComparison.Ordinal);
        Assert.Contains(cure, found.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_that_is_installed_and_not_loaded_points_at_the_kernels_log_and_Secure_Boot()
    {
        using FakeSystem system = GpuMachines.Card().With("/lib/modules/6.1.0-28-amd64/updates/dkms/nvidia.ko.xz", "");
        Finding found = Assert.Single(GpuMachines.Examine(system, ["cuda"]).Findings, static f => f.Id == FindingId.NvidiaDriverNotLoaded);
        Assert.Contains("mokutil --import", found.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { "cpu" }, false, FindingLevel.Info)]
    [InlineData(new[] { "cuda", "cpu" }, false, FindingLevel.Warning)]
    [InlineData(new[] { "tensorrt", "cuda" }, true, FindingLevel.Problem)]
    public void What_is_missing_weighs_as_much_as_the_configuration_wants_it(string[] providers, bool isRequired, object level)
    {
        using FakeSystem system = GpuMachines.Card("nouveau");
        Assert.Equal(level, Assert.Single(GpuMachines.Examine(system, providers, isRequired).Findings, static f => f.Id == FindingId.NvidiaNouveau).Level);
    }

    [Fact]
    public void A_node_that_the_services_user_may_not_open_names_the_group_and_the_command()
    {
        using FakeSystem system = GpuMachines.Healthy();
        Finding found = Assert.Single(GpuMachines.Examine(system, ["cuda"], groups: [], closed: ["/dev/nvidia0", "/dev/nvidiactl"]).Findings, static f => f.Id == FindingId.NvidiaNotAllowed);
        Assert.Equal("the service's user may not open /dev/nvidia0 (rw-rw---- root:video)", found.What);
        Assert.Equal("sudo usermod -aG video edgeinfer, and start the service again", found.Cure);
    }

    [Fact]
    public void A_missing_node_names_the_program_that_makes_it()
    {
        using FakeSystem system = GpuMachines.Healthy().Without("/dev/nvidia-uvm");
        Finding found = Assert.Single(GpuMachines.Examine(system, ["cuda"]).Findings, static f => f.Id == FindingId.NvidiaNodesAbsent);
        Assert.Contains("/dev/nvidia-uvm is not there", found.What, StringComparison.Ordinal);
        Assert.StartsWith("sudo nvidia-modprobe -c 0 -u", found.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_container_that_was_not_given_the_card_says_how_it_is_handed_on()
    {
        using FakeSystem system = GpuMachines.Healthy().Without("/dev/nvidia0").Without("/dev/nvidiactl").Without("/dev/nvidia-uvm").With("/.dockerenv", "");
        Finding found = Assert.Single(GpuMachines.Examine(system, ["cuda"]).Findings, static f => f.Id == FindingId.NvidiaContainer);
        Assert.Contains("this container (docker) was not given the GPU: /dev/nvidiactl, /dev/nvidia0, /dev/nvidia-uvm are not there", found.What, StringComparison.Ordinal);
        Assert.Contains("--gpus all", found.Cure, StringComparison.Ordinal);
        Assert.Contains("nvidia.com/gpu: 1", found.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_container_with_nodes_and_without_the_library_names_the_capabilities()
    {
        using FakeSystem system = GpuMachines.Healthy().Without(GpuMachines.Libraries + "/libcuda.so.1").With("/.dockerenv", "");
        Assert.Contains("NVIDIA_DRIVER_CAPABILITIES=compute,utility", Assert.Single(GpuMachines.Examine(system, ["cuda"]).Findings, static f => f.Id == FindingId.NvidiaLibraryAbsent).Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_of_another_version_than_the_loaded_module_asks_for_a_restart()
    {
        using FakeSystem system = GpuMachines.Healthy("550.54.14", "550.90.07");
        Finding found = Assert.Single(GpuMachines.Examine(system, ["cuda"]).Findings, static f => f.Id == FindingId.NvidiaLibraryMismatch);
        Assert.Equal("its library /usr/lib/x86_64-linux-gnu/libcuda.so.1 is of 550.90.07, the driver that the kernel has loaded of 550.54.14", found.What);
        Assert.StartsWith("restart the machine", found.Cure, StringComparison.Ordinal);
    }

    // NVIDIA's table of minor-version compatibility: CUDA 13 from 580 on, CUDA 12 from 525, CUDA 11 from 450.
    [Theory]
    [InlineData("550.54.14", 13, true)]
    [InlineData("580.65.06", 13, false)]
    [InlineData("470.256.02", 12, true)]
    [InlineData("525.60.13", 12, false)]
    [InlineData("450.80.02", 11, false)]
    public void A_driver_that_is_too_old_for_the_CUDA_of_the_provider_says_which_one_it_takes(string driver, int cuda, bool isOld)
    {
        using FakeSystem system = GpuMachines.Healthy(driver);
        ProviderLibrary library = new("cuda", "/opt/ort/libonnxruntime_providers_cuda.so", [], cuda);
        Assert.Equal(isOld, GpuMachines.Examine(system, ["cuda"], libraries: [library]).Findings.Any(static f => f.Id == FindingId.NvidiaDriverOld));
    }

    [Fact]
    public void A_GPU_that_is_wanted_and_not_seen_is_said_and_one_that_nobody_wants_is_no_fault()
    {
        using FakeSystem pi = new();
        Assert.Equal(FindingId.GpuNone, Assert.Single(GpuMachines.Examine(pi, ["cuda", "cpu"]).Findings, static f => f.Level == FindingLevel.Warning).Id);
        Assert.Equal(["no GPU or accelerator is seen: models run on the processor"], GpuMachines.Examine(pi).Said(FindingLevel.Info));
    }

    [Fact]
    public void The_packages_unit_closes_the_nodes_until_its_drop_in_opens_them()
    {
        using FakeSystem system = GpuMachines.Healthy().With("/usr/lib/systemd/system/edgeinfer.service", "[Service]\nDevicePolicy=closed\n");
        Assert.Contains(GpuMachines.Examine(system, ["cuda"]).Findings, static f => f.Id == FindingId.GpuUnitClosed && f.Cure.Contains("edgeinfer.service.d/gpu.conf", StringComparison.Ordinal));
        Assert.DoesNotContain(GpuMachines.Examine(system, ["cpu"]).Findings, static f => f.Id == FindingId.GpuUnitClosed);
        system.With("/etc/systemd/system/edgeinfer.service.d/gpu.conf", "[Service]\nDevicePolicy=auto\nDeviceAllow=\n");
        Assert.DoesNotContain(GpuMachines.Examine(system, ["cuda"]).Findings, static f => f.Id == FindingId.GpuUnitClosed);
    }

    [Fact]
    public void The_versions_of_CUDAs_libraries_are_read_from_what_their_files_are_called()
    {
        using FakeSystem system = GpuMachines.Healthy("580.65.06").With("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n").With("/etc/ld.so.conf.d/cuda.conf", "# CUDA\n/usr/local/cuda/lib64\n")
            .With("/usr/local/cuda/lib64/libcudart.so.13.0.96", "").WithLink("/usr/local/cuda/lib64/libcudart.so.13", "libcudart.so.13.0.96")
            .With(GpuMachines.Libraries + "/libcudnn.so.9.13.0", "").WithLink(GpuMachines.Libraries + "/libcudnn.so.9", "libcudnn.so.9.13.0");
        Section section = GpuMachines.Examine(system, ["cuda"]);
        Assert.Equal(("13.0.96", "9.13.0"), (section.FactOf("cudart"), section.FactOf("cudnn")));
        Assert.Contains("libraries: libcudart 13.0.96, libcudnn 9.13.0; not there: libcublas, libnvinfer, libnvonnxparser", section.Said(FindingLevel.Info));
    }

    [Theory]
    [InlineData(100, "it finds no GPU (CUDA error 100)")]
    [InlineData(803, "the driver's library and its kernel module are of different versions (CUDA error 803)")]
    [InlineData(999, "an error that it does not know (CUDA error 999)")]
    [InlineData(12345, "CUDA error 12345")]
    public void The_drivers_error_numbers_are_put_into_words(int code, string what)
    {
        Assert.Equal(what, CudaErrors.Of(code).What);
        Assert.NotEmpty(CudaErrors.Of(code).Cure);
    }
}
