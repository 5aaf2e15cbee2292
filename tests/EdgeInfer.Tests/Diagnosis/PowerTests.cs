using EdgeInfer.Diagnosis;
using EdgeInfer.Inference;
using EdgeInfer.Tests.Heat;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>Supplies, profiles and governors.</summary>
public sealed class PowerTests
{
    // A cell of the device tree, the highest byte first: 3000 mA and 5000 mA.
    private static readonly byte[] s_three = [0, 0, 0x0b, 0xb8], s_five = [0, 0, 0x13, 0x88], s_no = [0, 0, 0, 0], s_yes = [0, 0, 0, 1];

    [Fact]
    public void A_Pi_5_on_a_supply_of_3_amperes_says_what_that_leaves_for_USB()
    {
        using FakeSystem weak = Boards.Pi5().With("/proc/device-tree/chosen/power/max_current", s_three).With("/proc/device-tree/chosen/power/usb_max_current_enable", s_no);
        Section section = new ConditionExamination(weak.Files).Heat(new(), TimeProvider.System);
        Assert.Equal(3000L, section.FactOf("supply_milliamperes"));
        Assert.StartsWith("the supply offers 3 A, so that all USB ports together get 0.6 A", Assert.Single(section.Findings, static f => f.Id == FindingId.PowerSupplyWeak).What, StringComparison.Ordinal);
        using FakeSystem strong = Boards.Pi5().With("/proc/device-tree/chosen/power/max_current", s_five);
        Assert.DoesNotContain(new ConditionExamination(strong.Files).Heat(new(), TimeProvider.System).Findings, static f => f.Id == FindingId.PowerSupplyWeak);
    }

    [Fact]
    public void A_USB_device_that_drew_too_much_and_a_low_power_profile_are_warned_of()
    {
        using FakeSystem pi = Boards.Pi5().With("/proc/device-tree/chosen/power/usb_over_current_detected", s_yes).With("/sys/firmware/acpi/platform_profile", "low-power\n");
        Finding[] found = [.. new ConditionExamination(pi.Files).Heat(new(), TimeProvider.System).Findings.Where(static f => f.Id is FindingId.UsbOverCurrent or FindingId.PowerProfileLow)];
        Assert.Equal([FindingLevel.Warning, FindingLevel.Warning], found.Select(static f => f.Level));
    }

    [Fact]
    public void One_cluster_that_stays_low_is_enough_to_be_warned()
    {
        using FakeSystem board = new();
        foreach ((int policy, string governor) in ((int, string)[])[(0, "schedutil"), (4, "powersave")])
            board.With($"/sys/devices/system/cpu/cpufreq/policy{policy}/scaling_governor", governor + "\n").With($"/sys/devices/system/cpu/cpufreq/policy{policy}/scaling_driver", "cpufreq-dt\n");
        Section section = new ProcessorExamination(board.Files).Examine(new(8, null));
        Assert.Equal(("powersave", FindingId.GovernorLow), (section.FactOf("governor"), Assert.Single(section.Findings, static f => f.Level == FindingLevel.Warning).Id));
    }

    [Fact]
    public void A_Pi_4_has_no_accelerator_and_nothing_to_mend_for_it()
    {
        using FakeSystem pi = Boards.Pi4();
        Section section = Gpu.GpuMachines.Examine(pi);
        Assert.Equal((FindingId.GpuNone, FindingLevel.Info), (Assert.Single(section.Findings).Id, section.Worst));
    }
}
