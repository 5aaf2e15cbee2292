using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>The unit as systemd's own tools judge it, without a container.</summary>
public sealed class UnitFileTests : IDisposable
{
    // Known from systemd 254 on; an older one says that it ignores them.
    private static readonly string[] s_newer = ["Unknown key 'RestartSteps'", "Unknown key 'RestartMaxDelaySec'", "Unknown key name 'RestartSteps'", "Unknown key name 'RestartMaxDelaySec'"];

    private readonly TestFolder _folder = new();

    private static string Unit => Path.Combine(PublishedBinary.Root, "packaging", "edgeinfer.service");

    private static string Gpu => Path.Combine(PublishedBinary.Root, "packaging", "edgeinfer-gpu.conf");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Systemd_finds_nothing_wrong_with_it(bool hasGpu) => Assert.Empty(await Faults(Installed(File.ReadAllText(Unit), hasGpu)));

    [Theory]
    [InlineData("ProtectSystem=strict", "ProtectSytem=strict")]
    [InlineData("WatchdogSec=60s", "WatchdogSec=a minute")]
    [InlineData("Type=notify", "Type=notified")]
    [InlineData("ExecStart=", "ExecStart=relative ")]
    public async Task Systemd_would_find_what_is_misspelt(string right, string wrong)
        => Assert.NotEmpty(await Faults(Installed(File.ReadAllText(Unit).Replace("\n" + right, "\n" + wrong, StringComparison.Ordinal))));

    [Fact]
    public async Task Its_exposure_is_at_most_2()
    {
        (int code, string output) = await Exposure(File.ReadAllText(Unit));
        Assert.True(code == 0, output);
    }

    [Theory]
    [InlineData("NoNewPrivileges=yes")]
    [InlineData("CapabilityBoundingSet=")]
    [InlineData("SystemCallFilter=@system-service")]
    [InlineData("DevicePolicy=closed")]
    public async Task Its_exposure_is_more_without(string line)
    {
        (int code, string output) = await Exposure(File.ReadAllText(Unit).Replace($"\n{line}\n", "\n", StringComparison.Ordinal));
        Assert.True(code != 0, output);
    }

    // What an upgrade must not lose without a word; the reasons are in the unit and in docs/service.md.
    [Theory]
    [InlineData("Type=notify")]
    [InlineData("ConditionPathExists=/etc/edgeinfer/edgeinfer.yaml")]
    [InlineData("Restart=always")]
    [InlineData("RestartPreventExitStatus=64 78")]
    [InlineData("StartLimitIntervalSec=0")]
    [InlineData("RestartSec=5s")]
    [InlineData("RestartMaxDelaySec=2min")]
    [InlineData("TimeoutStartSec=90s")]
    [InlineData("ExecReload=/bin/kill -HUP $MAINPID")]
    [InlineData("MemoryMax=80%")]
    [InlineData("WatchdogSec=60s")]
    [InlineData("RuntimeDirectoryPreserve=yes")]
    [InlineData("OOMPolicy=continue")]
    [InlineData("LimitCORE=0")]
    [InlineData("Environment=ORT_DISABLE_TELEMETRY=1")]
    [InlineData("User=edgeinfer")]
    [InlineData("NoNewPrivileges=yes")]
    [InlineData("CapabilityBoundingSet=")]
    [InlineData("ProtectSystem=strict")]
    [InlineData("ProtectHome=yes")]
    [InlineData("PrivateTmp=yes")]
    [InlineData("DevicePolicy=closed")]
    [InlineData("MemoryDenyWriteExecute=yes")]
    [InlineData("RestrictNamespaces=yes")]
    [InlineData("SystemCallArchitectures=native")]
    [InlineData("SystemCallFilter=~@privileged @resources")]
    [InlineData("SystemCallFilter=sched_setaffinity setrlimit prlimit64 adjtimex clock_adjtime clock_adjtime64")]
    [InlineData("SystemCallErrorNumber=EPERM")]
    public void It_says(string line) => Assert.Contains(line, File.ReadAllLines(Unit));

    // ProcSubset=pid hides the processor's features from ONNX Runtime on arm64, ProtectClock= whether the clock is synchronised; a secret that is absent ends the unit.
    [Theory]
    [InlineData("ProcSubset=")]
    [InlineData("ProtectClock=")]
    [InlineData("PrivateDevices=")]
    [InlineData("LoadCredential=")]
    public void It_does_not_say(string key) => Assert.DoesNotContain(File.ReadAllLines(Unit), line => line.StartsWith(key, StringComparison.Ordinal));

    public void Dispose() => _folder.Dispose();

    private static Task<(int ExitCode, string Output)> Analyse(params string[] arguments) => ChildProcess.Run(Peer.Program("systemd-analyze"), arguments);

    private static async Task<string[]> Faults(string path)
    {
        (int code, string output) = await Analyse("verify", "--man=no", path);
        string[] faults = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line =>
            line.Contains("edgeinfer", StringComparison.Ordinal) && !s_newer.Any(known => line.Contains(known, StringComparison.Ordinal)))];
        return code == 0 ? faults : [$"it ended with {code}: {output}", .. faults];
    }

    private Task<(int ExitCode, string Output)> Exposure(string unit) => Analyse("security", "--offline=true", "--no-pager", "--threshold=20", Installed(unit));

    private string Installed(string unit, bool hasGpu = false)
    {
        // The program has to be where the unit says, which on this machine it is not.
        string path = _folder.Write("edgeinfer.service", unit.Replace("/usr/bin/edgeinfer", PublishedBinary.Path, StringComparison.Ordinal));
        if (hasGpu) _folder.Copy(Gpu, "edgeinfer.service.d/gpu.conf");
        return path;
    }
}
