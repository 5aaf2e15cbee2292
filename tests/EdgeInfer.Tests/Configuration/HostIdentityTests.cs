using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

public sealed class HostIdentityTests
{
    // The published test vector of FNV-1a (32 bits) for "foobar" is bf9cf968, folded to 16 bits bf9c xor f968 = 46f4.
    private const string MachineId = "foobar";

    [Theory]
    [InlineData("press-3", "press-3")]
    [InlineData("press-3.plant.example", "press-3")]
    [InlineData("Press_3", "Press_3")]
    [InlineData("über maß", "-ber-ma-")]
    [InlineData("raspberrypi", "raspberrypi-46f4")]
    [InlineData("Ubuntu", "Ubuntu-46f4")]
    [InlineData("debian", "debian-46f4")]
    [InlineData("jetson.local", "jetson-46f4")]
    [InlineData("localhost", "localhost-46f4")]
    [InlineData("", "localhost-46f4")]
    [InlineData("raspberrypi4", "raspberrypi4")]
    public void The_device_id_is_the_host_name_with_the_machine_behind_a_stock_name(string hostName, string id)
    {
        (AgentConfiguration? read, FaultList faults) = ConfigurationText.Read(ConfigurationText.Smallest, host: new(hostName, MachineId));
        Assert.Equal(id, read!.Device.Id);
        Assert.Empty(faults.Warnings);
    }

    [Fact]
    public void A_host_name_that_is_too_long_is_cut()
        => Assert.Equal(new string('a', 64), new HostIdentity(new string('a', 80), MachineId).DeviceId("", new()));

    [Fact]
    public void A_stock_name_without_a_machine_id_is_warned_of()
    {
        (AgentConfiguration? read, FaultList faults) = ConfigurationText.Read(ConfigurationText.Smallest, host: new("raspberrypi", ""));
        Assert.Equal("raspberrypi", read!.Device.Id);
        Assert.Equal(["edge.yaml: device.id: many devices are named 'raspberrypi', and this machine has no /etc/machine-id; set device.id"],
            faults.Warnings.Select(w => w.ToString()));
    }

    [Fact]
    public void A_device_id_that_is_written_is_taken_as_it_is()
        => Assert.Equal("raspberrypi", ConfigurationText.Good(ConfigurationText.Smallest + "device: { id: raspberrypi }").Device.Id);
}
