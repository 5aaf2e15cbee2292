using System.Runtime.InteropServices;
using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnosis.Gpu;
using EdgeInfer.Tests.Libraries;

namespace EdgeInfer.Tests.Diagnosis.Gpu;

/// <summary>What an execution provider's library needs and does not find: all of it at once, with the products it belongs to.</summary>
public sealed class ProviderLibraryTests
{
    private const string Beside = "/opt/ort";

    private static readonly ProviderLibrary s_cuda = new("cuda", "/opt/ort/libonnxruntime_providers_cuda.so", ["libcublas.so.13", "libcudart.so.13", "libcuda.so.1", "libcudnn.so.9"], 13);

    [Fact]
    public void All_missing_libraries_are_named_at_once_under_the_products_they_belong_to()
        => Assert.Equal("CUDA 13 (libcublas.so.13, libcudart.so.13), NVIDIA's driver (libcuda.so.1), cuDNN 9 (libcudnn.so.9)", MissingLibraries.Describe(s_cuda));

    [Fact]
    public void Each_product_has_its_own_way_to_get_it()
    {
        string cure = MissingLibraries.Cure(s_cuda, new(null, null), null);
        Assert.Contains("sudo apt install cuda-libraries-13-0", cure, StringComparison.Ordinal);
        Assert.Contains("libcudnn9-cuda-13", cure, StringComparison.Ordinal);
        Assert.Contains("NVIDIA's driver", cure, StringComparison.Ordinal);
        Assert.Equal("start the container with --gpus all, take an image that has CUDA 13, cuDNN 9", MissingLibraries.Cure(s_cuda, new("docker", null), null));
    }

    [Theory]
    [InlineData(13, "it was built for CUDA 13, and JetPack 5.1.2 has CUDA 11.4")]
    [InlineData(11, "sudo apt install nvidia-jetpack")]
    public void On_a_Jetson_another_CUDA_asks_for_another_library(int cuda, string start)
    {
        JetsonRelease jetson = new("35.4.1", "5.1.2", "11.4", "8.5", "8.6");
        Assert.StartsWith(start, MissingLibraries.Cure(s_cuda with { CudaMajor = cuda }, new(null, jetson), null), StringComparison.Ordinal);
    }

    [Fact]
    public void Libraries_that_lie_where_the_loader_does_not_look_need_a_line_and_ldconfig()
    {
        using FakeSystem system = GpuMachines.Healthy().With("/usr/local/cuda/lib64/libcudart.so.13", "");
        Finding found = Assert.Single(GpuMachines.Examination(system, ["cuda"]).Providers([s_cuda]));
        Assert.Equal((FindingId.ProviderLibrariesMissing, FindingLevel.Warning), (found.Id, found.Level));
        Assert.StartsWith("they lie in /usr/local/cuda/lib64, where the loader does not look: echo /usr/local/cuda/lib64 | sudo tee", found.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_card_a_provider_that_nobody_asks_for_is_no_fault()
    {
        using FakeSystem system = new();
        Finding found = Assert.Single(GpuMachines.Examination(system).Providers([s_cuda]));
        Assert.Equal(FindingLevel.Info, found.Level);
        Assert.Contains("no NVIDIA GPU is seen here", found.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_required_provider_that_cannot_be_loaded_is_a_problem()
    {
        using FakeSystem system = GpuMachines.Healthy();
        Assert.Equal(FindingLevel.Problem, Assert.Single(GpuMachines.Examination(system, ["cuda"], isRequired: true).Providers([s_cuda])).Level);
    }

    [Fact]
    public void What_a_real_library_needs_is_found_beside_it_and_in_the_loaders_folders()
    {
        using CompiledLibraries built = new();
        string Stub(string name) => built.Make("stub/" + name, "int x;", "-nostdlib", "-Wl,-soname," + name);
        string[] needs = [Stub("libcudart.so.12"), Stub("libcublas.so.12"), Stub("libcurand.so.10"), Stub("libcuda.so.1")];
        string provider = built.Make("libonnxruntime_providers_cuda.so", "int y;", ["-nostdlib", "-Wl,--no-as-needed", .. needs]);
        using FakeSystem system = new();
        system.With(Beside + "/libonnxruntime_providers_cuda.so", File.ReadAllBytes(provider)).With(Beside + "/libonnxruntime_providers_shared.so", File.ReadAllBytes(provider))
            .With("/usr/lib/libcudart.so.12", File.ReadAllBytes(needs[0])).With("/etc/ld.so.conf", "/opt/cuda\n").With("/opt/cuda/libcurand.so.10", File.ReadAllBytes(needs[2]));
        LoaderFolders loader = new(system.Files, null, RuntimeInformation.ProcessArchitecture);
        ProviderLibrary read = Assert.Single(ProviderLibraries.Of(system.Files, loader).In(Beside));
        Assert.Equal(("cuda", 12), (read.Provider, read.CudaMajor));
        Assert.Equal(["libcublas.so.12", "libcuda.so.1", "libcudnn.so.9"], read.Missing);
    }

    [Fact]
    public void A_file_that_is_no_library_is_named_as_one_that_cannot_be_loaded()
    {
        using FakeSystem system = new();
        system.With(Beside + "/libonnxruntime_providers_cuda.so", "not a library");
        ProviderLibrary read = Assert.Single(ProviderLibraries.Of(system.Files, new(system.Files, null, RuntimeInformation.ProcessArchitecture)).In(Beside));
        Assert.False(read.IsComplete);
        Assert.Equal(FindingId.ProviderNotLoaded, Assert.Single(GpuMachines.Examination(system, ["cuda"]).Providers([read])).Id);
    }

    [Fact]
    public void The_loaders_folders_are_those_of_its_path_its_files_and_its_own_in_that_order()
    {
        using FakeSystem system = new();
        system.With("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n/opt/last\n").With("/etc/ld.so.conf.d/a.conf", "/opt/a # comment\n").With("/etc/ld.so.conf.d/b.conf", "include b.conf\n/opt/b/\n");
        Assert.Equal(["/env", "/opt/a", "/opt/b", "/opt/last", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"],
            new LoaderFolders(system.Files, "/env:relative:", System.Runtime.InteropServices.Architecture.Arm64).Folders);
    }
}
