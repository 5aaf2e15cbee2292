using EdgeInfer.Tests.Diagnosis;

namespace EdgeInfer.Tests.Heat;

/// <summary>Devices as their kernels describe them.</summary>
internal static class Boards
{
    public const string Throttled = "/sys/devices/platform/soc/soc:firmware/get_throttled";

    /// <summary>A Raspberry Pi 4 under Raspberry Pi OS: one zone with a critical trip point alone.</summary>
    public static FakeSystem Pi4(string thousandths = "54530") => new FakeSystem()
        .With("/proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0")
        .WithZone(0, "cpu-thermal", thousandths, "critical 110000")
        .WithPolicy(0, 1500000, 1800000, 1800000)
        .With(Throttled, "0\n");

    /// <summary>A Raspberry Pi 5: trip points that turn the fan, and the firmware at another place.</summary>
    public static FakeSystem Pi5() => new FakeSystem()
        .With("/sys/firmware/devicetree/base/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0")
        .WithZone(0, "cpu-thermal", "61700", "critical 110000", "active 50000", "active 60000", "active 67500", "active 75000")
        .WithPolicy(0, 2400000, 2400000, 2400000)
        .With("/sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled", "e0008\n");

    /// <summary>A Jetson Orin Nano in its 15 W mode.</summary>
    public static FakeSystem Orin() => new FakeSystem()
        .With("/proc/device-tree/compatible", "nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0")
        .WithZone(0, "cpu-thermal", "48406", "critical 104500", "passive 99000")
        .WithZone(1, "gpu-thermal", "47156", "critical 104500", "passive 99000")
        .WithZone(2, "cv0-thermal", "-256000", "critical 104500")
        .WithZone(8, "tj-thermal", "48406", "hot 70000", "passive 70000", "passive 99000", "critical 105000")
        .WithPolicy(0, 1510400, 1510400, 1728000).WithPolicy(4, 729600, 1510400, 1728000)
        .With("/sys/class/thermal/cooling_device0/type", "cpu-throttle-alert\n").With("/sys/class/thermal/cooling_device0/cur_state", "0\n")
        .With("/sys/class/thermal/cooling_device1/type", "pwm-fan\n").With("/sys/class/thermal/cooling_device1/cur_state", "2\n")
        .With("/sys/class/hwmon/hwmon3/name", "soctherm_oc\n")
        .With("/sys/class/hwmon/hwmon3/oc1_event_cnt", "0\n").With("/sys/class/hwmon/hwmon3/oc2_event_cnt", "0\n").With("/sys/class/hwmon/hwmon3/oc3_event_cnt", "15\n")
        .With("/var/lib/nvpmodel/status", "pmode:0000 fmode:quiet")
        .With("/etc/nvpmodel.conf", "# comment\n< PARAM TYPE=FILE NAME=CPU_ONLINE >\n< POWER_MODEL ID=0 NAME=15W >\nCPU_ONLINE CORE_0 1\n< POWER_MODEL ID=2 NAME=MAXN_SUPER >\n< PM_CONFIG DEFAULT=0 >\n");
}
