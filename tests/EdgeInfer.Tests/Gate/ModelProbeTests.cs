using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Diagnosis;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Tests.Gate;

/// <summary>A probe played by a shell: whatever it does, the agent has a verdict and the child is gone.</summary>
public sealed class ModelProbeTests : IDisposable
{
    private static readonly Model s_model = ModelLoader.Load(Path.Combine(RepositoryFolder.Root, "models", "parts-detector"));
    private static readonly GoldenResult s_bolt = Golden.Boxes(Golden.Box("bolt", 0.9, 10));
    private static readonly string s_begin = Line(new ProbeBegins("loading the model")), s_result = Line(new ProbeResult(0, s_bolt)), s_end = Line(new ProbeTimes(60, 12.5, 9.5, 1 << 20)) + Line(new ProbeEnds());

    private readonly FakeSystem _system = new();

    public void Dispose() => _system.Dispose();

    [Fact]
    public void A_sound_probe_passes()
    {
        ProbePassed passed = Assert.IsType<ProbePassed>(Run(s_begin + Line(new ProbeLoaded("cpu", 40)) + s_result + s_end));
        Assert.Equal(("cpu", 1, 12.5), (passed.Figures.Provider, passed.Figures.Agreeing, passed.Figures.P95Milliseconds));
    }

    [Fact]
    public void It_is_asked_on_its_standard_input_for_all_that_it_is_to_do()
    {
        string file = Path.Combine(_system.Files.At("/"), "request");
        Run($"cat > '{file}'; echo \"$*\" > '{file}.arguments'");
        ProbeRequest request = ProbeRequest.Parse(File.ReadAllBytes(file));
        Assert.Equal(s_model.Path, request.Folder);
        Assert.Equal(new ProbeInput("golden/0.jpg", (double)s_model.Threshold - 0.1), Assert.Single(request.Inputs));
        Assert.Equal("--probe-model\n", File.ReadAllText(file + ".arguments"));
    }

    [Fact]
    public void A_wrong_result_fails_before_the_child_has_ended()
        => Failed(UpdateCode.Golden, "golden/0.jpg: expected bolt", Run(Line(new ProbeResult(0, Golden.Boxes())) + "exec sleep 1000"));

    [Theory]
    [InlineData("kill -SEGV $$", "the probe ended with SIGSEGV: it touched memory that is not its own")]
    [InlineData("kill -ILL $$", "the probe ended with SIGILL: it is built for a newer processor")]
    [InlineData("echo 'terminate called' >&2; kill -ABRT $$", "the probe ended with SIGABRT: it gave up, while loading the model: terminate called")]
    [InlineData("kill -KILL $$", "the probe was killed (SIGKILL)")]
    [InlineData("exit 70", "the probe ended the process with exit code 70, while loading the model")]
    [InlineData("exit 0", "the probe ended while loading the model")]
    public void Death_is_a_crash(string death, string what) => Failed(UpdateCode.Crash, what, Run(s_begin + death));

    [Fact]
    public void Death_after_the_end_is_a_crash_too() => Failed(UpdateCode.Crash, "the probe ended with SIGSEGV", Run(s_result + s_end + "kill -SEGV $$"));

    [Theory]
    [InlineData("echo \"terminate called after throwing an instance of 'std::bad_alloc'\" >&2; kill -ABRT $$")]
    [InlineData("echo 'Out of memory.' >&2; exit 134")]
    public void Death_of_an_allocation_that_failed_is_lack_of_memory(string death) => Failed(UpdateCode.Memory, "the probe ended", Run(s_begin + death));

    [Fact]
    public void A_child_that_the_kernel_killed_for_memory_is_lack_of_memory()
    {
        _system.With("/proc/vmstat", "pgfault 7\noom_kill 3\n");
        string vmstat = _system.Files.At("/proc/vmstat");
        Failed(UpdateCode.Memory, "the probe was killed (SIGKILL)", Run(s_begin + $"printf 'oom_kill 4\\n' > '{vmstat}'; kill -KILL $$"));
        Failed(UpdateCode.Crash, "the probe was killed (SIGKILL)", Run(s_begin + "kill -KILL $$"));
    }

    [Fact]
    public void A_child_that_grows_beyond_its_limit_is_killed_by_the_agent()
    {
        ProbeFailed failed = Failed(UpdateCode.Memory, "loading the model took ", Run(s_begin + "exec 3>&1 dd if=/dev/zero of=/dev/null bs=300000000", new() { RssBytes = 96L << 20 }, files: new()));
        Assert.InRange(failed.Figures.PeakRssBytes!.Value, 96L << 20, 1L << 30);
        Assert.EndsWith("more than the 96 MiB that the probe may have", failed.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trap '' TERM; while :; do :; done")]
    [InlineData("exec sleep 1000")]
    [InlineData("while :; do echo working; done")]
    public void A_child_that_does_not_come_to_its_end_hangs(string script)
        => Failed(UpdateCode.Hang, "loading the model was not over 2 s after the probe's start: waiting for the card", Run("echo 'waiting for the card' >&2; " + s_begin + script, deadline: TimeSpan.FromSeconds(2)));

    [Fact]
    public void A_child_that_closes_its_output_and_goes_on_hangs()
        => Failed(UpdateCode.Hang, "the probe closed its output while loading the model, and did not end", Run(s_begin + "exec >&-; trap '' TERM; while :; do :; done"));

    [Fact]
    public void A_child_that_says_too_much_is_not_listened_to()
        => Failed(UpdateCode.Crash, "the probe says more than anybody listens to, while loading the model", Run(s_begin + "exec cat /dev/zero"));

    [Fact]
    public void Lines_that_are_none_are_passed_over()
        => Assert.IsType<ProbePassed>(Run("echo 'a library that prints'; echo '{}'; " + s_begin + s_result + s_end));

    [Fact]
    public void A_child_that_cannot_be_started_says_nothing_of_the_model()
        => Assert.StartsWith("the probe cannot be started: ", Assert.IsType<ProbeWaits>(new ModelProbe(["/nowhere/edgeinfer"], _system.Files, TimeProvider.System).Run(Job(), CancellationToken.None)).Why, StringComparison.Ordinal);

    [Fact]
    public void Too_little_free_memory_waits_and_starts_nothing()
    {
        _system.With("/proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 100000 kB\n");
        string file = Path.Combine(_system.Files.At("/"), "started");
        Assert.StartsWith("97.7 MiB of memory are free", Assert.IsType<ProbeWaits>(Run($"touch '{file}'")).Why, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void A_stop_ends_the_child()
    {
        using CancellationTokenSource stop = new();
        string file = Path.Combine(_system.Files.At("/"), "pid");
        Task<ProbeVerdict> running = Probe($"echo $$ > '{file}.new'; mv '{file}.new' '{file}'; exec sleep 1000").RunAsync(Job(), stop.Token);
        Assert.True(SpinWait.SpinUntil(() => File.Exists(file), TimeSpan.FromSeconds(30)));
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => running.GetAwaiter().GetResult());
        Assert.False(Directory.Exists($"/proc/{File.ReadAllText(file).Trim()}"));
    }

    [Fact]
    public void The_child_gives_way_and_has_nothing_of_the_agents_but_what_it_needs()
    {
        string file = Path.Combine(_system.Files.At("/"), "self");
        Environment.SetEnvironmentVariable("EDGEINFER__mqtt__password", "secret");
        Environment.SetEnvironmentVariable("AGENT_SECRET", "secret");
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", "/run/systemd/notify");
        // Unlike anything that .NET opens, this is not close-on-exec.
        using SafeFileHandle inherited = new(SelfLimits.Duplicate(0), ownsHandle: true);
        try
        {
            // Read twice: the first lines may come before the agent has asked for the priority. A shell keeps its own output aside, as a descriptor more, while a command has another: not for one in a subshell.
            Run($"sleep 0.3; (ls /proc/$$/fd > '{file}.descriptors'); {{ cat /proc/$$/oom_score_adj; cut -d' ' -f19 /proc/$$/stat; tr '\\0' '\\n' < /proc/$$/environ; }} > '{file}'");
        }
        finally
        {
            foreach (string name in (string[])["EDGEINFER__mqtt__password", "AGENT_SECRET", "NOTIFY_SOCKET"]) Environment.SetEnvironmentVariable(name, null);
        }

        string[] said = File.ReadAllLines(file);
        Assert.Equal(["1000", "10"], said[..2]);
        Assert.Equal(["0", "1", "2"], File.ReadAllLines($"{file}.descriptors"));
        Assert.Contains(said, static l => l.StartsWith("PATH=", StringComparison.Ordinal));
        Assert.DoesNotContain(said, static l => l.Contains("secret", StringComparison.Ordinal) || l.Contains("NOTIFY_SOCKET", StringComparison.Ordinal));
    }

    private ModelProbe Probe(string script, SystemFiles? files = null) => new(["/bin/sh", "-c", script, "probe"], files ?? _system.Files, TimeProvider.System);

    private ProbeVerdict Run(string script, GateLimits? limits = null, TimeSpan? deadline = null, SystemFiles? files = null)
        => Probe(script, files).Run(Job() with { Limits = limits ?? new(), Deadline = deadline ?? TimeSpan.FromSeconds(60) }, CancellationToken.None);

    private static ProbeJob Job() => new(s_model, new([new("golden/0.jpg", s_bolt, null)]), new RuntimeOptions(), new());

    // As the shell prints it.
    private static string Line(ProbeMessage message) => $"printf '%s\\n' '{Encoding.UTF8.GetString(message.Encode()).TrimEnd('\n')}'\n";

    private static ProbeFailed Failed(UpdateCode code, string what, ProbeVerdict verdict)
    {
        ProbeFailed failed = Assert.IsType<ProbeFailed>(verdict);
        Assert.True(failed.Code == code && failed.What.StartsWith(what, StringComparison.Ordinal), $"{failed.Code}: {failed.What}");
        return failed;
    }
}
