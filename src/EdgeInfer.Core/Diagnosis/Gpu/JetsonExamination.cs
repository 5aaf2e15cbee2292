using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>A Jetson: its release, the nodes of its GPU, who may open them, and which ONNX Runtime can use it.</summary>
/// <param name="files">The system.</param>
/// <param name="demand">What the configuration wants.</param>
/// <param name="place">Where this runs.</param>
internal sealed class JetsonExamination(SystemFiles files, GpuDemand demand, GpuPlace place)
{
    private const string Handing = "docker: --runtime nvidia (nvidia-container-toolkit, and nvidia as a runtime in /etc/docker/daemon.json); Kubernetes: runtimeClassName: nvidia";

    // CUDA opens these first: without memory there is nothing, and the GPU's control node has moved with JetPack 6, and again with 7.
    private const string Memory = "/dev/nvmap";
    private static readonly string[] s_controls = ["/dev/nvgpu/igpu0/ctrl", "/dev/nvhost-ctrl-gpu", "/dev/nvidiactl"];

    /// <summary>Examines it.</summary>
    /// <param name="section">Gains what was found.</param>
    /// <param name="jetson">Its release.</param>
    /// <param name="nodes">The GPU nodes there are.</param>
    /// <param name="ownLibrary">The configuration's own ONNX Runtime; null for the one that comes along.</param>
    /// <param name="hasProvider">Whether CUDA's or TensorRT's library lies beside the one in use.</param>
    public void Examine(SectionBuilder section, JetsonRelease jetson, IReadOnlyList<SurveyedNode> nodes, string? ownLibrary, bool hasProvider)
    {
        string model = files.Text("/proc/device-tree/model") ?? "Jetson";
        section.Fact("jetpack", jetson.JetPack);
        section.Fact("jetson_linux", jetson.Linux);
        section.Add(jetson.JetPack.Length > 0
            ? Finding.Info(FindingId.JetsonRelease, $"Jetson Linux {jetson.Linux} = JetPack {jetson.JetPack}: CUDA {jetson.Cuda}, TensorRT {jetson.TensorRt}, cuDNN {jetson.CuDnn}", model)
            : Finding.Info(FindingId.JetsonRelease, $"Jetson Linux {jetson.Linux}, of a JetPack that this version of EdgeInfer does not know", model));
        if (Nodes(nodes) is { } trouble) section.Add(trouble);
        if (!hasProvider) section.Add(Runtime(jetson, ownLibrary));
    }

    private Finding? Nodes(IReadOnlyList<SurveyedNode> nodes)
    {
        string[] controls = [.. s_controls.Where(files.Exists)];
        bool hasMemory = files.Exists(Memory) || files.Exists("/dev/nvidiactl");
        if (!hasMemory || controls.Length == 0)
        {
            string what = $"{(hasMemory ? "the GPU's control node" : Memory)} is not there";
            return place.Container is { } container
                ? demand.Nvidia(FindingId.JetsonNodesAbsent, $"{what}: this container ({container}) was not given the GPU", "", Handing)
                : demand.Nvidia(FindingId.JetsonNodesAbsent, $"{what}: the GPU's driver is not loaded", "", "see sudo dmesg | grep -i -e nvgpu -e nvmap, and whether the kernel is the one of this Jetson Linux (uname -r)");
        }

        SurveyedNode[] refused = [.. nodes.Where(n => (n.Path == Memory || controls.Contains(n.Path)) && n.Access is { MayOpen: false })];
        if (refused.Length == 0) return Finding.Ok(FindingId.NvidiaReady, "the nodes of its GPU can be opened", Memory);
        string cure = string.Join("; ", refused.Select(static n => n.Access!.Cure).Distinct());
        return demand.Nvidia(FindingId.JetsonNotAllowed, $"the service's user may not open {string.Join(", ", refused.Select(static n => $"{n.Path} ({n.Access})"))}", "", cure);
    }

    private Finding Runtime(JetsonRelease jetson, string? ownLibrary)
    {
        string built = jetson.CudaMajor > 0 ? $"a libonnxruntime.so for arm64 that was built with CUDA {jetson.Cuda} and TensorRT {jetson.TensorRt}" : "a libonnxruntime.so for arm64 that was built for this JetPack";
        string what = ownLibrary is null
            ? "the ONNX Runtime that comes with EdgeInfer runs models on the processor alone"
            : "the configured ONNX Runtime has no library of CUDA or TensorRT beside it, and runs models on the processor";
        return demand.Nvidia(FindingId.JetsonRuntime, what, ownLibrary ?? "", $"set runtime.onnxruntime to {built} (its build.sh: --use_tensorrt --build_shared_lib), with its libonnxruntime_providers_*.so beside it");
    }
}
