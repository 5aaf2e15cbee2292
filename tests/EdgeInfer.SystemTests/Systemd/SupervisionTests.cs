using System.Globalization;
using EdgeInfer.SystemTests.Camera;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>What a real systemd does when the agent dies, stands still, or only lacks what it works with.</summary>
public sealed class SupervisionTests
{
    // The unit's own times make a test of minutes.
    private const string Quick = "WatchdogSec=4s\nRestartSec=1s";

    [Fact]
    public async Task A_killed_agent_comes_back_and_what_waited_for_the_broker_still_arrives()
    {
        await using Container machine = await Container.Boot(ServiceTests.Configuration(ServiceTests.Belt), Quick);
        await machine.Must("systemctl", "start", "mosquitto");
        await using ChildProcess listener = machine.Start("mosquitto_sub", "-h", "127.0.0.1", "-V", "5", "-q", "1", "-v", "-t", "edgeinfer/press-3/belt/prediction", "-t", "edgeinfer/press-3/belt/history");
        await listener.Line("\"seq\":10,");
        int first = await machine.Process();

        // A broker that stands still takes nothing: what is made now is in the ring alone when the agent dies.
        await machine.Must("systemctl", "kill", "--signal=STOP", "mosquitto");
        string before = await machine.Must("edgeinfer", "status", "--json");
        long accepted = AgentProcess.Payload(before).GetProperty("outbox").GetProperty("accepted").GetInt64();
        await machine.Until(["edgeinfer", "status", "--json"], said => AgentProcess.Payload(said).GetProperty("outbox").GetProperty("accepted").GetInt64() >= accepted + 10);
        await machine.Must("systemctl", "kill", "--signal=KILL", "--kill-who=main", "edgeinfer");
        await machine.Must("systemctl", "kill", "--signal=CONT", "mosquitto");
        await machine.Until("NRestarts", static count => count == "1");
        await machine.Says("1 of 1 pipeline runs, broker connected");
        Assert.NotEqual(first, await machine.Process());
        await listener.Line("\"boot\":2,");
        await listener.Line($"\"seq\":{accepted + 10},");
        long[] numbers = [.. listener.Output.Split('\n').Where(static line => line.Contains("\"boot\":1,", StringComparison.Ordinal))
            .Select(static line => AgentProcess.Payload(line).GetProperty("seq").GetInt64()).Distinct().Order()];
        Assert.True(numbers[^1] >= accepted + 10, $"{numbers[^1]} of {accepted + 10}");
        Assert.Equal(Enumerable.Range(0, numbers.Length).Select(n => numbers[0] + n), numbers);
    }

    [Fact]
    public async Task An_agent_that_stands_still_is_killed_and_started_anew()
    {
        await using Container machine = await Container.Boot(ServiceTests.Configuration(ServiceTests.Belt), Quick);
        await machine.Says("1 of 1 pipeline runs");
        await using ChildProcess journal = machine.Follow();
        await machine.Must("systemctl", "kill", "--signal=STOP", "--kill-who=main", "edgeinfer");
        await journal.Line("Watchdog timeout");
        await machine.Until("NRestarts", static count => count == "1");
        await machine.Says("1 of 1 pipeline runs");
    }

    [Fact]
    public async Task A_driver_that_does_not_come_back_is_named_and_the_agent_killed_and_started_anew()
    {
        using CameraRig cameras = await Cameras();
        await using Container machine = await Boot(cameras);
        await machine.Says("2 of 2 pipelines run");
        await using ChildProcess journal = machine.Follow();
        cameras.Control(0, "hang");
        await journal.Line("stuck: door: the driver of /dev/video0 has not come back for");
        await journal.Line("Watchdog timeout");
        cameras.Control(0, "ok");
        await machine.Until("NRestarts", static count => count == "1");
        await machine.Says("2 of 2 pipelines run");
    }

    [Fact]
    public async Task A_model_that_never_comes_from_its_drive_is_waited_for_up_to_a_bound_then_the_agent_is_killed_and_started_anew()
    {
        using StalledStart stall = await StalledStart.Make();
        await using Container machine = await Container.Boot(
            ServiceTests.Configuration(ServiceTests.Belt), $"{Quick}\nTimeoutStartSec=2s\nEnvironment={stall.Environment}", binds: [stall.Bind]);
        await machine.Says("1 of 1 pipeline runs");
        stall.IsStalled = true;
        await machine.Must("systemctl", "restart", "--no-block", "edgeinfer");
        await machine.Says("the models are being loaded");
        long since = await LastAlive(machine);

        // Longer than the unit allows a start, which the agent extends.
        await machine.Until("WatchdogTimestampMonotonic", text => long.Parse(text, CultureInfo.InvariantCulture) > since + 3_000_000);
        Assert.Equal(("activating", "0"), (await machine.Property("ActiveState"), await machine.Property("NRestarts")));
        await using ChildProcess journal = machine.Follow();
        stall.Ahead = TimeSpan.FromMinutes(5.1);
        await journal.Line("the agent counts as started while pipeline belt still loads its model");
        await machine.Until("ActiveState", static state => state == "active");
        await machine.Says("belt starts");
        stall.Ahead = TimeSpan.FromMinutes(10.2);
        await journal.Line("stuck: belt:");
        await journal.Line("Watchdog timeout");
        stall.IsStalled = false;
        await machine.Until("NRestarts", static count => count == "1");
        await machine.Says("1 of 1 pipeline runs");
    }

    [Fact]
    public async Task A_camera_and_a_broker_that_are_away_are_no_reason_to_be_killed()
    {
        using CameraRig cameras = await Cameras();
        await using Container machine = await Boot(cameras);
        await machine.Must("systemctl", "start", "mosquitto");
        await machine.Says("2 of 2 pipelines run, broker connected");
        int process = await machine.Process();
        cameras.Control(0, "unplug");
        await machine.Must("systemctl", "kill", "--signal=STOP", "mosquitto");
        await machine.Says("door has no signal");

        // Three times the watchdog's time, by the clock of its own keep-alives.
        long since = await LastAlive(machine);
        await machine.Until("WatchdogTimestampMonotonic", text => long.Parse(text, CultureInfo.InvariantCulture) > since + 12_000_000);
        Assert.Equal((process, "0"), (await machine.Process(), await machine.Property("NRestarts")));
        cameras.Control(0, "ok");
        await machine.Must("systemctl", "kill", "--signal=CONT", "mosquitto");
        await machine.Says("2 of 2 pipelines run, broker connected");
    }

    [Fact]
    public async Task An_agent_that_begins_anew_on_command_is_the_same_process_for_systemd()
    {
        await using Container machine = await Container.Boot(ServiceTests.Configuration(ServiceTests.Belt), Quick);
        await machine.Must("systemctl", "start", "mosquitto");
        await machine.Says("1 of 1 pipeline runs, broker connected");
        int process = await machine.Process();
        await using ChildProcess listener = machine.Start("mosquitto_sub", "-h", "127.0.0.1", "-V", "5", "-v", "-t", "edgeinfer/press-3/status");
        await machine.Must("mosquitto_pub", "-h", "127.0.0.1", "-V", "5", "-q", "1", "-t", "edgeinfer/press-3/cmd/restart", "-m", "{\"id\":\"1\"}");
        await listener.Line("\"boot\":2,");
        await machine.Says("1 of 1 pipeline runs, broker connected");
        await machine.Until("ActiveState", static state => state == "active");
        long since = await LastAlive(machine);
        await machine.Until("WatchdogTimestampMonotonic", text => long.Parse(text, CultureInfo.InvariantCulture) > since + 4_000_000);
        Assert.Equal((process, "0"), (await machine.Process(), await machine.Property("NRestarts")));
    }

    [Fact]
    public async Task The_limit_of_its_memory_is_known()
    {
        await using Container machine = await Container.Boot(ServiceTests.Configuration(ServiceTests.Belt), "MemoryMax=256M");
        await machine.Says("1 of 1 pipeline runs");
        if (!(await machine.Must("cat", "/sys/fs/cgroup/cgroup.controllers")).Contains("memory", StringComparison.Ordinal)) Assert.Skip("this kernel gives containers no memory controller");
        await using ChildProcess journal = machine.Follow();
        await journal.Line("memory is limited to 256 MiB by the control group");
        Assert.Contains(" of 256 MiB", await machine.Must("edgeinfer", "status"), StringComparison.Ordinal);
    }

    private static async Task<CameraRig> Cameras()
    {
        CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "formats MJPG", "sizes 640x480");
        string picture = Directory.GetFiles(Path.Combine(TestFolder.BundledModel, "golden"), "*.jpg").Order(StringComparer.Ordinal).First();
        rig.Picture(0, "belt.jpg", await File.ReadAllBytesAsync(picture));

        // The service's user reads it through the bind.
        string folder = rig.Environment["FAKECAMERA"];
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        foreach (string node in Directory.GetDirectories(folder)) File.SetUnixFileMode(node, (UnixFileMode)0b111_111_111);
        return rig;
    }

    private static Task<Container> Boot(CameraRig cameras)
    {
        string library = Path.GetFileName(cameras.Environment["LD_PRELOAD"]);
        return Container.Boot(ServiceTests.Configuration(ServiceTests.Belt + ServiceTests.Door),
            $"{Quick}\nEnvironment=LD_PRELOAD=/opt/cameras/{library} FAKECAMERA=/opt/cameras", binds: [$"{cameras.Environment["FAKECAMERA"]}:/opt/cameras"]);
    }

    private static async Task<long> LastAlive(Container machine) => long.Parse(await machine.Property("WatchdogTimestampMonotonic"), CultureInfo.InvariantCulture);
}
