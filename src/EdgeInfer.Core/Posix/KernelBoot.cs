using EdgeInfer.Diagnostics;

namespace EdgeInfer.Posix;

/// <summary>This start of the kernel.</summary>
/// <param name="Id">Another one after each restart of the device.</param>
/// <param name="Fault">Why it is one of this process only; null where it is the kernel's.</param>
internal readonly record struct KernelBoot(Guid Id, Fault? Fault)
{
    /// <summary>Where the kernel says it.</summary>
    public const string DefaultPath = "/proc/sys/kernel/random/boot_id";

    /// <summary>Asks the kernel; where that cannot be, each start of the process counts as one of the device: no age outlives it then.</summary>
    public static KernelBoot Read(string path = DefaultPath)
    {
        string why;
        try
        {
            if (Guid.TryParse(File.ReadAllText(path), out Guid id) && id != Guid.Empty) return new(id, null);
            why = "is no boot id";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = $"cannot be read: {e.Message}";
        }

        return new(Guid.NewGuid(), new(FaultKind.Unavailable, path, $"{why}; ages of messages are not known after a restart of the agent", "let the service read /proc"));
    }
}
