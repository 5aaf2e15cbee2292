using EdgeInfer.Heat;
using EdgeInfer.Heat.Interop;
using EdgeInfer.Tests.Diagnosis;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Heat;

public sealed class HeatProbeTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_Pi_4_tells_its_temperature_its_frequency_and_that_nothing_holds_it_back()
    {
        using FakeSystem pi = Boards.Pi4();
        HeatReading reading = new HeatProbe(pi.Files, _time).Read();
        Assert.Equal([new ZoneTemperature("cpu-thermal", 54.53, 80)], reading.Zones);
        Assert.Equal(reading.Zones[0], reading.Hottest);
        Assert.Equal((ThrottleReasons.None, ThrottleReasons.None), (reading.Now, reading.SinceStart));
        Assert.Equal((1_500_000_000L, 1_800_000_000L, 1_800_000_000L), (reading.FrequencyHz, reading.AllowedFrequencyHz, reading.HighestFrequencyHz));
        Assert.Null(reading.PowerMode);
    }

    // Raspberry Pi's documentation of get_throttled: 0x8 and 0x80000 the soft limit, 0x20000 capped, 0x40000 throttled.
    [Fact]
    public void A_Pi_5s_firmware_is_found_at_its_own_place()
    {
        using FakeSystem pi = Boards.Pi5();
        HeatReading reading = new HeatProbe(pi.Files, _time).Read();
        Assert.Equal(0xe0008u, reading.FirmwareWord);
        Assert.Equal(ThrottleReasons.SoftLimit, reading.Now);
        Assert.Equal(ThrottleReasons.SoftLimit | ThrottleReasons.Throttled | ThrottleReasons.FrequencyCapped, reading.SinceStart);
        Assert.Equal(80, reading.Hottest!.Value.SlowsAtCelsius);
    }

    [Theory]
    [InlineData("0x50005", ThrottleReasons.UnderVoltage | ThrottleReasons.Throttled)]
    [InlineData("2", ThrottleReasons.FrequencyCapped)]
    public void The_firmwares_word_is_read_with_or_without_its_prefix(string text, object now)
    {
        using FakeSystem pi = Boards.Pi4().With(Boards.Throttled, text + "\n");
        Assert.Equal((ThrottleReasons)now, new HeatProbe(pi.Files, _time).Read().Now);
    }

    [Fact]
    public void What_was_at_work_once_is_remembered_though_the_firmware_forgets_it()
    {
        using FakeSystem pi = Boards.Pi4().With(Boards.Throttled, "1\n");
        HeatProbe probe = new(pi.Files, _time);
        probe.Read();
        pi.With(Boards.Throttled, "0\n");
        HeatReading reading = probe.Read();
        Assert.Equal((ThrottleReasons.None, ThrottleReasons.UnderVoltage), (reading.Now, reading.SinceStart));
    }

    [Fact]
    public void A_Pi_without_the_firmwares_word_has_the_alarm_of_its_supply()
    {
        using FakeSystem pi = Boards.Pi4().Without(Boards.Throttled)
            .With("/sys/class/hwmon/hwmon1/name", "rpi_volt\n").With("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n");
        HeatReading reading = new HeatProbe(pi.Files, _time).Read();
        Assert.Equal((ThrottleReasons.UnderVoltage, (uint?)null), (reading.Now, reading.FirmwareWord));
    }

    [Fact]
    public void A_Jetson_tells_its_zones_its_power_mode_and_its_events()
    {
        using FakeSystem orin = Boards.Orin();
        HeatProbe probe = new(orin.Files, _time);
        HeatReading reading = probe.Read();
        Assert.Equal(["cpu-thermal", "gpu-thermal", "tj-thermal"], reading.Zones.Select(z => z.Zone));
        Assert.All(reading.Zones, z => Assert.Equal(99, z.SlowsAtCelsius));
        Assert.Equal("15W", reading.PowerMode);
        Assert.Equal((ThrottleReasons.None, ThrottleReasons.OverCurrent), (reading.Now, reading.SinceStart));
        Assert.Equal((1_510_400_000L, 1_728_000_000L), (reading.AllowedFrequencyHz, reading.HighestFrequencyHz));

        orin.With("/sys/class/hwmon/hwmon3/oc1_event_cnt", "2\n").With("/sys/class/thermal/cooling_device0/cur_state", "1\n");
        Assert.Equal(ThrottleReasons.UnderVoltage | ThrottleReasons.Throttled, probe.Read().Now);
        orin.With("/sys/class/thermal/cooling_device0/cur_state", "0\n");
        Assert.Equal(ThrottleReasons.None, probe.Read().Now);
    }

    [Fact]
    public void Another_power_mode_and_a_new_zone_are_seen_within_a_minute()
    {
        using FakeSystem orin = Boards.Orin();
        HeatProbe probe = new(orin.Files, _time);
        probe.Read();
        orin.With("/var/lib/nvpmodel/status", "pmode:0002\n").WithZone(9, "tboard", "31000");
        Assert.Equal("15W", probe.Read().PowerMode);
        _time.Advance(TimeSpan.FromMinutes(1));
        HeatReading reading = probe.Read();
        Assert.Equal(("MAXN_SUPER", 4), (reading.PowerMode, reading.Zones.Count));
        orin.With("/var/lib/nvpmodel/status", "pmode:0007\n");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("7", probe.Read().PowerMode);
    }

    [Fact]
    public void An_x86_processor_that_has_throttled_says_so()
    {
        const string Count = "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count";
        using FakeSystem pc = new FakeSystem().WithZone(0, "acpitz", "27800", "critical 105000").WithZone(1, "x86_pkg_temp", "62000", "passive 0", "passive -274000")
            .WithZone(2, "acpitz", "29800").With(Count, "3\n");
        HeatProbe probe = new(pc.Files, _time);
        HeatReading reading = probe.Read();
        Assert.Equal([("acpitz", null), ("x86_pkg_temp", null), ("acpitz-2", null)], reading.Zones.Select(z => (z.Zone, z.SlowsAtCelsius)));
        Assert.Equal((ThrottleReasons.None, ThrottleReasons.Throttled), (reading.Now, reading.SinceStart));
        pc.With(Count, "4\n");
        Assert.Equal(ThrottleReasons.Throttled, probe.Read().Now);
    }

    [Fact]
    public void A_machine_that_tells_nothing_gives_an_empty_reading()
    {
        using FakeSystem pc = new();
        HeatReading reading = new HeatProbe(pc.Files, _time).Read();
        Assert.True(reading.IsEmpty);
        Assert.Equal((null, null, null), (reading.Hottest, reading.Now, reading.SinceStart));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hot")]
    [InlineData("0")]
    [InlineData("-274000")]
    [InlineData("-256000")]
    [InlineData("999999999999999999999")]
    [InlineData("2147483647")]
    public void A_zone_that_says_what_cannot_be_is_left_out(string thousandths)
    {
        using FakeSystem system = new FakeSystem().WithZone(0, "gpu-thermal", thousandths).WithZone(1, "cpu-thermal", "41000");
        Assert.Equal(["cpu-thermal"], new HeatProbe(system.Files, _time).Read().Zones.Select(z => z.Zone));
    }

    [Fact]
    public void The_100_degrees_of_a_Jetsons_power_chip_are_no_temperature()
    {
        using FakeSystem nano = new FakeSystem().WithZone(0, "PMIC-Die", "100000").WithZone(1, "CPU-therm", "100000");
        Assert.Equal(["CPU-therm"], new HeatProbe(nano.Files, _time).Read().Zones.Select(z => z.Zone));
    }

    [Fact]
    public void Garbage_folders_and_links_to_nowhere_are_no_error()
    {
        using FakeSystem system = Boards.Pi4().With(Boards.Throttled, "\u0001\uffff").With("/sys/class/thermal/thermal_zone1/temp/x", "")
            .With("/sys/class/thermal/thermal_zone2/type", "a\"b\\c d\u0007" + new string('x', 300)).With("/sys/class/thermal/thermal_zone2/temp", "50000\nrest\n")
            .With("/sys/devices/system/cpu/cpufreq/policy1/scaling_cur_freq/x", "").With("/var/lib/nvpmodel/status", "pmode:none")
            .With("/dev/vcio", "no mailbox");
        File.CreateSymbolicLink(system.Files.At("/sys/class/thermal/thermal_zone3"), "/nowhere");
        HeatReading reading = new HeatProbe(system.Files, _time).Read();
        Assert.Equal(["cpu-thermal", "a_b_c_d_" + new string('x', 24)], reading.Zones.Select(z => z.Zone));
        Assert.Equal((null, null), (reading.Now, reading.PowerMode));
    }

    [Fact]
    public void No_more_zones_are_read_than_the_metrics_can_bear()
    {
        using FakeSystem system = new();
        for (int i = 0; i < 40; i++) system.WithZone(i, "zone", "40000");
        Assert.Equal(HeatProbe.MostZones, new HeatProbe(system.Files, _time).Read().Zones.Select(z => z.Zone).Distinct().Count());
    }

    [Fact]
    public void A_zone_that_is_gone_is_left_out_of_the_next_reading()
    {
        using FakeSystem orin = Boards.Orin();
        HeatProbe probe = new(orin.Files, _time);
        Assert.Equal(3, probe.Read().Zones.Count);
        orin.Without("/sys/class/thermal/thermal_zone1");
        Assert.Equal(["cpu-thermal", "tj-thermal"], probe.Read().Zones.Select(z => z.Zone));
    }

    // The firmware's wiki, "Mailbox property interface": size, code 0, tag, size of the value, code, value, end tag; 0x80000000 answers.
    [Fact]
    public void The_mailbox_is_asked_as_the_firmwares_wiki_says()
    {
        uint[] message = new uint[FirmwareMailbox.Words];
        FirmwareMailbox.Ask(message);
        Assert.Equal([28, 0, 0x00030046, 4, 0, 0, 0], message);
        Assert.Null(FirmwareMailbox.Answer(message));
        Assert.Equal(0x50005u, FirmwareMailbox.Answer([28, 0x80000000, 0x00030046, 4, 0x80000004, 0x50005, 0]));
        Assert.Null(FirmwareMailbox.Answer([28, 0x80000001, 0x00030046, 4, 0x80000004, 0x50005, 0]));
    }
}
