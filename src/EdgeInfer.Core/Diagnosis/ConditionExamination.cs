using System.Globalization;

namespace EdgeInfer.Diagnosis;

/// <summary>Clock and heat.</summary>
/// <param name="files">The system.</param>
internal sealed class ConditionExamination(SystemFiles files)
{
    private const double HotCelsius = 80;

    // Bits of the Raspberry Pi firmware's get_throttled: now, and 16 above since the start.
    private static readonly (int Bit, string What, string Cure)[] s_throttled =
    [
        (0, "the supply voltage is too low", "use the maker's power supply and a short cable; power cameras from a hub of their own"),
        (1, "the frequency is capped", "cool the board: a heat sink or a fan"),
        (2, "the processor is throttled", "cool the board, and check its power supply"),
        (3, "the soft temperature limit is at work", "cool the board: a heat sink or a fan"),
    ];

    /// <summary>Examines the clock.</summary>
    /// <param name="isSynced">Whether a time source keeps it.</param>
    public Section Clock(bool isSynced)
    {
        SectionBuilder section = new("clock", "Clock");
        bool hasBattery = files.Exists("/dev/rtc0") || files.List("/sys/class/rtc").Count > 0;
        section.Fact("synced", isSynced);
        section.Fact("rtc", hasBattery);
        if (isSynced) section.Add(Finding.Ok("kept by a time source"));
        else
        {
            section.Add(Finding.Warning("no time source keeps it: messages say \"clock\": \"unsynced\", and their times may be wrong", "",
                "sudo timedatectl set-ntp true (see timedatectl timesync-status), or install chrony; in a container the host's clock counts"));
        }

        if (!hasBattery) section.Add(Finding.Info("no battery clock (/dev/rtc0): after a power cut the time is wrong until a time source answers"));
        return section.Build();
    }

    /// <summary>Examines temperatures and throttling.</summary>
    public Section Heat()
    {
        SectionBuilder section = new("heat", "Heat");
        (string Zone, double Celsius)? hottest = null;
        foreach (string zone in files.List("/sys/class/thermal", "thermal_zone*"))
        {
            if (!int.TryParse(files.Text(zone + "/temp"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int thousandths)) continue;
            double celsius = thousandths / 1000.0;

            // Jetson's zones of parts that are switched off say −256 °C.
            if (celsius is < -40 or > 200 || (hottest is { } known && known.Celsius >= celsius)) continue;
            hottest = (files.Text(zone + "/type") ?? Path.GetFileName(zone), celsius);
        }

        if (hottest is { } found)
        {
            string what = string.Create(CultureInfo.InvariantCulture, $"{found.Celsius:0} °C at the hottest ({found.Zone})");
            section.Fact("hottest_celsius", found.Celsius);
            section.Fact("hottest_zone", found.Zone);
            section.Add(found.Celsius < HotCelsius ? Finding.Ok(what) : Finding.Warning($"{what}: the processor slows down to protect itself", "", "cool the board (a heat sink, a fan, more air), or lower the fps of the pipelines"));
        }
        else
        {
            section.Add(Finding.Info("this machine shows no temperatures"));
        }

        Firmware(section);
        Alerts(section);
        return section.Build();
    }

    private void Firmware(SectionBuilder section)
    {
        string? text = files.List("/sys/devices/platform", "soc*").SelectMany(f => files.List(f, "soc*firmware")).Select(f => files.Text(f + "/get_throttled")).OfType<string>().FirstOrDefault();
        if (text is null || !uint.TryParse(text.Replace("0x", "", StringComparison.Ordinal), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint bits))
        {
            Voltage(section);
            return;
        }

        section.Fact("throttled", $"0x{bits:x}");
        if (bits == 0) section.Add(Finding.Ok("never throttled and never short of voltage since the start"));
        foreach ((int bit, string what, string cure) in s_throttled)
        {
            if ((bits & (1u << bit)) != 0) section.Add(Finding.Warning($"{what} now", "", cure));
            else if ((bits & (1u << (bit + 16))) != 0) section.Add(Finding.Warning($"{what} at times since the start, not now", "", cure));
        }
    }

    // Newer Raspberry Pi kernels have only the alarm of the supply voltage.
    private void Voltage(SectionBuilder section)
    {
        foreach (string sensor in files.List("/sys/class/hwmon"))
        {
            if (files.Text(sensor + "/name") != "rpi_volt" || files.Text(sensor + "/in0_lcrit_alarm") is not { } alarm) continue;
            section.Fact("under_voltage", alarm == "1");
            section.Add(alarm == "1" ? Finding.Warning(s_throttled[0].What, "", s_throttled[0].Cure) : Finding.Ok("the supply voltage is in order"));
        }
    }

    // Jetson's: a cooling device that is at work slows the processor or the GPU down.
    private void Alerts(SectionBuilder section)
    {
        foreach (string device in files.List("/sys/class/thermal", "cooling_device*"))
        {
            string type = files.Text(device + "/type") ?? "";
            if (!type.Contains("throttle-alert", StringComparison.Ordinal) || files.Text(device + "/cur_state") is null or "0") continue;
            section.Add(Finding.Warning($"{type} is at work: something is slowed down by heat", "", "cool the board, or choose another power mode (nvpmodel)"));
        }
    }
}
