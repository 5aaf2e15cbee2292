namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>Where a program runs, as far as it decides how libraries are got.</summary>
/// <param name="Container">The kind of container; null for none.</param>
/// <param name="Jetson">The Jetson's release; null for another machine.</param>
internal sealed record GpuPlace(string? Container, JetsonRelease? Jetson);

/// <summary>Libraries that the loader would not find, as a sentence that names the products they belong to and how to get each.</summary>
internal static class MissingLibraries
{
    /// <summary>The driver that a CUDA needs at least (NVIDIA's table of minor-version compatibility).</summary>
    public static int? LeastDriver(int cuda) => cuda switch { 11 => 450, 12 => 525, 13 => 580, _ => null };

    /// <summary>What is missing: <c>CUDA 13 (libcudart.so.13, libcublas.so.13), NVIDIA's driver (libcuda.so.1)</c>.</summary>
    public static string Describe(ProviderLibrary library)
        => string.Join(", ", library.Missing.GroupBy(n => Product(n, library.CudaMajor)).Select(static p => p.Key.Length > 0 ? $"{p.Key} ({string.Join(", ", p)})" : string.Join(", ", p)));

    /// <summary>How to get them.</summary>
    /// <param name="library">What needs them.</param>
    /// <param name="place">Where.</param>
    /// <param name="aside">A folder that has some of them and that the loader was not told of; null for none.</param>
    public static string Cure(ProviderLibrary library, GpuPlace place, string? aside)
    {
        string[] products = [.. library.Missing.Select(n => Product(n, library.CudaMajor)).Distinct()];
        if (aside is not null) return $"they lie in {aside}, where the loader does not look: echo {aside} | sudo tee /etc/ld.so.conf.d/edgeinfer-gpu.conf && sudo ldconfig";
        if (place.Jetson is { CudaMajor: > 0 } jetson && library.CudaMajor is { } wanted)
        {
            return wanted != jetson.CudaMajor
                ? $"it was built for CUDA {wanted}, and JetPack {jetson.JetPack} has CUDA {jetson.Cuda}: set runtime.onnxruntime to one built for that, or move to another JetPack"
                : place.Container is null ? "sudo apt install nvidia-jetpack (CUDA, cuDNN and TensorRT of this JetPack)" : "start the container with --runtime nvidia, from an image that has JetPack's CUDA and TensorRT";
        }

        if (place.Container is not null)
        {
            string[] image = [.. products.Where(static p => p is not (Driver or ""))];
            return string.Join(", ", (string[])[.. products.Contains(Driver) ? (string[])["start the container with --gpus all"] : [], .. image.Length > 0 ? (string[])[$"take an image that has {string.Join(", ", image)}"] : []]) is { Length: > 0 } given
                ? given
                : "take an image that has them";
        }

        string[] ways = [.. products.Select(Way).Where(static w => w.Length > 0)];
        return ways.Length > 0 ? string.Join("; ", ways) : "install the packages that have them (ldd on the library shows what is still missing)";
    }

    private const string Driver = "NVIDIA's driver";

    private static string Product(string name, int? cuda)
    {
        if (name is "libcuda.so.1" or "libnvidia-ml.so.1") return Driver;
        string stem = name.Split(".so", 2)[0];
        string major = name.Contains(".so.", StringComparison.Ordinal) ? " " + name[(name.IndexOf(".so.", StringComparison.Ordinal) + 4)..].Split('.')[0] : "";
        if (stem.StartsWith("libcudnn", StringComparison.Ordinal)) return "cuDNN" + major;
        if (stem.StartsWith("libnvinfer", StringComparison.Ordinal) || stem.StartsWith("libnvonnxparser", StringComparison.Ordinal)) return "TensorRT" + major;
        if (stem is "libcudart" or "libcublas" or "libcublasLt" or "libcurand" or "libcufft" or "libnvrtc" or "libcusparse" or "libcusolver" or "libnvJitLink") return cuda is { } c ? $"CUDA {c}" : "CUDA";
        if (stem.StartsWith("libopenvino", StringComparison.Ordinal) || stem.StartsWith("libtbb", StringComparison.Ordinal)) return "OpenVINO";
        if (stem.StartsWith("libQnn", StringComparison.Ordinal)) return "Qualcomm's AI Engine Direct";
        return stem.StartsWith("libamdhip", StringComparison.Ordinal) || stem.StartsWith("libmigraphx", StringComparison.Ordinal) || stem.StartsWith("libhip", StringComparison.Ordinal)
            || stem.StartsWith("libroc", StringComparison.Ordinal) || stem is "libMIOpen" ? "ROCm" : "";
    }

    private static string Way(string product)
    {
        string[] words = product.Split(' ');
        string major = words[^1];
        return words[0] switch
        {
            "NVIDIA's" => "install NVIDIA's driver (see the section GPU)",
            "CUDA" => $"sudo apt install cuda-libraries-{major}-0 (or a later {major}-x) from NVIDIA's repository, developer.nvidia.com/cuda-downloads",
            "cuDNN" => $"sudo apt install libcudnn{major}-cuda-13 (or -cuda-12) from the same repository",
            "TensorRT" => $"sudo apt install libnvinfer{major} libnvonnxparsers{major} from the same repository",
            "OpenVINO" => "install OpenVINO's runtime (docs.openvino.ai), or put its libraries beside the provider's",
            "Qualcomm's" => "install Qualcomm's AI Engine Direct (QNN) and put its libraries beside the provider's",
            "ROCm" => "install ROCm with MIGraphX (rocm.docs.amd.com)",
            _ => "",
        };
    }
}
