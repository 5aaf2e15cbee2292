using EdgeInfer.SystemTests.Packaging;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>
/// The arm64 package under an arm64 systemd, both under emulation: by flag (EDGEINFER_ROOTS=all). qemu-user knows no system call filters, so
/// systemd leaves out what of the sandbox is made of them, and no keyrings as credentials want them; the rest of the unit is at work.
/// </summary>
[Collection(Alone.Name)]
public sealed class EmulatedServiceTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("bookworm")]
    [InlineData("bullseye")]
    public async Task The_arm64_service_is_installed_starts_publishes_is_reloaded_comes_back_from_a_kill_and_stops(string suite)
    {
        if (Environment.GetEnvironmentVariable("EDGEINFER_ROOTS") != "all") Assert.Skip("only with EDGEINFER_ROOTS=all: it makes a root file system and emulates all of it");
        if (!File.Exists("/proc/sys/fs/binfmt_misc/qemu-aarch64")) Assert.Skip("arm64 programs are not started here; install qemu-user-static and binfmt-support");
        foreach (string program in new[] { "systemd-nspawn", "unshare", "nsenter" }) Peer.Program(program);
        (string? root, string why) = await PackageRoot.Make(suite, "arm64");
        if (root is null) Peer.Missing(why);
        using TestFolder packages = new();
        File.SetUnixFileMode(packages.Path, (UnixFileMode)0b111_101_101);
        packages.Copy(PackageFolder.Deb("arm64"), "edgeinfer.deb");
        File.SetUnixFileMode(packages.Copy(Path.Combine(PublishedBinary.Root, "tests", "arm64", "cpuinfo"), "cpuinfo"), (UnixFileMode)0b110_100_100);
        await using Container machine = await Container.Foreign(root!, packages.Path, s_patience);
        Assert.Equal("aarch64", await machine.Must("uname", "-m"));
        await machine.Must("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-unsafe-io", "--install", "/packages/edgeinfer.deb");
        Assert.Equal(("inactive", "no"), (await machine.Property("ActiveState"), await machine.Property("ConditionResult")));

        // Under emulation ONNX Runtime would read what this machine's processor can do, and the emulated one is a hundred times slower.
        await machine.Must("mkdir", "-p", "/etc/systemd/system/edgeinfer.service.d");
        await machine.Write("/etc/systemd/system/edgeinfer.service.d/test.conf", "[Service]\nBindReadOnlyPaths=/packages/cpuinfo:/proc/cpuinfo\n");
        string configuration = ServiceTests.Configuration(ServiceTests.Belt).Replace("/usr/lib/edgeinfer/models/parts-detector", "parts-detector", StringComparison.Ordinal)
            .Replace("fps: max", "fps: 1", StringComparison.Ordinal);
        await machine.Write(Container.ConfigurationFile, configuration);
        await machine.Must("systemctl", "daemon-reload");
        await machine.Must("systemctl", "start", "mosquitto");
        await machine.Must("systemctl", "start", "edgeinfer");
        await machine.Says("1 of 1 pipeline runs, broker connected");
        Assert.Contains("\"provider\":\"cpu\"", await machine.Must("mosquitto_sub", "-h", "127.0.0.1", "-V", "5", "-C", "1", "-t", "edgeinfer/press-3/belt/prediction"), StringComparison.Ordinal);
        await machine.Write(Container.ConfigurationFile, configuration.Replace("fps: 1,", "fps: 2,", StringComparison.Ordinal));
        await machine.Must("systemctl", "reload", "edgeinfer");
        await machine.Until(["journalctl", "--output=cat", "--unit=edgeinfer"], static said => said.Contains("configuration reloaded: ", StringComparison.Ordinal));
        await machine.Must("systemctl", "kill", "--signal=KILL", "--kill-who=main", "edgeinfer");
        await machine.Until("NRestarts", static count => count == "1");
        await machine.Says("1 of 1 pipeline runs, broker connected");
        await machine.Must("systemctl", "stop", "edgeinfer");
        Assert.Equal(("inactive", "success", "0"), (await machine.Property("ActiveState"), await machine.Property("Result"), await machine.Property("ExecMainStatus")));
    }
}
