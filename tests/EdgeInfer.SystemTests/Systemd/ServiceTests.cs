using System.Globalization;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>The service under a real systemd: start, reload, stop, and what its exit codes do.</summary>
public sealed class ServiceTests
{
    internal const string Belt = "  belt: { source: { synthetic: conveyor, size: 160x120, fps: 20 }, model: parts, fps: max, publish: { predictions: every } }\n";
    internal const string Door = "  door: { source: { camera: /dev/video0 }, model: parts }\n";

    internal static string Configuration(string pipelines, string mqtt = "") => $$"""
        device: { id: press-3 }
        mqtt: { url: "mqtt://127.0.0.1:1883"{{mqtt}} }
        models: { parts: { path: /usr/lib/edgeinfer/models/parts-detector } }
        pipelines:

        """ + pipelines;

    [Fact]
    public async Task It_is_ready_without_a_camera_and_without_a_broker_and_says_what_it_lacks()
    {
        await using Container machine = await Container.Boot(Configuration(Belt + Door));
        await machine.Until("ActiveState", static state => state == "active");
        string line = await machine.Says("1 of 2 pipelines run");
        Assert.Contains("broker waiting", line, StringComparison.Ordinal);
        Assert.Contains("door has no signal: /dev/video0: there is no camera at this path", line, StringComparison.Ordinal);
        await machine.Must("systemctl", "start", "mosquitto");
        await machine.Says("broker connected");
        Assert.Equal("0", await machine.Property("NRestarts"));

        // As the user of the service, who owns what it keeps; asked by root over its socket.
        Assert.Equal("edgeinfer", (await machine.Must("ps", "-o", "user=", "-p", $"{await machine.Process()}")).Trim());
        Assert.Equal("700 edgeinfer", (await machine.Must("stat", "-c", "%a %U", "/var/lib/edgeinfer")).Trim());
        Assert.Contains("press-3", await machine.Must("edgeinfer", "status"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_configuration_it_waits_for_one()
    {
        await using Container machine = await Container.Boot(null);
        Assert.Equal(("inactive", "no"), (await machine.Property("ActiveState"), await machine.Property("ConditionResult")));
        await machine.Must("mkdir", "-p", "/etc/edgeinfer");
        await machine.Write(Container.ConfigurationFile, Configuration(Belt));
        await machine.Must("systemctl", "start", "edgeinfer");
        await machine.Says("1 of 1 pipeline runs");
    }

    [Fact]
    public async Task A_valid_reload_is_applied_and_an_invalid_one_changes_nothing_and_says_so()
    {
        await using Container machine = await Container.Boot(Configuration(Belt));
        await machine.Says("1 of 1 pipeline runs");
        int process = await machine.Process();
        await using ChildProcess journal = machine.Follow();
        await machine.Write(Container.ConfigurationFile, Configuration(Belt + Belt.Replace("belt", "exit", StringComparison.Ordinal)));
        await machine.Must("systemctl", "reload", "edgeinfer");
        await journal.Line("configuration reloaded: exit added, 1 unchanged");
        await machine.Says("2 of 2 pipelines run");
        await machine.Write(Container.ConfigurationFile, Configuration(Belt).Replace("synthetic", "synthetisch", StringComparison.Ordinal));
        await machine.Must("systemctl", "reload", "edgeinfer");
        string line = await machine.Says("configuration not reloaded");
        Assert.Contains("2 of 2 pipelines run", line, StringComparison.Ordinal);
        Assert.Contains("edgeinfer.yaml:5:", line, StringComparison.Ordinal);
        await machine.Until("ActiveState", static state => state == "active");
        Assert.Equal((process, "0"), (await machine.Process(), await machine.Property("NRestarts")));
    }

    [Fact]
    public async Task A_configuration_at_fault_ends_it_with_78_and_is_not_tried_again()
    {
        await using Container machine = await Container.Boot(Configuration(Belt).Replace("model: parts", "model: part", StringComparison.Ordinal), "RestartSec=100ms");
        await machine.Until("ActiveState", static state => state == "failed");
        Assert.Equal(("78", "0"), (await machine.Property("ExecMainStatus"), await machine.Property("NRestarts")));
        await machine.Write(Container.ConfigurationFile, Configuration(Belt));
        await machine.Must("systemctl", "start", "edgeinfer");
        await machine.Says("1 of 1 pipeline runs");
    }

    [Fact]
    public async Task A_model_that_is_not_there_yet_is_tried_again_without_haste()
    {
        string configuration = Configuration(Belt).Replace("/usr/lib/edgeinfer/models/parts-detector", "/var/lib/edgeinfer/parts.onnx", StringComparison.Ordinal);
        await using Container machine = await Container.Boot(configuration, "RestartSec=1s", [("/var/lib/edgeinfer/parts.onnx", "no model yet")]);
        await machine.Until("NRestarts", static count => int.Parse(count, CultureInfo.InvariantCulture) >= 1);
        long first = Microseconds(await machine.Property("ExecMainStartTimestampMonotonic"));
        await machine.Until("NRestarts", static count => int.Parse(count, CultureInfo.InvariantCulture) >= 2);
        await machine.Until("ExecMainStartTimestampMonotonic", start => Microseconds(start.Length == 0 ? "0" : start) > first);

        // Between two starts lies the pause that the unit asks for.
        Assert.InRange(Microseconds(await machine.Property("ExecMainStartTimestampMonotonic")) - first, 1_000_000, long.MaxValue);
        Assert.Contains("status=65/", await machine.Must("journalctl", "--output=cat", "--unit=edgeinfer"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_comes_as_a_credential_that_the_services_user_cannot_read_in_the_file_system()
    {
        await using Container machine = await Container.Boot(
            Configuration(Belt, ", username: edge, password: { credential: mqtt }"), "LoadCredential=mqtt:/etc/edgeinfer/secrets/mqtt",
            [("/etc/edgeinfer/secrets/mqtt", Canary.Password + "\n"), ("/etc/mosquitto/conf.d/users.conf", "allow_anonymous false\npassword_file /etc/mosquitto/users\n")]);
        await machine.Must("chmod", "600", "/etc/edgeinfer/secrets/mqtt");
        await machine.Must("sh", "-c", "mosquitto_passwd -b -c /etc/mosquitto/users edge \"$(cat /etc/edgeinfer/secrets/mqtt)\" && chown mosquitto /etc/mosquitto/users && systemctl start mosquitto");
        await machine.Must("systemctl", "restart", "edgeinfer");
        await machine.Says("broker connected");
    }

    internal static long Microseconds(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
