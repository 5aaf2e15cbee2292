using System.Globalization;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>A device on the PCI bus, as the kernel lists it.</summary>
/// <param name="Address">Such as <c>0000:01:00.0</c>.</param>
/// <param name="Vendor">Its maker's number.</param>
/// <param name="Device">Its own.</param>
/// <param name="Class">What it is: 0x03… are displays and 3D controllers, 0x12… processing accelerators.</param>
/// <param name="Driver">The kernel's driver for it; empty for none.</param>
internal sealed record PciDevice(string Address, int Vendor, int Device, int Class, string Driver)
{
    private const string Bus = "/sys/bus/pci/devices";

    /// <summary>NVIDIA, Intel, AMD.</summary>
    public const int Nvidia = 0x10de, Intel = 0x8086, Amd = 0x1002;

    /// <summary>Whether it computes or draws.</summary>
    public bool IsAccelerator => Class >> 16 is 0x03 or 0x12;

    /// <summary>Every graphics device and accelerator.</summary>
    public static IReadOnlyList<PciDevice> Read(SystemFiles files)
    {
        List<PciDevice> devices = [];
        foreach (string path in files.List(Bus))
        {
            PciDevice device = new(Path.GetFileName(path), Number(files, path + "/vendor"), Number(files, path + "/device"), Number(files, path + "/class"), Path.GetFileName(files.Target(path + "/driver") ?? ""));
            if (device.IsAccelerator) devices.Add(device);
        }

        return devices;
    }

    private static int Number(SystemFiles files, string path)
        => files.Text(path) is ['0', 'x', .. var digits] && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) ? value : 0;
}
