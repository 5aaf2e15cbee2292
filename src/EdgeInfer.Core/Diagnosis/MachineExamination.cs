using System.Runtime.InteropServices;
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
        string? jetson = Jetson();
        string? container = Container();
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
        section.Add(Finding.Info(string.Join(", ", parts.OfType<string>())));
        if (container is not null)
        {
            section.Add(Finding.Info($"this is a container ({container}): devices, clock and limits are those it was given", "",
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

    // # R35 (release), REVISION: 4.1, GCID: …
    private string? Jetson()
    {
        string[] words = (files.Text("/etc/nv_tegra_release") ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        int revision = Array.IndexOf(words, "REVISION:");
        return words.Length > 1 && words[1].StartsWith('R') && revision > 0 && revision + 1 < words.Length ? $"{words[1][1..]}.{words[revision + 1]}" : null;
    }

    private string? Container()
    {
        if (files.Text("/run/systemd/container") is { Length: > 0 } named) return named;
        if (files.Exists("/run/.containerenv")) return "podman";
        if (files.Exists("/.dockerenv")) return "docker";
        return files.Text("/proc/1/environ")?.Split('\0').FirstOrDefault(static v => v.StartsWith("container=", StringComparison.Ordinal))?["container=".Length..];
    }

    private static string? Quoted(string? assignment) => assignment?[(assignment.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim('"', '\'');
}
