using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Heat;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>Clock and heat.</summary>
/// <param name="files">The system.</param>
internal sealed class ConditionExamination(SystemFiles files)
{
    // Where a device does not say at which temperature it slows down: most do by then.
    private const double HotCelsius = 80;
    private const double Mega = 1e6;

    /// <summary>Examines the clock.</summary>
    /// <param name="isSynced">Whether a time source keeps it.</param>
    public Section Clock(bool isSynced)
    {
        SectionBuilder section = new("clock", "Clock");
        bool hasBattery = files.Exists("/dev/rtc0") || files.List("/sys/class/rtc").Count > 0;
        section.Fact("synced", isSynced);
        section.Fact("rtc", hasBattery);
        if (isSynced) section.Add(Finding.Ok(FindingId.ClockSynced, "kept by a time source"));
        else
        {
            section.Add(Finding.Warning(FindingId.ClockUnsynced, "no time source keeps it: messages say \"clock\": \"unsynced\", and their times may be wrong", "",
                "sudo timedatectl set-ntp true (see timedatectl timesync-status), or install chrony; in a container the host's clock counts"));
        }

        if (!hasBattery) section.Add(Finding.Info(FindingId.ClockWithoutBattery, "no battery clock (/dev/rtc0): after a power cut the time is wrong until a time source answers"));
        return section.Build();
    }

    /// <summary>Examines temperatures, throttling, frequency and power mode.</summary>
    /// <param name="options">What the configuration says of heat.</param>
    /// <param name="time">Clock.</param>
    public Section Heat(HeatOptions options, TimeProvider time)
    {
        SectionBuilder section = new("heat", "Heat");
        HeatReading reading = new HeatProbe(files, time).Read();
        section.Add(Temperature(section, reading, options));
        Throttling(section, reading);
        Power(section, reading);
        new PowerExamination(files).Examine(section);
        return section.Build();
    }

    private static Finding Temperature(SectionBuilder section, HeatReading reading, HeatOptions options)
    {
        if (reading.Hottest is not { } hottest) return Finding.Info(FindingId.TemperatureUnknown, "this machine shows no temperatures");
        section.Fact("hottest_celsius", hottest.Celsius);
        section.Fact("hottest_zone", hottest.Zone);
        ZoneTemperature? nearest = HeatGovernor.Nearest(reading, options, out double limit);
        if (nearest is not null) section.Fact("limit_celsius", limit);
        ZoneTemperature zone = nearest ?? hottest;
        bool isHot = nearest is null ? hottest.Celsius >= HotCelsius : zone.Celsius > limit;
        string what = string.Create(CultureInfo.InvariantCulture, $"{hottest.Celsius:0} °C at the hottest ({hottest.Zone})");
        string consequence = options.IsGoverned && nearest is not null
            ? string.Create(CultureInfo.InvariantCulture, $"above {limit:0.#} °C ({zone.Zone}) inference is run at a lower rate")
            : "the processor slows down to protect itself";
        if (isHot) return Finding.Warning(FindingId.TemperatureHigh, $"{what}: {consequence}", "", "cool the board (a heat sink, a fan, more air), or lower the fps of the pipelines");
        return Finding.Ok(FindingId.TemperatureFine, options.IsGoverned && nearest is not null ? $"{what}; {consequence}" : what);
    }

    private void Throttling(SectionBuilder section, HeatReading reading)
    {
        if (reading.Now is not { } now || reading.SinceStart is not { } since)
        {
            if (ThermalZone.IsRaspberryPi(files))
            {
                section.Add(Finding.Info(FindingId.ThrottlingUnknown, "what the firmware says of voltage and throttling is not known: /dev/vcio cannot be opened", "",
                    "sudo usermod -aG video edgeinfer, or in a container hand /dev/vcio on to it"));
            }

            return;
        }

        if (reading.FirmwareWord is { } word) section.Fact("throttled", string.Create(CultureInfo.InvariantCulture, $"0x{word:x}"));
        section.Fact("under_voltage", now.HasFlag(ThrottleReasons.UnderVoltage));
        section.Fact("throttled_now", ThrottleWords.Of(now));
        section.Fact("throttled_since_start", ThrottleWords.Of(since));
        if (since == ThrottleReasons.None) section.Add(Finding.Ok(FindingId.ThrottledNever, "never throttled and never short of voltage since the start, as far as the device remembers"));
        foreach ((ThrottleReasons reason, _, string what, string cure) in ThrottleWords.All)
        {
            if (now.HasFlag(reason)) section.Add(Finding.Warning(FindingId.ThrottledNow, $"{what} now", "", cure));
            else if (since.HasFlag(reason)) section.Add(Finding.Warning(FindingId.ThrottledBefore, $"{what} at times since the start, not now", "", cure));
        }
    }

    private static void Power(SectionBuilder section, HeatReading reading)
    {
        section.Fact("cpu_mhz", Megahertz(reading.FrequencyHz));
        section.Fact("cpu_allowed_mhz", Megahertz(reading.AllowedFrequencyHz));
        section.Fact("cpu_highest_mhz", Megahertz(reading.HighestFrequencyHz));
        section.Fact("power_mode", reading.PowerMode);
        if (reading.PowerMode is { } mode) section.Add(Finding.Info(FindingId.PowerMode, $"power mode {mode}", "", "sudo nvpmodel -q shows it, sudo nvpmodel -m N chooses another"));
        if (Megahertz(reading.AllowedFrequencyHz) is not { } allowed || Megahertz(reading.HighestFrequencyHz) is not { } highest || allowed >= highest) return;
        section.Add(Finding.Info(FindingId.FrequencyCapped, $"the processor may run at {allowed} of its {highest} MHz", "", reading.PowerMode is null
            ? "heat, or somebody's setting: cat /sys/devices/system/cpu/cpufreq/policy*/scaling_max_freq" : "heat, or the power mode: sudo nvpmodel -m N chooses another"));
    }

    private static int? Megahertz(long? hertz) => hertz is { } known ? (int)Math.Round(known / Mega) : null;
}
