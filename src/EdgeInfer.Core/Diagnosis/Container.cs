using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>Whether this is a container, and of which kind.</summary>
internal static class Container
{
    /// <summary>Its kind, such as <c>docker</c>; null where it is none.</summary>
    public static string? Read(SystemFiles files)
    {
        // Set in each pod that does not forbid it; the runtime beneath leaves no mark of its own.
        if (files.Exists("/var/run/secrets/kubernetes.io")) return "kubernetes";
        if (files.Text("/run/systemd/container") is { Length: > 0 } named) return named;
        if (files.Exists("/run/.containerenv")) return "podman";
        if (files.Exists("/.dockerenv")) return "docker";
        if (files.Text("/proc/1/cgroup")?.Contains("kubepods", StringComparison.Ordinal) ?? false) return "kubernetes";
        return files.Text("/proc/1/environ")?.Split('\0').FirstOrDefault(static v => v.StartsWith("container=", StringComparison.Ordinal))?["container=".Length..];
    }
}
