using System.Globalization;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>A graphics card of NVIDIA's: the driver that the kernel loaded, its nodes, who may open them, and its library.</summary>
/// <param name="files">The system.</param>
/// <param name="loader">Where the loader looks.</param>
/// <param name="demand">What the configuration wants.</param>
/// <param name="place">Where this runs.</param>
internal sealed class NvidiaExamination(SystemFiles files, LoaderFolders loader, GpuDemand demand, GpuPlace place)
{
    private const string Control = "/dev/nvidiactl";
    private const string Memory = "/dev/nvidia-uvm";
    private const string Card = "/dev/nvidia0";
    private const string Library = "libcuda.so.1";
    private const string Handing = "docker: --gpus all, podman: --device nvidia.com/gpu=all (both need nvidia-container-toolkit on the host); Kubernetes: runtimeClassName: nvidia and the limit nvidia.com/gpu: 1";
    private const string Install = "Debian: sudo apt install nvidia-driver (contrib and non-free); Ubuntu: sudo ubuntu-drivers install; then restart";

    // /dev/nvidia0, not the nodes of the driver itself.
    private static readonly string[] s_shared = [Control, Memory];

    /// <summary>Examines the card.</summary>
    /// <param name="section">Gains what was found.</param>
    /// <param name="cards">NVIDIA's devices on the bus; may be none in a virtual machine or a container.</param>
    /// <param name="nodes">The GPU nodes there are.</param>
    /// <param name="neededCuda">The newest CUDA that a provider's library was built for; null for none.</param>
    public void Examine(SectionBuilder section, IReadOnlyList<PciDevice> cards, IReadOnlyList<SurveyedNode> nodes, int? neededCuda)
    {
        string? driver = NvidiaDriver.Version(files);
        string[] names = [.. files.List("/proc/driver/nvidia/gpus").Select(Name).OfType<string>()];
        section.Fact("nvidia_gpus", names.Length > 0 ? names : [.. cards.Select(static c => string.Create(CultureInfo.InvariantCulture, $"10de:{c.Device:x4}"))]);
        section.Fact("nvidia_driver", driver);
        string where = names.Length > 0 ? string.Join(", ", names) : cards.Count > 0 ? $"NVIDIA GPU at {cards[0].Address}" : "NVIDIA GPU";
        Finding? fault = driver is null ? WithoutDriver(where, cards) : WithDriver(section, where, driver, nodes, neededCuda);
        section.Add(fault ?? Finding.Ok(FindingId.NvidiaReady, $"driver {driver}, {(nodes.Any(static n => n.Path == Memory) ? "its nodes can be opened" : "its nodes are there")}{Serves(driver!)}", where));
    }

    private static string Serves(string driver) => Newest(driver) is { } cuda ? $": serves CUDA {cuda} and older" : "";

    // The first number decides.
    private static int? Newest(string driver) => Series(driver) switch { >= 580 => 13, >= 525 => 12, >= 450 => 11, _ => null };

    private static int Series(string driver) => int.TryParse(driver.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int series) ? series : 0;

    private string? Name(string folder)
    {
        const string Key = "Model:";
        return files.Lines(folder + "/information").FirstOrDefault(static l => l.StartsWith(Key, StringComparison.Ordinal))?[Key.Length..].Trim();
    }

    private Finding WithoutDriver(string where, IReadOnlyList<PciDevice> cards)
    {
        if (cards.FirstOrDefault(static c => c.Driver.Length > 0) is { Driver: var other })
        {
            if (other == "nouveau")
                return demand.Nvidia(FindingId.NvidiaNouveau, "the kernel drives it with nouveau, which has no CUDA", where, $"{Install}: the package keeps nouveau away");
            if (other == "vfio-pci")
                return demand.Nvidia(FindingId.NvidiaDriverAbsent, "it is set aside for virtual machines (vfio-pci)", where, "run EdgeInfer in the machine that it is handed to, or give it back to the host");
        }

        if (place.Container is not null)
            return demand.Nvidia(FindingId.NvidiaDriverAbsent, "the host's kernel has no NVIDIA driver loaded", where, "install the driver on the host, not in the container");
        string? module = Module();
        return module is null
            ? demand.Nvidia(FindingId.NvidiaDriverAbsent, "NVIDIA's driver is not installed for this kernel", where, Install)
            : demand.Nvidia(FindingId.NvidiaDriverNotLoaded, "NVIDIA's driver is installed and not loaded", where,
                "sudo modprobe nvidia, and see sudo dmesg | grep -i -e nvrm -e nvidia: with Secure Boot its key has to be enrolled (sudo mokutil --import)");
    }

    // A module for the kernel that runs: after an update of the kernel there may be none.
    private string? Module()
    {
        if (files.Text("/proc/sys/kernel/osrelease") is not { } kernel) return null;
        foreach (string place in (string[])["updates/dkms", "kernel/drivers/video", "extra", "updates", "kernel/nvidia-current", "nvidia"])
            foreach (string module in files.List($"/lib/modules/{kernel}/{place}", "nvidia*.ko*")) return module;
        return null;
    }

    private Finding? WithDriver(SectionBuilder section, string where, string driver, IReadOnlyList<SurveyedNode> nodes, int? neededCuda)
    {
        string[] missing = [.. new[] { Control, Card, Memory }.Where(n => !files.Exists(n) && !(n == Card && nodes.Any(IsCard)))];
        if (place.Container is { } container && missing.Contains(Control))
            return demand.Nvidia(FindingId.NvidiaContainer, $"the host has driver {driver}, and this container ({container}) was not given the GPU: {string.Join(", ", missing)} {Are(missing)} not there", where, Handing);
        if (missing.Length > 0)
        {
            return demand.Nvidia(FindingId.NvidiaNodesAbsent, $"driver {driver} is loaded, and {string.Join(", ", missing)} {Are(missing)} not there: a user without rights cannot make them", where,
                "sudo nvidia-modprobe -c 0 -u; edgeinfer-gpu.conf does it before each start of the service");
        }

        foreach (SurveyedNode node in nodes.Where(n => IsCard(n) || s_shared.Contains(n.Path)))
        {
            if (node.Access is { MayOpen: false, Cure: { } cure })
                return demand.Nvidia(FindingId.NvidiaNotAllowed, $"the service's user may not open {node.Path} ({node.Access})", where, cure);
        }

        if (loader.Find(Library) is not { } library)
        {
            return demand.Nvidia(FindingId.NvidiaLibraryAbsent, $"driver {driver} is loaded, and its library {Library} is not there", where, place.Container is null
                ? $"install the driver's library of the same version: Debian: sudo apt install libcuda1; Ubuntu: sudo apt install libnvidia-compute-{Series(driver)}"
                : "start the container with NVIDIA_DRIVER_CAPABILITIES=compute,utility and NVIDIA's runtime (--gpus all)");
        }

        section.Fact("libcuda", library.Path);
        if (library.Version.Contains('.', StringComparison.Ordinal) && Series(library.Version) >= 100 && library.Version != driver)
        {
            return demand.Nvidia(FindingId.NvidiaLibraryMismatch, $"its library {library.Path} is of {library.Version}, the driver that the kernel has loaded of {driver}", where,
                place.Container is null ? "restart the machine: the driver was updated while the old one was at work" : "make the container anew, so that it is given the host's library");
        }

        if (neededCuda is { } cuda && MissingLibraries.LeastDriver(cuda) is { } least && Series(driver) is > 0 and var series && series < least)
        {
            return demand.Nvidia(FindingId.NvidiaDriverOld, $"driver {driver} is too old for CUDA {cuda}, which this ONNX Runtime was built for: it takes {least} or newer", where,
                $"install driver {least} or newer{(Newest(driver) is { } newest ? $", or set runtime.onnxruntime to a build for CUDA {newest}" : "")}");
        }

        return null;
    }

    private static bool IsCard(SurveyedNode node) => node.Path.StartsWith("/dev/nvidia", StringComparison.Ordinal) && node.Path.Length > 11 && node.Path.AsSpan(11).IndexOfAnyExceptInRange('0', '9') < 0;

    private static string Are(string[] things) => things.Length == 1 ? "is" : "are";
}

/// <summary>NVIDIA's driver in the kernel.</summary>
internal static class NvidiaDriver
{
    /// <summary>Its version; null where none is loaded.</summary>
    public static string? Version(SystemFiles files)
    {
        // NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 …
        string? line = files.Lines("/proc/driver/nvidia/version").FirstOrDefault(static l => l.StartsWith("NVRM version:", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(static w => char.IsAsciiDigit(w[0]) && w.Contains('.', StringComparison.Ordinal));
    }
}
