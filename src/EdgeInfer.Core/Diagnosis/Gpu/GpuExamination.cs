using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>
/// Accelerators, their drivers, nodes and libraries, and whether the execution providers beside ONNX Runtime would find what they need:
/// all from files, nothing is loaded.
/// </summary>
/// <param name="files">The system.</param>
/// <param name="loader">Where the loader looks.</param>
/// <param name="demand">What the configuration wants.</param>
internal sealed class GpuExamination(SystemFiles files, LoaderFolders loader, GpuDemand demand)
{
    // CUDA's runtime and mathematics, the networks' library, TensorRT: by what their files call themselves.
    private static readonly string[] s_stems = ["libcudart", "libcublas", "libcudnn", "libnvinfer", "libnvonnxparser"];
    private static readonly string[] s_units = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

    private readonly GpuPlace _place = new(Container.Read(files), JetsonRelease.Read(files));
    private readonly IReadOnlyList<PciDevice> _devices = PciDevice.Read(files);

    /// <summary>Examines the accelerators.</summary>
    /// <param name="section">Gains what was found.</param>
    /// <param name="nodes">The device nodes there are.</param>
    /// <param name="libraries">The providers beside the ONNX Runtime in use.</param>
    /// <param name="ownLibrary">The configuration's own ONNX Runtime; null for the one that comes along.</param>
    public void Examine(SectionBuilder section, IReadOnlyList<SurveyedNode> nodes, IReadOnlyList<ProviderLibrary> libraries, string? ownLibrary)
    {
        SurveyedNode[] gpus = [.. nodes.Where(static n => n.Kind == "gpu")];
        PciDevice[] cards = Cards();
        bool hasNvidia = HasNvidia();
        if (_place.Jetson is { } jetson) new JetsonExamination(files, demand, _place).Examine(section, jetson, gpus, ownLibrary, libraries.Any(IsNvidias));
        else if (hasNvidia) new NvidiaExamination(files, loader, demand, _place).Examine(section, cards, gpus, libraries.Where(IsNvidias).Select(static l => l.CudaMajor).Max());
        else if (demand.WantsNvidia)
        {
            string wanted = string.Join(" and ", demand.Providers.Where(static p => p is "cuda" or "tensorrt"));
            section.Add(demand.Nvidia(FindingId.GpuNone, $"{wanted} in runtime.providers, and no NVIDIA GPU is seen", "",
                _place.Container is null ? $"see lspci | grep -i nvidia; without one take {wanted} out of runtime.providers" : $"hand the GPU on to the container (docker: --gpus all), or take {wanted} out of runtime.providers"));
        }

        new OtherAccelerators(files, demand).Examine(section, _devices, gpus);
        if (hasNvidia || _place.Jetson is not null) Versions(section);
        if (demand.WantsNvidia && _place.Container is null) Unit(section);
        if (section.IsEmpty) section.Add(Finding.Info(FindingId.GpuNone, "no GPU or accelerator is seen: models run on the processor"));
    }

    /// <summary>Whether each provider beside the library would find its libraries.</summary>
    /// <param name="libraries">The providers.</param>
    public IEnumerable<Finding> Providers(IReadOnlyList<ProviderLibrary> libraries)
    {
        foreach (ProviderLibrary library in libraries)
        {
            if (library.IsComplete)
            {
                // Whether it loads as well is tried in a child where it is wanted.
                if (!demand.Wants(library.Provider)) yield return Finding.Info(FindingId.ProviderLoads, $"provider {library.Provider}: the libraries that it needs are there, and runtime.providers does not name it", library.Path);
                continue;
            }

            if (library is { Missing.Count: 0, Unfit: { } unfit })
            {
                yield return demand.Weigh(FindingId.ProviderNotLoaded, $"provider {library.Provider} cannot be loaded: its library {unfit.What}", library.Path, unfit.Cure, library.Provider);
                continue;
            }

            string[] asides = [.. library.Missing.Select(n => loader.FindAside(n)?.Path).OfType<string>().Select(static p => Path.GetDirectoryName(p)!).Distinct()];
            string cure = IsNvidias(library) && _place.Jetson is null && !HasNvidia()
                ? "no NVIDIA GPU is seen here (see GPU): without one the ONNX Runtime that comes with EdgeInfer is enough"
                : MissingLibraries.Cure(library, _place, asides.FirstOrDefault());
            yield return demand.Weigh(FindingId.ProviderLibrariesMissing, $"provider {library.Provider} cannot be loaded; missing: {MissingLibraries.Describe(library)}", library.Path, cure, library.Provider);
        }
    }

    private static bool IsNvidias(ProviderLibrary library) => library.Provider is "cuda" or "tensorrt";

    private PciDevice[] Cards() => [.. _devices.Where(static d => d.Vendor == PciDevice.Nvidia)];

    // A virtual machine or a sandbox may show the driver and no bus.
    private bool HasNvidia() => Cards().Length > 0 || NvidiaDriver.Version(files) is not null || files.Exists("/dev/nvidiactl");

    private void Versions(SectionBuilder section)
    {
        List<string> found = [];
        List<string> absent = [];
        foreach (string stem in s_stems)
        {
            if (loader.FindAny(stem) is { } library)
            {
                found.Add($"{stem} {library.Version}");
                section.Fact(stem[3..], library.Version);
            }
            else
            {
                absent.Add(stem);
            }
        }

        string what = found.Count == 0 ? "no libraries of CUDA, cuDNN or TensorRT where the loader looks" : $"libraries: {string.Join(", ", found)}{(absent.Count > 0 ? $"; not there: {string.Join(", ", absent)}" : "")}";
        section.Add(Finding.Info(FindingId.CudaLibraries, what));
    }

    // The unit of the package closes all nodes but those of cameras and sensors.
    private void Unit(SectionBuilder section)
    {
        if (!s_units.Any(u => files.Exists(u + "/edgeinfer.service"))) return;
        bool isOpen = s_units.SelectMany(u => files.List(u + "/edgeinfer.service.d", "*.conf")).Any(f => files.Lines(f).Any(static l => l is "DevicePolicy=auto" or "DevicePolicy=" || l.Contains("nvidia", StringComparison.Ordinal)));
        if (!isOpen)
        {
            section.Add(demand.Nvidia(FindingId.GpuUnitClosed, "the service's unit closes the GPU's nodes to it (DevicePolicy=closed)", "edgeinfer.service",
                "sudo install -D -m 644 /usr/share/doc/edgeinfer/examples/edgeinfer-gpu.conf /etc/systemd/system/edgeinfer.service.d/gpu.conf && sudo systemctl daemon-reload && sudo systemctl restart edgeinfer"));
        }
    }
}
