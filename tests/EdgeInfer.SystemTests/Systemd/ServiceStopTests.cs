using System.Diagnostics;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>How long the service takes to stop under a real systemd.</summary>
[Collection(Alone.Name)]
public sealed class ServiceStopTests
{
    [Fact]
    public async Task It_stops_within_two_seconds_with_a_dead_broker_and_a_dead_camera()
    {
        await using Container machine = await Container.Boot(ServiceTests.Configuration(ServiceTests.Belt + ServiceTests.Door));
        await machine.Says("1 of 2 pipelines run");
        Stopwatch stopping = Stopwatch.StartNew();
        await machine.Must("systemctl", "stop", "edgeinfer");
        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2.5));
        long entered = ServiceTests.Microseconds(await machine.Property("InactiveEnterTimestampMonotonic")) - ServiceTests.Microseconds(await machine.Property("ActiveExitTimestampMonotonic"));
        Assert.InRange(entered / 1e6, 0, 2.0);
        Assert.Equal(("inactive", "success", "0"), (await machine.Property("ActiveState"), await machine.Property("Result"), await machine.Property("ExecMainStatus")));
    }
}
