using EdgeInfer.Diagnosis;
using EdgeInfer.Sources.Camera;
using EdgeInfer.Tests.Heat;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>Memory, clock, heat and storage as kernels and firmware tell them.</summary>
public sealed class ConditionTests
{
    private const UnixFileMode Folder755 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly ServiceUser s_user = new("edgeinfer", 990, new HashSet<uint> { 985 }, false, new HashSet<uint> { 985 });

    [Theory]
    [InlineData(8_000_000, 6_000_000, "Ok")]
    [InlineData(928_000, 150_000, "Warning")]
    [InlineData(440_000, 60_000, "Problem")]
    public void Free_memory_is_weighed(long totalKib, long availableKib, string level)
    {
        using FakeSystem system = new();
        system.With("/proc/meminfo", $"MemTotal:       {totalKib} kB\nMemFree:          1000 kB\nMemAvailable:   {availableKib} kB\nSwapTotal:        102396 kB\n");
        Section section = new MemoryExamination(system.Files).Examine();
        Assert.Equal(level, section.Worst.ToString());
        Assert.Equal(availableKib * 1024, section.FactOf("available_bytes"));
        Assert.Equal(102396L * 1024, section.FactOf("swap_bytes"));
    }

    [Theory]
    [InlineData("0::/system.slice/edgeinfer.service\n", "/sys/fs/cgroup/system.slice/edgeinfer.service/memory.max", "157286400\n")]
    [InlineData("4:memory:/docker/abc\n", "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "157286400\n")]
    public void The_control_groups_limit_counts(string groups, string file, string limit)
    {
        using FakeSystem system = new();
        system.With("/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\nSwapTotal: 0 kB\n").With("/proc/self/cgroup", groups).With(file, limit);
        Section section = new MemoryExamination(system.Files).Examine();
        Assert.Equal(150L << 20, section.FactOf("limit_bytes"));
        Assert.Equal(FindingLevel.Warning, section.Worst);
    }

    [Fact]
    public void A_clock_that_nobody_keeps_is_warned_of_and_a_missing_battery_said()
    {
        using FakeSystem system = new();
        Section section = new ConditionExamination(system.Files).Clock(isSynced: false);
        Assert.Contains("timedatectl set-ntp true", Assert.Single(section.Said(FindingLevel.Warning)), StringComparison.Ordinal);
        Assert.Single(section.Said(FindingLevel.Info));
        system.With("/sys/class/rtc/rtc0/name", "rtc-ds1307\n");
        Assert.Equal(["kept by a time source"], new ConditionExamination(system.Files).Clock(isSynced: true).Said(FindingLevel.Ok));
        Assert.Empty(new ConditionExamination(system.Files).Clock(isSynced: true).Said(FindingLevel.Info));
    }

    // get_throttled as Raspberry Pi's documentation of vcgencmd numbers its bits.
    [Theory]
    [InlineData("0", 0, "")]
    [InlineData("50005", 2, "the supply voltage is too low now")]
    [InlineData("50000", 2, "the supply voltage is too low at times since the start, not now")]
    [InlineData("80000", 1, "the soft temperature limit is at work at times since the start, not now")]
    public void What_the_Pis_firmware_throttled_is_said(string bits, int warnings, string first)
    {
        using FakeSystem system = new();
        system.With("/sys/devices/platform/soc/soc:firmware/get_throttled", bits + "\n");
        string[] said = new ConditionExamination(system.Files).Heat(new(), TimeProvider.System).Said(FindingLevel.Warning);
        Assert.Equal(warnings, said.Length);
        if (first.Length > 0) Assert.StartsWith(first, said[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_hottest_zone_is_named_and_zones_that_are_off_do_not_count()
    {
        using FakeSystem system = new();
        system.With("/sys/class/thermal/thermal_zone0/type", "CPU-therm\n").With("/sys/class/thermal/thermal_zone0/temp", "83500\n")
            .With("/sys/class/thermal/thermal_zone1/type", "CV0-therm\n").With("/sys/class/thermal/thermal_zone1/temp", "-256000\n")
            .With("/sys/class/thermal/thermal_zone10/type", "GPU-therm\n").With("/sys/class/thermal/thermal_zone10/temp", "52000\n")
            .With("/sys/class/thermal/cooling_device3/type", "cpu-throttle-alert\n").With("/sys/class/thermal/cooling_device3/cur_state", "1\n");
        Section section = new ConditionExamination(system.Files).Heat(new(), TimeProvider.System);
        Assert.Equal("CPU-therm", section.FactOf("hottest_zone"));
        Assert.Equal(83.5, section.FactOf("hottest_celsius"));
        Assert.Equal(2, section.Said(FindingLevel.Warning).Length);
    }

    [Fact]
    public void The_limit_above_which_inference_is_slowed_down_is_said_and_warned_of_when_it_is_passed()
    {
        using FakeSystem cool = Boards.Pi4("61000");
        Section section = new ConditionExamination(cool.Files).Heat(new(), TimeProvider.System);
        Assert.Equal("61 °C at the hottest (cpu-thermal); above 77 °C (cpu-thermal) inference is run at a lower rate", section.Said(FindingLevel.Ok)[0]);
        Assert.Equal(77.0, section.FactOf("limit_celsius"));
        Assert.Equal("61 °C at the hottest (cpu-thermal)", new ConditionExamination(cool.Files).Heat(new() { IsGoverned = false }, TimeProvider.System).Said(FindingLevel.Ok)[0]);
        using FakeSystem hot = Boards.Pi4("78000");
        Assert.Equal(["78 °C at the hottest (cpu-thermal): above 77 °C (cpu-thermal) inference is run at a lower rate -> cool the board (a heat sink, a fan, more air), or lower the fps of the pipelines"],
            new ConditionExamination(hot.Files).Heat(new(), TimeProvider.System).Said(FindingLevel.Warning));
    }

    [Fact]
    public void A_Jetsons_power_mode_and_the_frequency_it_allows_are_said_with_the_way_to_another()
    {
        using FakeSystem orin = Boards.Orin();
        Section section = new ConditionExamination(orin.Files).Heat(new(), TimeProvider.System);
        Assert.Equal("15W", section.FactOf("power_mode"));
        Assert.Equal((1510, 1510, 1728), (section.FactOf("cpu_mhz"), section.FactOf("cpu_allowed_mhz"), section.FactOf("cpu_highest_mhz")));
        Assert.Equal(
            ["power mode 15W -> sudo nvpmodel -q shows it, sudo nvpmodel -m N chooses another",
             "the processor may run at 1510 of its 1728 MHz -> heat, or the power mode: sudo nvpmodel -m N chooses another"],
            section.Said(FindingLevel.Info));
        Assert.StartsWith("more current is drawn than the module may take at times since the start, not now", Assert.Single(section.Said(FindingLevel.Warning)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_Pi_whose_firmware_cannot_be_asked_says_how_it_can()
    {
        using FakeSystem pi = Boards.Pi4().Without(Boards.Throttled);
        Assert.Contains("sudo usermod -aG video edgeinfer", Assert.Single(new ConditionExamination(pi.Files).Heat(new(), TimeProvider.System).Said(FindingLevel.Info)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_the_services_user_may_not_write_is_warned_of_with_the_command()
    {
        using FakeSystem system = new();
        system.With("/var/lib/edgeinfer/x", "").With("/proc/mounts", "/dev/root / ext4 rw,relatime 0 0\n");
        Section section = Storage(system, path => new FileRights(Folder755, 0, 0));
        Assert.StartsWith(
            "/var/lib/edgeinfer: the state folder cannot be written: user edgeinfer may not write it; starts are not counted and boot is 0, and what waits for the broker is in memory alone -> sudo install -d -o edgeinfer /var/lib/edgeinfer",
            Assert.Single(section.Said(FindingLevel.Warning)), StringComparison.Ordinal);
        Assert.Equal(false, section.FactOf("state_writable"));
        Assert.Equal(FindingLevel.Ok, Storage(system, path => new FileRights(Folder755, 990, 985)).Worst);
    }

    [Fact]
    public void A_read_only_mount_is_named_whoever_owns_the_folder()
    {
        using FakeSystem system = new();
        system.With("/var/lib/edgeinfer/x", "").With("/proc/mounts", "overlay / overlay ro,relatime 0 0\n/dev/mmcblk0p3 /data ext4 rw 0 0\n");
        Section section = Storage(system, path => new FileRights(Folder755, 990, 985));
        Assert.Contains("its file system is read-only", Assert.Single(section.Said(FindingLevel.Warning)), StringComparison.Ordinal);
        Assert.Single(section.Said(FindingLevel.Info));
        system.With("/proc/mounts", "overlay / overlay ro,relatime 0 0\ntmpfs /var/lib tmpfs rw 0 0\n");
        Assert.Equal(true, Storage(system, path => new FileRights(Folder755, 990, 985)).FactOf("state_writable"));
    }

    [Fact]
    public void Less_room_than_the_outbox_may_take_is_warned_of()
    {
        using FakeSystem system = new();
        system.With("/var/lib/edgeinfer/x", "");
        string said = Assert.Single(Storage(system, _ => new FileRights(Folder755, 990, 985), outboxBytes: long.MaxValue).Said(FindingLevel.Warning));
        Assert.Contains("less than outbox.size", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tmpfs /run tmpfs rw 0 0", 990, FindingLevel.Ok, "the run folder is in memory and can be written by edgeinfer")]
    [InlineData("tmpfs /tmp tmpfs rw 0 0", 990, FindingLevel.Warning, "the run folder is on a disk (ext4)")]
    [InlineData("tmpfs /run tmpfs rw 0 0", 0, FindingLevel.Warning, "the run folder cannot be written by edgeinfer")]
    [InlineData("tmpfs /run tmpfs ro 0 0", 990, FindingLevel.Warning, "the run folder cannot be written by edgeinfer")]
    public void The_run_folder_is_to_be_in_memory_and_the_services_own(string mount, int owner, object level, string what)
    {
        using FakeSystem system = new();
        system.With("/var/lib/edgeinfer/x", "").With("/run/edgeinfer/x", "").With("/proc/mounts", $"/dev/root / ext4 rw,relatime 0 0\n{mount}\n");
        Section section = Storage(system, path => new FileRights(Folder755, (uint)(path == "/run/edgeinfer" ? owner : 990), 0), run: "/run/edgeinfer");
        Assert.Contains(section.Said((FindingLevel)level), said => said.Contains(what, StringComparison.Ordinal));
        Assert.Equal(owner == 990 && mount.Contains("rw", StringComparison.Ordinal), section.FactOf("run_writable"));
    }

    [Fact]
    public void A_run_folder_that_the_service_manager_makes_is_no_warning()
    {
        using FakeSystem system = new();
        system.With("/var/lib/edgeinfer/x", "").With("/run/x", "").With("/proc/mounts", "tmpfs /run tmpfs rw 0 0\n");
        Section section = Storage(system, path => new FileRights(Folder755, (uint)(path == "/run" ? 0 : 990), 0), run: "/run/edgeinfer");
        Assert.Empty(section.Said(FindingLevel.Warning));
        Assert.Contains("RuntimeDirectory=edgeinfer", Assert.Single(section.Said(FindingLevel.Info)), StringComparison.Ordinal);
    }

    private static Section Storage(FakeSystem system, Func<string, FileRights?> rights, string run = "", long outboxBytes = 0)
        => new StorageExamination(system.Files, s_user, rights).Examine("/var/lib/edgeinfer", "", run, outboxBytes);
}
