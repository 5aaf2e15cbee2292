using System.Globalization;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>Accelerators of other makers: what each is used with, and those that are not used.</summary>
/// <param name="files">The system.</param>
/// <param name="demand">What the configuration wants.</param>
internal sealed class OtherAccelerators(SystemFiles files, GpuDemand demand)
{
    // Nodes of accelerators that ONNX Runtime has no provider for on Linux.
    private static readonly (string Pattern, string Name)[] s_unused = [("hailo*", "Hailo"), ("apex_*", "Google Coral"), ("rknpu*", "Rockchip NPU")];
    private static readonly string[] s_intelNpu = ["openvino"];

    /// <summary>Examines them.</summary>
    /// <param name="section">Gains what was found.</param>
    /// <param name="devices">Graphics devices and accelerators on the bus.</param>
    /// <param name="nodes">The GPU nodes there are.</param>
    public void Examine(SectionBuilder section, IReadOnlyList<PciDevice> devices, IReadOnlyList<SurveyedNode> nodes)
    {
        if (devices.Any(static d => d.Vendor == PciDevice.Intel && d.Class >> 16 == 0x03))
            section.Add(Drawing(FindingId.IntelGpu, "Intel GPU", "openvino", "OpenVINO", nodes));
        if (nodes.FirstOrDefault(static n => n.Path.StartsWith("/dev/accel/", StringComparison.Ordinal)) is { } npu && devices.Any(static d => d.Vendor == PciDevice.Intel))
            section.Add(npu.Access is { MayOpen: false, Cure: { } cure } ? demand.Weigh(FindingId.AcceleratorNotAllowed, "Intel NPU: the service's user may not open it", npu.Path, cure, s_intelNpu) : Finding.Info(FindingId.IntelNpu, "Intel NPU, for the provider openvino", npu.Path, Own("OpenVINO")));
        if (devices.Any(static d => d.Vendor == PciDevice.Amd && d.Class >> 16 == 0x03))
        {
            section.Add(files.Exists("/dev/kfd")
                ? Drawing(FindingId.AmdGpu, "AMD GPU with ROCm's driver", "migraphx", "MIGraphX", nodes)
                : demand.Weigh(FindingId.AmdGpu, "AMD GPU: /dev/kfd is not there, which ROCm needs", "", "load the driver amdgpu of a kernel with HSA, or hand /dev/kfd and /dev/dri on to the container", "migraphx"));
        }

        if (files.Text("/proc/device-tree/compatible") is { } board && board.Split('\0').Any(static c => c.StartsWith("qcom,", StringComparison.Ordinal)))
        {
            bool hasDsp = files.List("/dev", "fastrpc-cdsp*").Count > 0 || files.List("/dev", "adsprpc-smd*").Count > 0;
            section.Add(Finding.Info(FindingId.QualcommProcessor, $"Qualcomm processor, for the provider qnn{(hasDsp ? "" : "; the node of its compute DSP (/dev/fastrpc-cdsp) is not there")}", "", Own("QNN")));
        }

        foreach ((string pattern, string name) in s_unused)
            if (files.List("/dev", pattern) is [var node, ..])
                section.Add(Finding.Info(FindingId.AcceleratorUnused, $"{name}: ONNX Runtime has no provider for it, and EdgeInfer does not use it", node));
    }

    private Finding Drawing(FindingId id, string name, string provider, string product, IReadOnlyList<SurveyedNode> nodes)
    {
        SurveyedNode[] drawing = [.. nodes.Where(static n => n.Path.StartsWith("/dev/dri/renderD", StringComparison.Ordinal))];
        string what = string.Create(CultureInfo.InvariantCulture, $"{name}, for the provider {provider}");
        if (drawing.Length == 0) return demand.Weigh(id, $"{name}: /dev/dri/renderD* is not there", "", "load its driver, or hand /dev/dri on to the container (--device /dev/dri)", provider);
        return drawing.FirstOrDefault(static n => n.Access is { MayOpen: false }) is { Access.Cure: { } cure } refused
            ? demand.Weigh(FindingId.AcceleratorNotAllowed, $"{what}: the service's user may not open {refused.Path} ({refused.Access})", "", cure, provider)
            : Finding.Info(id, what, drawing[0].Path, Own(product));
    }

    private static string Own(string product) => $"set runtime.onnxruntime to a libonnxruntime.so that was built with {product}";
}
