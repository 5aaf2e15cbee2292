using System.Buffers.Binary;
using System.Globalization;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>What the supply and the firmware's power profile allow: what a Raspberry Pi 5 was told by its supply, and a PC's profile.</summary>
/// <param name="files">The system.</param>
internal sealed class PowerExamination(SystemFiles files)
{
    // Raspberry Pi's documentation, "Power supplies and Raspberry Pi OS": below 5 A all USB ports together get 600 mA.
    private const string Supply = "/proc/device-tree/chosen/power";
    private const int FullMilliamperes = 5000;
    private const string Profile = "/sys/firmware/acpi/platform_profile";

    /// <summary>Examines them.</summary>
    /// <param name="section">Gains what was found.</param>
    public void Examine(SectionBuilder section)
    {
        if (Number("max_current") is { } most)
        {
            section.Fact("supply_milliamperes", (long)most);
            if (most < FullMilliamperes && Number("usb_max_current_enable") is not > 0)
            {
                section.Add(Finding.Info(FindingId.PowerSupplyWeak, string.Create(CultureInfo.InvariantCulture, $"the supply offers {most / 1000.0:0.#} A, so that all USB ports together get 0.6 A: too little for some USB cameras and disks"), "",
                    "use the 27 W supply (5.1 V, 5 A), or, with a supply that gives 5 A and does not say so, usb_max_current_enable=1 in /boot/firmware/config.txt"));
            }
        }

        if (Number("usb_over_current_detected") is > 0)
        {
            section.Add(Finding.Warning(FindingId.UsbOverCurrent, "a USB device drew more than the board may give as it started", "", "give cameras and disks a USB hub with a supply of its own"));
        }

        if (files.Text(Profile) is not { } profile) return;
        section.Fact("power_profile", profile);
        if (profile is "low-power" or "quiet")
            section.Add(Finding.Warning(FindingId.PowerProfileLow, $"the power profile is {profile}: the firmware holds the processor back", "", "powerprofilesctl set balanced, or echo balanced | sudo tee /sys/firmware/acpi/platform_profile"));
    }

    // A cell of the device tree: four bytes, the highest first.
    private uint? Number(string name)
    {
        try
        {
            byte[] bytes = File.ReadAllBytes(files.At($"{Supply}/{name}"));
            return bytes.Length == sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
