using System.Globalization;
using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>What tells this machine from others, for the device id where none is configured.</summary>
/// <param name="HostName">The host name.</param>
/// <param name="MachineId">The content of /etc/machine-id; empty where there is none.</param>
internal sealed record HostIdentity(string HostName, string MachineId)
{
    private const int LongestIdCharacters = 64;

    // Names that an image gives to every device it is written to: two of them would share one client id.
    private static readonly string[] s_stockNames = ["raspberrypi", "ubuntu", "debian", "jetson", "localhost"];

    /// <summary>This machine.</summary>
    public static HostIdentity OfThisMachine()
    {
        string machineId = "";
        try
        {
            machineId = File.ReadAllText("/etc/machine-id").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Absent in many containers; DeviceId says so where it matters.
        }

        return new(Environment.MachineName, machineId);
    }

    /// <summary>The device id that follows: the host name, with 4 hex digits of the machine behind a stock name.</summary>
    public string DeviceId(string where, FaultList faults)
    {
        int dot = HostName.IndexOf('.', StringComparison.Ordinal);
        StringBuilder id = new();
        foreach (char c in dot > 0 ? HostName[..dot] : HostName)
            id.Append(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-');
        if (id.Length == 0) id.Append("localhost");
        if (id.Length > LongestIdCharacters) id.Length = LongestIdCharacters;

        string name = id.ToString();
        if (!s_stockNames.Contains(name, StringComparer.OrdinalIgnoreCase)) return name;
        if (MachineId.Length > 0) return string.Create(CultureInfo.InvariantCulture, $"{name}-{Fold(MachineId):x4}");
        faults.Warn(FaultKind.Configuration, where, $"device.id: many devices are named '{name}', and this machine has no /etc/machine-id",
            "set device.id");
        return name;
    }

    // FNV-1a folded to 16 bits. The machine id itself is confidential (machine-id(5)); and no cryptographic
    // hash, for without libssl .NET aborts the process.
    private static ushort Fold(string text)
    {
        uint hash = 2166136261;
        foreach (byte b in Encoding.UTF8.GetBytes(text)) hash = unchecked((hash ^ b) * 16777619);
        return (ushort)((hash >> 16) ^ (hash & 0xffff));
    }
}
