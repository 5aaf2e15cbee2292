using EdgeInfer.Diagnosis.Gpu;
using EdgeInfer.Posix;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>A device node other than a camera.</summary>
/// <param name="Kind">gpu, i2c, iio, serial or audio.</param>
/// <param name="Path">The node.</param>
/// <param name="Name">What the kernel calls the device; empty where it does not say.</param>
/// <param name="Access">Who may open it.</param>
internal sealed record SurveyedNode(string Kind, string Path, string Name, NodeAccess? Access);

/// <summary>GPU, I2C, IIO, serial and audio nodes: listed, not opened.</summary>
/// <param name="files">The system.</param>
/// <param name="accounts">Names.</param>
/// <param name="user">The service's user.</param>
/// <param name="rights">Owner, group and mode of a path.</param>
internal sealed class NodeSurvey(SystemFiles files, Accounts accounts, ServiceUser user, Func<string, FileRights?> rights)
{
    private static readonly (string Kind, string Folder, string Pattern)[] s_places =
    [
        ("gpu", "/dev", "nvidia*"), ("gpu", "/dev", "nvhost-ctrl"), ("gpu", "/dev", "nvhost-ctrl-gpu"), ("gpu", "/dev", "nvhost-gpu"), ("gpu", "/dev/nvgpu/igpu0", "ctrl"),
        ("gpu", "/dev", "nvmap"), ("gpu", "/dev/dri", "renderD*"), ("gpu", "/dev", "kfd"), ("gpu", "/dev/accel", "accel*"),
        ("i2c", "/dev", "i2c-*"), ("iio", "/dev", "iio:device*"), ("serial", "/dev", "ttyUSB*"), ("serial", "/dev", "ttyACM*"), ("serial", "/dev", "ttyAMA*"),
        ("serial", "/dev", "ttyTHS*"), ("serial", "/dev", "ttyS*"), ("audio", "/dev/snd", "pcmC*c"),
    ];

    /// <summary>Every node there is.</summary>
    public IReadOnlyList<SurveyedNode> Read()
    {
        List<SurveyedNode> nodes = [];
        foreach ((string kind, string folder, string pattern) in s_places)
        {
            foreach (string path in files.List(folder, pattern))
            {
                // The kernel keeps numbers for ports that no board has: their type is 0.
                if (pattern == "ttyS*" && files.Text($"/sys/class/tty/{Path.GetFileName(path)}/type") is null or "0") continue;
                if (path.StartsWith("/dev/nvidia-caps", StringComparison.Ordinal)) continue;
                NodeAccess? access = rights(path) is { } found ? NodeAccess.Of(path, found, user, accounts) : null;
                nodes.Add(new(kind, path, Name(kind, Path.GetFileName(path)), access));
            }
        }

        return nodes;
    }

    /// <summary>The section of what was found.</summary>
    /// <param name="nodes">From <see cref="Read"/>.</param>
    public Section Examine(IReadOnlyList<SurveyedNode> nodes)
    {
        SectionBuilder section = new("devices", "Other devices");
        section.Fact("nvidia_driver", NvidiaDriver.Version(files));

        // Those of GPUs are the section of GPUs'.
        foreach (IGrouping<string, SurveyedNode> kind in nodes.Where(static n => n.Kind != "gpu").GroupBy(static n => n.Kind))
        {
            foreach (IGrouping<string?, SurveyedNode> alike in kind.GroupBy(static n => n.Access?.Cure))
            {
                string list = string.Join(", ", alike.Select(static n => n.Name.Length > 0 ? $"{n.Path} ({n.Name})" : n.Path));
                section.Add(alike.Key is { } cure ? Finding.Info(FindingId.DeviceNotAllowed, $"{kind.Key}: {list}: {user.Name} may not open {(alike.Count() == 1 ? "it" : "them")}", "", cure) : Finding.Ok(FindingId.DeviceUsable, $"{kind.Key}: {list}"));
            }
        }

        if (section.IsEmpty) section.Add(Finding.Info(FindingId.DeviceNone, "no I2C, IIO, serial or audio nodes"));
        return section.Build();
    }

    private string Name(string kind, string node) => kind switch
    {
        "i2c" => files.Text($"/sys/class/i2c-dev/{node}/name") ?? "",
        "iio" => files.Text($"/sys/bus/iio/devices/{node}/name") ?? "",
        "serial" => Path.GetFileName(files.Target($"/sys/class/tty/{node}/device/driver") ?? ""),
        // pcmC1D0c: card 1.
        "audio" => files.Text($"/proc/asound/card{new string([.. node.Skip(4).TakeWhile(char.IsAsciiDigit)])}/id") ?? "",
        _ => "",
    };
}
