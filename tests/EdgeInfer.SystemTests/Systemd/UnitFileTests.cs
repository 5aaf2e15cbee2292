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
    public async Task Systemd_finds_nothing_wrong_with_it(bool hasGpu)
    {
        (int code, string output) = await ChildProcess.Run(Peer.Program("systemd-analyze"), "verify", "--man=no", Installed(hasGpu));
        Assert.True(code == 0, output);
        Assert.DoesNotContain(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line =>
            line.Contains("edgeinfer", StringComparison.Ordinal) && !s_newer.Any(known => line.Contains(known, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Its_exposure_is_at_most_2()
    {
        (int code, string output) = await ChildProcess.Run(Peer.Program("systemd-analyze"), "security", "--offline=true", "--no-pager", "--threshold=20", Installed(hasGpu: false));
        Assert.True(code == 0, output);
    }

    // What an upgrade must not lose without a word; the reasons are in the unit and in docs/service.md.
    [Theory]
    [InlineData("Type=notify")]
    [InlineData("ConditionPathExists=/etc/edgeinfer/edgeinfer.yaml")]
    [InlineData("Restart=always")]
    [InlineData("RestartPreventExitStatus=64 78")]
    [InlineData("StartLimitIntervalSec=0")]
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

    private string Installed(bool hasGpu)
    {
        // The program has to be where the unit says, which on this machine it is not.
        string path = _folder.Write("edgeinfer.service", File.ReadAllText(Unit).Replace("/usr/bin/edgeinfer", PublishedBinary.Path, StringComparison.Ordinal));
        if (hasGpu) _folder.Copy(Gpu, "edgeinfer.service.d/gpu.conf");
        return path;
    }
}
