using EdgeInfer.Posix;

namespace EdgeInfer.Heat;

/// <summary>One of the kernel's thermal zones.</summary>
/// <param name="Name">Its type, made unique.</param>
/// <param name="File">Where its temperature is, in thousandths of a degree.</param>
/// <param name="SlowsAtCelsius">Where the device itself begins to slow down for its sake; null where it does not say.</param>
internal sealed record ThermalZone(string Name, string File, double? SlowsAtCelsius)
{
    private const string Folder = "/sys/class/thermal";
    private const int MostTripPoints = 16;
    private const int LongestName = 32;

    // Trip points that nobody has set say 0, −274 or so.
    private const double LeastTripCelsius = 40;
    private const double MostTripCelsius = 150;

    // Zones of parts that are switched off say −256 (Jetson), others −274 or 0; no semiconductor works above 150.
    private const double LeastCelsius = -40;
    private const double MostCelsius = 150;

    // A Jetson's power chip has no thermometer: its zone says 100 for ever.
    private const string PowerChip = "PMIC-Die";
    private const long PowerChipThousandths = 100_000;

    // Raspberry Pi's documentation: from 80 °C on the firmware slows the cores down; it says so in no trip point.
    private const string PiZone = "cpu-thermal";
    private const double PiSlowsAtCelsius = 80;

    /// <summary>The zones of this device, in the kernel's order.</summary>
    /// <param name="files">The system.</param>
    /// <param name="most">No more than so many.</param>
    public static IReadOnlyList<ThermalZone> Find(SystemFiles files, int most)
    {
        bool isPi = IsRaspberryPi(files);
        List<ThermalZone> zones = [];
        Dictionary<string, int> names = new(StringComparer.Ordinal);
        foreach (string folder in files.List(Folder, "thermal_zone*"))
        {
            if (zones.Count == most) break;
            string type = Plain(files.Text(folder + "/type")) is { Length: > 0 } name ? name : Path.GetFileName(folder);
            int same = names[type] = names.GetValueOrDefault(type) + 1;
            double? slows = HighestPassive(files, folder) ?? (isPi && type == PiZone ? PiSlowsAtCelsius : null);
            zones.Add(new(same == 1 ? type : $"{type}-{same}", folder + "/temp", slows));
        }

        return zones;
    }

    /// <summary>Whether this is a Raspberry Pi, by its device tree.</summary>
    public static bool IsRaspberryPi(SystemFiles files)
    {
        // The first is there under ProcSubset=pid too.
        string? compatible = files.Text("/sys/firmware/devicetree/base/compatible") ?? files.Text("/proc/device-tree/compatible");
        return compatible?.Contains("raspberrypi,", StringComparison.Ordinal) == true;
    }

    /// <summary>Its temperature in degrees Celsius; null where it tells none that can be true.</summary>
    public double? Read(SystemFiles files)
    {
        if (files.Number(File) is not { } thousandths || thousandths == 0) return null;
        if (thousandths == PowerChipThousandths && Name == PowerChip) return null;
        double celsius = thousandths / 1000.0;
        return celsius is > LeastCelsius and < MostCelsius ? celsius : null;
    }

    // Of several passive trip points the lower ones begin to watch, to turn a fan or to warn of a hot case; at the highest the cores slow down.
    private static double? HighestPassive(SystemFiles files, string folder)
    {
        double? highest = null;
        for (int i = 0; i < MostTripPoints && files.Text($"{folder}/trip_point_{i}_type") is { } type; i++)
        {
            if (type != "passive" || files.Number($"{folder}/trip_point_{i}_temp") is not { } thousandths) continue;
            double celsius = thousandths / 1000.0;
            if (celsius is >= LeastTripCelsius and <= MostTripCelsius && (highest is not { } known || celsius > known)) highest = celsius;
        }

        return highest;
    }

    // It becomes a label and a word in the log: plain characters, and not many.
    private static string Plain(string? type)
        => type is null ? "" : string.Concat(type.Take(LongestName).Select(static c => c is > ' ' and <= '~' and not ('"' or '\\') ? c : '_'));
}
