using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>
/// The package on the oldest system it is for, and the arm64 one under emulation: by flag (EDGEINFER_ROOTS=all), since each root takes minutes.
/// arm64 needs qemu-user-static, registered with the kernel.
/// </summary>
public sealed class OtherSystemTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string, string> Systems => new() { { "bullseye", "amd64" }, { "bullseye", "arm64" }, { "bookworm", "arm64" } };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Systems))]
    public async Task It_installs_infers_as_on_this_machine_and_goes_without_a_trace(string suite, string architecture)
    {
        if (Environment.GetEnvironmentVariable("EDGEINFER_ROOTS") != "all") Assert.Skip("only with EDGEINFER_ROOTS=all: it makes a root file system for each");
        if (architecture != PackageFolder.Architecture && !File.Exists("/proc/sys/fs/binfmt_misc/qemu-aarch64"))
            Assert.Skip("arm64 programs are not started here; install qemu-user-static and binfmt-support");
        (string? root, string why) = await PackageRoot.Make(suite, architecture);
        if (root is null) Peer.Missing(why);
        _folder.Copy(PackageFolder.Deb(architecture), "edgeinfer.deb");
        (int code, string output) = await PackageRoot.Enter(root!, _folder.Path, 0, "/bin/sh", "-euc", """
            dpkg --path-include='/usr/share/doc/edgeinfer/*' --force-unsafe-io --install /packages/edgeinfer.deb > /dev/null
            edgeinfer --version
            cp /usr/share/doc/edgeinfer/examples/edgeinfer.yaml /etc/edgeinfer/
            edgeinfer check
            readlink /etc/systemd/system/multi-user.target.wants/edgeinfer.service
            edgeinfer predict parts-detector /usr/share/edgeinfer/models/parts-detector/golden/belt-27.jpg --json
            dpkg --purge edgeinfer > /dev/null
            ls -d /etc/edgeinfer /var/lib/edgeinfer /usr/lib/edgeinfer 2> /dev/null || echo nothing left
            getent passwd edgeinfer || echo nobody left
            """);
        Assert.True(code == 0, output);
        Assert.Contains(PackageFolder.Version, output, StringComparison.Ordinal);
        Assert.Contains("/lib/systemd/system/edgeinfer.service", output, StringComparison.Ordinal);
        Assert.EndsWith("nothing left\nnobody left", output, StringComparison.Ordinal);

        (_, string native) = await AgentProcess.Run("predict", TestFolder.BundledModel, Path.Combine(TestFolder.BundledModel, "golden", "belt-27.jpg"), "--json");
        Assert.Equal(Found(native), Found(output));
    }

    // Labels and boxes to a pixel; the scores of two processors differ in their last digits.
    private static string Found(string output)
    {
        JsonElement result = AgentProcess.Payload(Assert.Single(output.Split('\n'), line => line.StartsWith('{')));
        return string.Join('\n', result.GetProperty("detections").EnumerateArray()
            .Select(d => d.GetProperty("label").GetString() + " " + string.Join(' ', d.GetProperty("box").EnumerateArray().Select(v => Math.Round(v.GetDouble()))))
            .Order());
    }
}
