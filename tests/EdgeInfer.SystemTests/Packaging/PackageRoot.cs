using System.Globalization;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>A Debian 12 without the package, in which each script starts anew. Made once, and kept in artifacts.</summary>
public sealed class PackageRoot : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan s_building = TimeSpan.FromMinutes(10);

    // Emulation is about a hundred times slower.
    private static readonly TimeSpan s_running = TimeSpan.FromMinutes(5);

    private readonly TestFolder _packages = new();
    private string? _root;
    private string _why = "";

    /// <summary>Makes the root where it is not there, and the packages that scenarios need beside the one under test.</summary>
    public async ValueTask InitializeAsync()
    {
        (_root, _why) = await Make("bookworm", PackageFolder.Architecture);
    }

    /// <summary>Makes a root, or finds it made; null with the reason where that fails, since a fixture cannot skip the tests that it is for.</summary>
    internal static async Task<(string? Root, string Why)> Make(string suite, string architecture)
    {
        // The everyday one is that of the systemd tests.
        string name = suite == "bookworm" && architecture == PackageFolder.Architecture ? "systemd-root" : $"root-{suite}-{architecture}";
        string root = Path.Combine(PublishedBinary.Root, "artifacts", name);
        if (!Environment.IsPrivilegedProcess) return (null, "only root can enter another root file system");
        if (!File.Exists("/usr/bin/mmdebstrap")) return (null, "the program mmdebstrap is not installed");
        await using ChildProcess building = ChildProcess.Start(Path.Combine(PublishedBinary.Root, "tests", "systemd", "root.sh"), [root, suite, architecture]);
        return await building.Exit(s_building) == 0 ? (root, "") : (null, $"{root} was not made: {building.Output}");
    }

    /// <summary>Puts a package into the folder that scripts see as /packages, with another version or version of the state, not compressed.</summary>
    /// <param name="name">The file.</param>
    /// <param name="version">Its version.</param>
    /// <param name="state">The version of the state that its preinst knows.</param>
    internal Task Repack(string name, string version, int? state = null) => PackageFolder.Repack(_packages, (name, version, state));

    /// <summary>Runs a shell script as root in a fresh root; /packages holds what was repacked, and the package under test as edgeinfer.deb.</summary>
    internal async Task<(int ExitCode, string Output)> Run(string script)
    {
        if (_root is null) Peer.Missing(_why);
        string package = _packages["edgeinfer.deb"];
        if (!File.Exists(package)) File.Copy(PackageFolder.Deb(PackageFolder.Architecture), package);
        return await Enter(_root!, _packages.Path, 0, "/bin/sh", "-euc", Prologue + script.ReplaceLineEndings("\n"));
    }

    /// <summary>Runs a command in a root file system that is thrown away, with a folder in it as /packages.</summary>
    internal static async Task<(int ExitCode, string Output)> Enter(string root, string folder, int user, params string[] command)
    {
        await using ChildProcess inside = ChildProcess.Start(
            Path.Combine(PublishedBinary.Root, "tests", "packages", "enter.sh"), [root, folder, user.ToString(CultureInfo.InvariantCulture), .. command]);
        int code = await inside.Exit(s_running);
        return (code, inside.Output);
    }

    // The root leaves out documentation, which is under test here, and the disk is not. What dpkg and adduser keep for themselves is theirs.
    private const string Prologue = """
        install_package() { dpkg --path-include='/usr/share/doc/edgeinfer/*' --force-unsafe-io --install "/packages/$1"; }
        everything() { find / -xdev -path /proc -prune -o -path /packages -prune -o -path /var/lib/dpkg -prune -o -path /var/log -prune -o -path /tmp -prune -o -path /run/adduser -prune -o -print | sort; }

        """;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _packages.Dispose();
}
