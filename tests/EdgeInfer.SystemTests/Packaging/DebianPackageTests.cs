using System.Globalization;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>What is in the Debian packages, by dpkg-deb and lintian.</summary>
public sealed class DebianPackageTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string> Architectures => ["amd64", "arm64"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Architectures))]
    public async Task Lintian_finds_nothing(string architecture)
    {
        string package = PackageFolder.Deb(architecture);
        (int code, string output) = await ChildProcess.Run(Peer.Program("lintian"), "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", package);
        Assert.True(code == 0 && output.Length == 0, output);
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public async Task Every_file_is_roots_where_it_belongs_and_writable_by_nobody_else(string architecture)
    {
        string[] lines = (await PackageFolder.Run("dpkg-deb", "--contents", PackageFolder.Deb(architecture))).Split('\n');
        Dictionary<string, string> modes = [];
        foreach (string line in lines)
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal("root/root", fields[1]);
            modes.Add(fields[5], fields[0]);
        }

        string[] programs = [.. modes.Where(m => m.Value[0] == '-' && m.Value != "-rw-r--r--").Select(m => m.Key)];
        Assert.Equal(["./usr/lib/edgeinfer/edgeinfer"], programs);
        Assert.Equal("-rwxr-xr-x", modes["./usr/lib/edgeinfer/edgeinfer"]);
        Assert.All(modes.Where(m => m.Value[0] == 'd'), m => Assert.Equal("drwxr-xr-x", m.Value));
        Assert.Contains("./usr/bin/edgeinfer -> ../lib/edgeinfer/edgeinfer", string.Join('\n', lines), StringComparison.Ordinal);
        string[] expected =
        [
            "./lib/systemd/system/edgeinfer.service", "./usr/lib/edgeinfer/libonnxruntime.so", "./usr/share/bash-completion/completions/edgeinfer",
            "./usr/share/doc/edgeinfer/NOTICES.gz", "./usr/share/doc/edgeinfer/changelog.gz", "./usr/share/doc/edgeinfer/copyright",
            "./usr/share/doc/edgeinfer/examples/edgeinfer.yaml", "./usr/share/edgeinfer/models/parts-detector/labels.txt",
            "./usr/share/edgeinfer/models/parts-detector/model.onnx", "./usr/share/edgeinfer/models/parts-detector/model.yaml",
            "./usr/share/fish/vendor_completions.d/edgeinfer.fish", "./usr/share/man/man1/edgeinfer.1.gz", "./usr/share/zsh/vendor-completions/_edgeinfer",
        ];
        Assert.All(expected, file => Assert.Equal("-rw-r--r--", modes.GetValueOrDefault(file, $"{file} is missing")));
        Assert.DoesNotContain(modes.Keys, file => file.StartsWith("./etc/", StringComparison.Ordinal) || file.StartsWith("./var/", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public async Task It_asks_for_what_it_needs_and_for_nothing_more(string architecture)
    {
        string package = PackageFolder.Deb(architecture);
        Assert.Equal(PackageFolder.Version, await PackageFolder.Run("dpkg-deb", "--field", package, "Version"));
        Assert.Equal(architecture, await PackageFolder.Run("dpkg-deb", "--field", package, "Architecture"));
        Assert.Equal(
            ["adduser", "libc6 (>= 2.31)", "libgcc-s1", "libssl3 | libssl1.1 | libssl3t64", "libstdc++6 (>= 6)"],
            (await PackageFolder.Run("dpkg-deb", "--field", package, "Depends")).Split(", "));
        Assert.Equal("ca-certificates, ffmpeg", await PackageFolder.Run("dpkg-deb", "--field", package, "Recommends"));
        string scripts = await PackageFolder.Run("dpkg-deb", "--info", package);
        Assert.DoesNotContain("conffiles", scripts, StringComparison.Ordinal);

        // The budget for everything installed, in KiB.
        int installed = int.Parse(await PackageFolder.Run("dpkg-deb", "--field", package, "Installed-Size"), CultureInfo.InvariantCulture);
        Assert.InRange(installed, 30_000, 66_000_000 / 1024);
    }

    [Fact]
    public async Task What_its_pages_lead_to_is_in_it()
    {
        await PackageFolder.Run("dpkg-deb", "--extract", PackageFolder.Deb(PackageFolder.Architecture), _folder["tree"]);
        Assert.Empty(PackageFolder.DeadLinks(_folder["tree/usr/share/doc/edgeinfer"], _folder["tree"]));
    }

    [Fact]
    public async Task The_same_input_gives_the_same_bytes()
    {
        string name = $"edgeinfer_{PackageFolder.Version}_{PackageFolder.Architecture}.deb";
        byte[] first = await File.ReadAllBytesAsync(PackageFolder.File(name));
        await PackageFolder.Run("bash", Path.Combine(PublishedBinary.Root, "packaging", "deb.sh"), PublishedBinary.Rid, _folder.Path);
        byte[] second = await File.ReadAllBytesAsync(_folder[name]);
        Assert.True(first.AsSpan().SequenceEqual(second), "a second build of the package has other bytes");
    }

    [Fact]
    public async Task Its_scripts_are_plain_shell_and_know_the_version_of_the_state()
    {
        await PackageFolder.Run("dpkg-deb", "--control", PackageFolder.Deb(PackageFolder.Architecture), _folder["control"]);
        foreach (string script in (string[])["preinst", "postinst", "prerm", "postrm"])
        {
            Assert.StartsWith("#!/bin/sh\n", await File.ReadAllTextAsync(_folder["control/" + script]), StringComparison.Ordinal);
            await PackageFolder.Run("dash", "-n", _folder["control/" + script]);
        }

        string version = EdgeInfer.Durability.StateVersion.Current.ToString(CultureInfo.InvariantCulture);
        Assert.Contains($"\nknows={version}\n", await File.ReadAllTextAsync(_folder["control/preinst"]), StringComparison.Ordinal);
    }
}
