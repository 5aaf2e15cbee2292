using System.Text.Json;
using EdgeInfer.SystemTests.Packaging;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>The Debian package under a real systemd, by apt, from the first install to purge: one machine, in the order in which a user does it.</summary>
public sealed class PackageTests
{
    private const string Previous = "0.0.9";

    // What apt, dpkg, systemd, the journal and the broker keep for themselves is theirs.
    private const string Everything = """
        find / -xdev \( -path /proc -o -path /packages -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache/apt -o -path /var/log -o -path /tmp -o -path /var/tmp -o -path /root -o -path /var/lib/mosquitto \) -prune -o -print;
        find /run -xdev \( -path /run/adduser -o -path /run/systemd -o -path /run/user -o -path /run/mosquitto \) -prune -o -print;
        cat /etc/passwd /etc/group; ls /run/systemd/system
        """;

    private static readonly string s_configuration = ServiceTests.Configuration(ServiceTests.Belt);
    private static readonly string s_withOwnModel = s_configuration.Replace("path: /usr/lib/edgeinfer/models/parts-detector", "path: mine", StringComparison.Ordinal);

    [Fact]
    public async Task It_is_installed_configured_upgraded_refused_removed_and_purged_while_a_systemd_runs_it()
    {
        using TestFolder packages = new();
        await PackageFolder.Repack(packages, ("previous.deb", Previous, null), ("ignorant.deb", "0.0.8", 0));
        packages.Copy(PackageFolder.Deb(PackageFolder.Architecture), "current.deb");
        foreach (string file in Directory.GetFiles(packages.Path)) File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
        File.SetUnixFileMode(packages.Path, (UnixFileMode)0b111_101_101);
        await using Container machine = await Container.Bare(packages.Path);
        string before = await Listed(machine);

        await Installs_and_waits_for_a_configuration(machine);
        await Starts_and_serves_a_model_that_was_added(machine);
        await Is_upgraded_while_it_runs_and_loses_nothing(machine);
        await Refuses_a_package_that_does_not_know_its_state_and_runs_on(machine);
        await Stops_when_it_is_removed_and_comes_back_with_what_it_had(machine);
        await Purge_leaves_nothing(machine, before);
    }

    private static async Task Installs_and_waits_for_a_configuration(Container machine)
    {
        await machine.Must("sh", "-c", "getent group i2c > /dev/null || groupadd --system i2c");
        await Apt(machine, "install", "/packages/previous.deb");
        Assert.Equal(("inactive", "no", "enabled"), (await machine.Property("ActiveState"), await machine.Property("ConditionResult"), await machine.Property("UnitFileState")));
        Assert.Equal("audio dialout edgeinfer i2c render video", await machine.Must("sh", "-c", "id -nG edgeinfer | tr ' ' '\\n' | sort | paste -sd' '"));
        Assert.Equal(
            "/etc/edgeinfer 750 root:edgeinfer\n/var/lib/edgeinfer 700 edgeinfer:edgeinfer\n/var/cache/edgeinfer 700 edgeinfer:edgeinfer",
            await machine.Must("stat", "-c", "%n %a %U:%G", "/etc/edgeinfer", "/var/lib/edgeinfer", "/var/cache/edgeinfer"));
    }

    private static async Task Starts_and_serves_a_model_that_was_added(Container machine)
    {
        await machine.Must("edgeinfer", "model", "add", "/usr/share/edgeinfer/models/parts-detector", "--name", "mine");
        await machine.Write(Container.ConfigurationFile, s_withOwnModel);
        await machine.Must("systemctl", "start", "edgeinfer");
        Assert.Equal(("active", "notify"), (await machine.Property("ActiveState"), await machine.Property("Type")));
        await machine.Says("1 of 1 pipeline runs");
        Assert.Equal("running", (await Status(machine)).GetProperty("pipelines").GetProperty("belt").GetProperty("state").GetString());
    }

    private static async Task Is_upgraded_while_it_runs_and_loses_nothing(Container machine)
    {
        await machine.Must("systemctl", "start", "mosquitto");
        await machine.Says("broker connected");
        await using ChildProcess listener = machine.Start("mosquitto_sub", "-h", "127.0.0.1", "-V", "5", "-q", "1", "-v", "-t", "edgeinfer/press-3/belt/+", "-t", "edgeinfer/press-3/gap");
        await listener.Line("/prediction {");

        // A broker that stands still: what is made from now on waits.
        await machine.Must("systemctl", "kill", "--signal=STOP", "mosquitto");
        JsonElement before = await Status(machine);
        int boot = before.GetProperty("boot").GetInt32();
        long last = before.GetProperty("outbox").GetProperty("accepted").GetInt64() + 20;
        await machine.Until(["edgeinfer", "status", "--json"], said => AgentProcess.Payload(said).GetProperty("outbox").GetProperty("accepted").GetInt64() >= last);
        string kept = await Kept(machine);
        int process = await machine.Process();
        await Apt(machine, "install", "/packages/current.deb");
        await machine.Says("1 of 1 pipeline runs");
        JsonElement after = await Status(machine);
        Assert.Equal((boot + 1, PackageFolder.Version, "0"), (after.GetProperty("boot").GetInt32(), after.GetProperty("version").GetString(), await machine.Property("NRestarts")));
        Assert.NotEqual(process, await machine.Process());
        Assert.Equal(kept, await Kept(machine));

        await machine.Must("systemctl", "kill", "--signal=CONT", "mosquitto");
        await listener.Line($"\"boot\":{boot + 1},");
        await listener.Line($"\"boot\":{boot},\"seq\":{last},");
        long[] numbers = [.. listener.Output.Split('\n').Where(line => line.Contains($"\"boot\":{boot},\"seq\"", StringComparison.Ordinal))
            .Select(static line => AgentProcess.Payload(line).GetProperty("seq").GetInt64()).Distinct().Order()];
        Assert.Equal(Enumerable.Range(0, numbers.Length).Select(n => numbers[0] + n), numbers);
        Assert.DoesNotContain("/gap {", listener.Output, StringComparison.Ordinal);
    }

    private static async Task Refuses_a_package_that_does_not_know_its_state_and_runs_on(Container machine)
    {
        int process = await machine.Process();
        (int code, string output) = await machine.Run(AptLine("install", "/packages/ignorant.deb"));
        Assert.NotEqual(0, code);
        Assert.Contains($"edgeinfer: a newer EdgeInfer wrote /var/lib/edgeinfer (version {EdgeInfer.Durability.StateVersion.Current}, this package knows 0); keep the newer package", output, StringComparison.Ordinal);
        Assert.Equal($"{PackageFolder.Version} ii", (await machine.Must("dpkg-query", "--show", "--showformat=${Version} ${db:Status-Abbrev}", "edgeinfer")).Trim());
        Assert.Equal((process, "active"), (await machine.Process(), await machine.Property("ActiveState")));

        // One that knows it may go back.
        await Apt(machine, "install", "/packages/previous.deb");
        await machine.Says("1 of 1 pipeline runs");
        Assert.NotEqual(process, await machine.Process());
    }

    private static async Task Stops_when_it_is_removed_and_comes_back_with_what_it_had(Container machine)
    {
        string kept = await Kept(machine);
        int process = await machine.Process();
        await Apt(machine, "remove", "edgeinfer");
        Assert.Equal("gone", await machine.Must("sh", "-c", $"test -e /proc/{process} || test -e /usr/bin/edgeinfer || echo gone"));
        Assert.Equal(kept, await Kept(machine));
        await Apt(machine, "install", "/packages/previous.deb");
        await machine.Says("1 of 1 pipeline runs");
        Assert.Equal(kept, await Kept(machine));
    }

    private static async Task Purge_leaves_nothing(Container machine, string before)
    {
        await Apt(machine, "purge", "edgeinfer");
        await machine.Must("systemctl", "stop", "mosquitto");
        await machine.Must("groupdel", "i2c");
        string[] left = (await Listed(machine)).Split('\n'), was = before.Split('\n');
        Assert.Empty(left.Except(was));
        Assert.Empty(was.Except(left));
        Assert.Equal("not-found", await machine.Property("LoadState"));
        Assert.Equal((1, ""), await machine.Run("pgrep", "--list-full", "edgeinfer"));
    }

    private static async Task<string> Listed(Container machine)
        => string.Join('\n', (await machine.Must("sh", "-c", Everything.ReplaceLineEndings(" "))).Split('\n').Order(StringComparer.Ordinal));

    // Configuration and models, by content, owner and mode; and that the state is noted.
    private static Task<string> Kept(Container machine)
        => machine.Must("sh", "-c", "cd / && find etc/edgeinfer var/lib/edgeinfer/models -type f -exec sha256sum {} + | sort && find etc/edgeinfer var/lib/edgeinfer/models -exec stat -c '%n %a %U:%G' {} + | sort && cat var/lib/edgeinfer/version");

    private static async Task<JsonElement> Status(Container machine) => AgentProcess.Payload(await machine.Must("edgeinfer", "status", "--json"));

    private static Task<string> Apt(Container machine, string verb, string what) => machine.Must(AptLine(verb, what));

    // No network: what the root does not have is not there. Syncing each file says nothing here.
    private static string[] AptLine(string verb, string what)
        => ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--quiet", "--no-install-recommends", "--allow-downgrades", "-o", "DPkg::Options::=--force-unsafe-io", verb, what];
}
