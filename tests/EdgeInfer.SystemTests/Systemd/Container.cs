using System.Diagnostics;
using System.Globalization;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>
/// A container with a systemd of its own, in which the published program is installed as docs/service.md does it by hand. Its network is
/// its own loopback; a mosquitto lies ready there. Skips the test where no container can be had, fails it in CI.
/// </summary>
internal sealed class Container : IAsyncDisposable
{
    /// <summary>Where the unit looks for its configuration.</summary>
    public const string ConfigurationFile = "/etc/edgeinfer/edgeinfer.yaml";

    private static readonly SemaphoreSlim s_building = new(1);
    private static readonly TimeSpan s_patienceWithBuild = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(200);

    private readonly TestFolder _layer;
    private readonly ChildProcess _boot;

    // How long an answer or a command may take.
    private readonly TimeSpan _patience;

    private Container(TestFolder layer, ChildProcess boot, TimeSpan patience) => (_layer, _boot, _patience) = (layer, boot, patience);

    private static string Scripts => Path.Combine(PublishedBinary.Root, "tests", "systemd");

    /// <summary>Boots it; the agent is enabled and starts with the machine where there is a configuration.</summary>
    /// <param name="configuration">edgeinfer.yaml; null for none.</param>
    /// <param name="dropIn">What lies over [Service] of the unit.</param>
    /// <param name="more">More files: path in the container, and text.</param>
    /// <param name="binds">More of this machine that is seen in the container, read-only: SOURCE:TARGET.</param>
    public static async Task<Container> Boot(string? configuration, string dropIn = "", (string Path, string Text)[]? more = null, string[]? binds = null)
    {
        string root = await Root();
        TestFolder layer = new();
        layer.Copy(Path.Combine(PublishedBinary.Root, "packaging", "edgeinfer.service"), "etc/systemd/system/edgeinfer.service");
        layer.Write("etc/systemd/system/edgeinfer.service.d/test.conf", $"[Service]\n{dropIn}\n");
        layer.Write("etc/sysusers.d/edgeinfer.conf", "u edgeinfer - \"EdgeInfer\" /var/lib/edgeinfer\n");
        Directory.CreateDirectory(layer["etc/systemd/system/multi-user.target.wants"]);
        File.CreateSymbolicLink(layer["etc/systemd/system/multi-user.target.wants/edgeinfer.service"], "/etc/systemd/system/edgeinfer.service");
        Directory.CreateDirectory(layer["usr/bin"]);
        File.CreateSymbolicLink(layer["usr/bin/edgeinfer"], "../lib/edgeinfer/edgeinfer");
        if (configuration is not null) layer.Write(ConfigurationFile[1..], configuration);
        foreach ((string path, string text) in more ?? []) layer.Write(path.TrimStart('/'), text);
        foreach (string folder in Directory.EnumerateDirectories(layer.Path, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return await Start(root, layer, [$"{Path.GetDirectoryName(PublishedBinary.Path)}:/usr/lib/edgeinfer", .. binds ?? []]);
    }

    /// <summary>Boots it without the program.</summary>
    /// <param name="packages">A folder of this machine that is seen as /packages.</param>
    public static async Task<Container> Bare(string packages) => await Start(await Root(), new TestFolder(), [$"{packages}:/packages"]);

    /// <summary>Boots another root file system without the program, whose processor may be emulated.</summary>
    /// <param name="root">As tests/systemd/root.sh makes it.</param>
    /// <param name="packages">A folder of this machine that is seen as /packages.</param>
    /// <param name="patience">How long an answer or a command may take in it.</param>
    public static Task<Container> Foreign(string root, string packages, TimeSpan patience) => Start(root, new TestFolder(), [$"{packages}:/packages"], patience);

    private static async Task<Container> Start(string root, TestFolder layer, string[] binds, TimeSpan? patience = null)
    {
        Container container = new(layer, ChildProcess.Start(Path.Combine(Scripts, "boot.sh"), [root, layer.Path, .. binds]), patience ?? ChildProcess.Patience);
        await container.Until(["systemctl", "is-system-running"], static said => said.StartsWith("running", StringComparison.Ordinal) || said.StartsWith("degraded", StringComparison.Ordinal));
        return container;
    }

    /// <summary>Runs a program inside, to its end.</summary>
    public async Task<(int ExitCode, string Output)> Run(params string[] command)
    {
        await using ChildProcess inside = Start(command);
        int code = await inside.Exit(_patience);
        return (code, inside.Output);
    }

    /// <summary>Runs a program inside that has to succeed, and gives what it printed.</summary>
    public async Task<string> Must(params string[] command)
    {
        (int code, string output) = await Run(command);
        Assert.True(code == 0, $"{string.Join(' ', command)} ended with {code}: {output}\n{await Journal()}");
        return output;
    }

    /// <summary>Starts a program inside that goes on.</summary>
    public ChildProcess Start(params string[] command) => ChildProcess.Start(Path.Combine(Scripts, "enter.sh"), [Boots, .. command]);

    /// <summary>The journal of the agent's unit from the first line on, and on.</summary>
    public ChildProcess Follow() => Start("journalctl", "--follow", "--lines=all", "--output=cat", "--unit=edgeinfer");

    /// <summary>Asks again and again until the answer is as wanted.</summary>
    public async Task<string> Until(string[] command, Func<string, bool> isWanted)
    {
        Stopwatch waited = Stopwatch.StartNew();
        using PeriodicTimer timer = new(s_glance);
        while (true)
        {
            (_, string said) = await Run(command);
            if (isWanted(said)) return said;
            if (_boot.HasExited || waited.Elapsed > _patience) Assert.Fail($"{string.Join(' ', command)} said last: {said}\n{_boot.Output}\n{(_boot.HasExited ? "" : await Journal())}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>A property of the agent's unit.</summary>
    public async Task<string> Property(string name) => (await Must("systemctl", "show", "edgeinfer", "--property", name, "--value")).Trim();

    /// <summary>Waits until a property of the agent's unit is as wanted.</summary>
    public Task<string> Until(string property, Func<string, bool> isWanted)
        => Until(["systemctl", "show", "edgeinfer", "--property", property, "--value"], said => isWanted(said.Trim()));

    /// <summary>Waits until the line that the agent tells the service manager holds a text.</summary>
    public Task<string> Says(string text) => Until("StatusText", said => said.Contains(text, StringComparison.Ordinal));

    /// <summary>Writes a file inside.</summary>
    public Task Write(string path, string text) => Must("sh", "-c", "printf %s \"$1\" > \"$0\"", path, text);

    /// <summary>The process id of the agent, inside.</summary>
    public async Task<int> Process() => int.Parse(await Property("MainPID"), CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _ = await _boot.Terminate(ChildProcess.Patience);
        await _boot.DisposeAsync();
        _layer.Dispose();
    }

    private string Boots => _boot.Id.ToString(CultureInfo.InvariantCulture);

    private async Task<string> Journal() => (await Run("journalctl", "--output=cat", "--unit=edgeinfer", "--lines=60")).Output;

    /// <summary>The root file system, built at the first call; it stays with the artifacts.</summary>
    private static async Task<string> Root()
    {
        if (Environment.UserName != "root") Peer.Missing("a container can only be started by root");
        foreach (string program in new[] { "systemd-nspawn", "mmdebstrap", "unshare", "nsenter" }) Peer.Program(program);
        string root = Path.Combine(PublishedBinary.Root, "artifacts", "systemd-root");
        await s_building.WaitAsync();
        try
        {
            await using ChildProcess build = ChildProcess.Start(Path.Combine(Scripts, "root.sh"), [root]);
            if (await build.Exit(s_patienceWithBuild) != 0) Peer.Missing($"no root file system for a container: {build.Output}");
            return root;
        }
        finally
        {
            s_building.Release();
        }
    }
}
