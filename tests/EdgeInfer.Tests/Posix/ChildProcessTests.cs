using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Tests.Posix;

public sealed partial class ChildProcessTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void Output_comes_whole_and_then_ends_with_the_exit_code()
    {
        using ChildProcess child = Shell("printf 'hello '; printf world; exit 3");
        Assert.Equal("hello world", ReadAll(child));
        ChildExit exit = child.AwaitExit(s_patience);
        Assert.Equal(3, exit.Code);
        Assert.Equal("ended with exit code 3", exit.ToString());
    }

    [Fact]
    public void Input_larger_than_any_pipe_is_fed_while_the_output_is_read()
    {
        byte[] input = new byte[1 << 20];
        new Random(1).NextBytes(input);
        using ChildProcess child = ChildProcess.Start(new(["cat"]) { Input = input }, TimeProvider.System);
        Assert.Equal(input, ReadBytes(child));
        Assert.True(child.AwaitExit(s_patience).IsSuccess);
    }

    [Fact]
    public void A_command_that_does_not_read_its_input_ends_as_it_likes()
    {
        using ChildProcess child = ChildProcess.Start(new(["true"]) { Input = new byte[1 << 20] }, TimeProvider.System);
        Assert.Empty(ReadBytes(child));
        Assert.True(child.AwaitExit(s_patience).IsSuccess);
    }

    [Fact]
    public void A_command_without_input_reads_its_end_at_once()
    {
        using ChildProcess child = Shell("wc -c");
        Assert.Equal("0", ReadAll(child).Trim());
    }

    [Fact]
    public void A_silent_command_is_waited_for_no_longer_than_asked()
    {
        using ChildProcess child = ChildProcess.Start(new(["sleep", "1000"]), TimeProvider.System);
        Assert.Equal(ChildRead.TimedOut, child.Read(new byte[10], s_soon, out _));
        ChildExit exit = child.Stop();
        Assert.Equal(15, exit.Signal);
        Assert.Equal("was ended by SIGTERM", exit.ToString());
    }

    [Fact]
    public void A_command_that_chatters_on_standard_error_alone_is_silent_all_the_same()
    {
        using ChildProcess child = Shell("while :; do echo working >&2; done");
        Assert.Equal(ChildRead.TimedOut, child.Read(new byte[10], TimeSpan.FromMilliseconds(200), out _));
        Assert.Equal("working", child.Errors.LastLine);
    }

    [Fact]
    public void Another_thread_ends_the_wait_for_good()
    {
        using ChildProcess child = ChildProcess.Start(new(["sleep", "1000"]), TimeProvider.System);
        Thread waker = new(child.Wake);
        waker.Start();
        Assert.Equal(ChildRead.Woken, child.Read(new byte[10], s_patience, out _));
        Assert.Equal(ChildRead.Woken, child.Read(new byte[10], s_patience, out _));
        waker.Join();
    }

    [Fact]
    public void A_command_that_ignores_being_asked_is_killed_after_its_grace()
    {
        using ChildProcess child = Start("trap '' TERM; echo ready; while :; do sleep 0.05; done", new() { Grace = TimeSpan.FromMilliseconds(200) });
        AwaitLine(child);
        Stopwatch took = Stopwatch.StartNew();
        Assert.Equal(9, child.Stop().Signal);
        Assert.InRange(took.Elapsed.TotalSeconds, 0.19, 20);
    }

    [Fact]
    public void A_command_that_wants_an_interrupt_gets_one_and_its_last_words_are_kept()
    {
        using ChildProcess child = Start("trap 'echo bye >&2; exit 7' INT; echo ready; while :; do sleep 0.05; done", new() { Signal = StopSignal.Interrupt });
        AwaitLine(child);
        Assert.Equal(7, child.Stop().Code);
        Assert.Equal("bye", child.Errors.LastLine);
    }

    [Fact]
    public void A_command_that_is_stuck_in_its_output_still_ends_by_itself_when_asked()
    {
        using ChildProcess child = Start("trap 'head -c 300000 /dev/zero; exit 5' TERM; echo ready; while :; do sleep 0.05; done", new() { Grace = s_patience });
        AwaitLine(child);
        Assert.Equal(5, child.Stop().Code);
    }

    [Fact]
    public void Standard_error_never_holds_a_command_up_and_its_last_lines_are_kept()
    {
        using ChildProcess child = Shell("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo 'the end' >&2; echo done");
        Assert.Equal("done\n", ReadAll(child));
        child.AwaitExit(s_patience);
        Assert.Equal(1000000 + 1 + 8, child.Errors.Bytes);
        Assert.Equal(2, child.Errors.LineCount);
        Assert.Equal("the end", child.Errors.LastLine);
    }

    [Fact]
    public void A_whole_pipeline_of_a_shell_ends_with_it()
    {
        using ChildProcess child = Start("echo ready; sleep 1000 | sleep 1000", new());
        AwaitLine(child);
        int group = child.Id;
        child.Stop();
        ProcessTable.AwaitEndOfGroup(group, s_patience);
    }

    [Fact]
    public void What_a_command_leaves_behind_in_the_background_ends_with_it()
    {
        using ChildProcess child = Shell("sleep 1000 >/dev/null 2>&1 & echo $!");
        ReadAll(child);
        int group = child.Id;
        Assert.True(child.AwaitExit(s_patience).IsSuccess);
        ProcessTable.AwaitEndOfGroup(group, s_patience);
    }

    [Fact]
    public void A_command_starts_with_no_signal_blocked_or_ignored()
    {
        using ChildProcess child = ChildProcess.Start(new(["cat", "/proc/self/status"]), TimeProvider.System);
        string[] lines = ReadAll(child).Split('\n');
        Assert.Contains("SigBlk:\t0000000000000000", lines);
        Assert.Contains("SigIgn:\t0000000000000000", lines);
    }

    [Fact]
    public void A_command_inherits_no_open_file()
    {
        // Unlike anything that .NET opens, this is not close-on-exec.
        using SafeFileHandle careless = new(Duplicate(0), ownsHandle: true);
        using ChildProcess child = ChildProcess.Start(new(["ls", "/proc/self/fd"]), TimeProvider.System);
        // The fourth is the folder that ls lists.
        Assert.Equal(["0", "1", "2", "3"], ReadAll(child).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void A_hundred_starts_and_stops_leave_nothing_behind()
    {
        int files = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        int threads = Directory.GetDirectories("/proc/self/task").Length;
        for (int i = 0; i < 100; i++)
        {
            using ChildProcess child = Start("echo ready; sleep 1000 | sleep 1000", new() { Input = "x"u8.ToArray() });
            AwaitLine(child);
            child.Stop();
            Assert.False(Directory.Exists($"/proc/{child.Id}"), "the child was not reaped");
        }

        // Other tests of this process come and go; a leak would be a hundred at least.
        Assert.InRange(Directory.GetFileSystemEntries("/proc/self/fd").Length - files, -1000, 50);
        Assert.InRange(Directory.GetDirectories("/proc/self/task").Length - threads, -1000, 50);
    }

    [Fact]
    public void A_command_dies_with_the_thread_that_started_it()
    {
        if (ProgramPath.Find("setpriv") is null) Assert.Skip("setpriv (util-linux) is not installed");
        ChildProcess? child = null;
        Thread starter = new(() =>
        {
            child = Shell("echo ready; exec sleep 1000");
            AwaitLine(child);
        });
        starter.Start();
        starter.Join();
        using (child)
        {
            Assert.Equal(ChildRead.End, child!.Read(new byte[10], s_patience, out _));
            Assert.Equal(9, child.AwaitExit(s_patience).Signal);
        }
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        using ChildProcess child = Shell("yes >&2 & exec cat /dev/zero");
        byte[] into = new byte[64 << 10];
        // Until the one in the background writes too.
        long began = TimeProvider.System.GetTimestamp();
        for (int i = 0; i < 100 || (child.Errors.Bytes == 0 && TimeProvider.System.GetElapsedTime(began) < s_patience); i++) Assert.Equal(ChildRead.Bytes, child.Read(into, s_patience, out _));
        long before = GC.GetAllocatedBytesForCurrentThread();
        long bytes = 0;
        for (int i = 0; i < 1000; i++)
        {
            child.Read(into, s_patience, out int count);
            bytes += count;
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(bytes > 1000 && child.Errors.Bytes > 0);
    }

    [Fact]
    public void A_command_may_be_given_no_more_of_the_environment_than_is_named()
    {
        string[] names = ["GATE_TEST_A", "GATE_TEST_B", "OTHER_TEST", "EDGEINFER__x", "NOTIFY_SOCKET"];
        foreach (string name in names) Environment.SetEnvironmentVariable(name, "set");
        try
        {
            using ChildProcess child = ChildProcess.Start(new(["/usr/bin/env"]) { Environment = ["GATE_*", "PATH", "OTHER", "EDGEINFER__x", "NOTIFY_SOCKET"] }, TimeProvider.System);
            Assert.Equal(["GATE_TEST_A", "GATE_TEST_B", "PATH"], ReadAll(child).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => l.Split('=')[0]).Order(StringComparer.Ordinal));
        }
        finally
        {
            foreach (string name in names) Environment.SetEnvironmentVariable(name, null);
        }
    }

    [Theory]
    [InlineData("no-such-program-here", "no-such-program-here: there is no such program in PATH; install it, or correct the name")]
    [InlineData("/no/such/program", "/no/such/program: there is no such program; install it, or correct the path")]
    [InlineData("/etc/passwd", "/etc/passwd: this user may not run it; chmod +x /etc/passwd, or change its owner")]
    [InlineData("/etc", "/etc: there is no such program; install it, or correct the path")]
    public void What_cannot_be_run_is_said_with_its_cure(string program, string said)
    {
        FaultException e = Assert.Throws<FaultException>(() => ChildProcess.Start(new([program]), TimeProvider.System));
        Assert.Equal(said, e.Fault.ToString());
        Assert.Equal(FaultKind.NoInput, e.Fault.Kind);
    }

    private sealed record How
    {
        public byte[] Input { get; init; } = [];

        public StopSignal Signal { get; init; } = StopSignal.Terminate;

        public TimeSpan Grace { get; init; } = s_patience;
    }

    private static ChildProcess Shell(string script) => Start(script, new());

    private static ChildProcess Start(string script, How how)
        => ChildProcess.Start(new(["/bin/sh", "-c", script]) { Input = how.Input, StopSignal = how.Signal, Grace = how.Grace }, TimeProvider.System);

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    private static void AwaitLine(ChildProcess child)
    {
        byte[] one = new byte[1];
        do
        {
            Assert.Equal(ChildRead.Bytes, child.Read(one, s_patience, out _));
        }
        while (one[0] != '\n');
    }

    private static string ReadAll(ChildProcess child) => Encoding.UTF8.GetString(ReadBytes(child));

    private static byte[] ReadBytes(ChildProcess child)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[10000];
        while (true)
        {
            ChildRead read = child.Read(buffer, s_patience, out int count);
            if (read == ChildRead.End) return all.ToArray();
            Assert.Equal(ChildRead.Bytes, read);
            all.Write(buffer, 0, count);
        }
    }
}
