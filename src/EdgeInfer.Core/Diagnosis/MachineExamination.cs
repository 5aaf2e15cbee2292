using System.Runtime.InteropServices;
using EdgeInfer.Diagnosis.Gpu;
using EdgeInfer.Diagnosis.Interop;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>Which machine this is, and what runs on it.</summary>
/// <param name="files">The system.</param>
internal sealed class MachineExamination(SystemFiles files)
{
    // What makers leave in the fields they do not fill.
    private static readonly string[] s_unfilled = ["To Be Filled By O.E.M.", "System manufacturer", "System Product Name", "Default string", "Not Specified", "None"];

    /// <summary>Examines the machine.</summary>
    public Section Examine()
    {
        SectionBuilder section = new("machine", "Machine");
        string? model = Model();
        string architecture = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
        string? kernel = files.Text("/proc/sys/kernel/osrelease");
        string? distribution = Quoted(files.Lines("/etc/os-release").FirstOrDefault(static l => l.StartsWith("PRETTY_NAME=", StringComparison.Ordinal)));
        string? jetson = JetsonRelease.Read(files)?.Linux;
        string? container = Container.Read(files);
        string? libc = files.IsReal ? LibraryVersion.Read() : null;
        section.Fact("model", model);
        section.Fact("architecture", architecture);
        section.Fact("kernel", kernel);
        section.Fact("distribution", distribution);
        section.Fact("jetson_linux", jetson);
        section.Fact("glibc", libc);
        section.Fact("container", container);
        string?[] parts =
        [
            model ?? "unknown model", architecture, distribution, kernel is null ? null : $"kernel {kernel}", libc is null ? null : $"glibc {libc}",
            jetson is null ? null : $"Jetson Linux {jetson}",
        ];
        section.Add(Finding.Info(FindingId.MachineKnown, string.Join(", ", parts.OfType<string>())));
        if (container is not null)
        {
            section.Add(Finding.Info(FindingId.MachineContainer, $"this is a container ({container}): devices, clock and limits are those it was given", "",
                "pass cameras in with --device, and their group with --group-add"));
        }

        return section.Build();
    }

    private string? Model()
    {
        if (files.Text("/proc/device-tree/model") is { Length: > 0 } tree) return tree;
        string maker = Filled("/sys/class/dmi/id/sys_vendor");
        string product = Filled("/sys/class/dmi/id/product_name");
        string both = product.StartsWith(maker, StringComparison.OrdinalIgnoreCase) ? product : $"{maker} {product}";
        return both.Trim() is { Length: > 0 } known ? known : null;
    }

    private string Filled(string path) => files.Text(path) is { } text && !s_unfilled.Contains(text, StringComparer.OrdinalIgnoreCase) ? text : "";

    private static string? Quoted(string? assignment) => assignment?[(assignment.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim('"', '\'');
}
