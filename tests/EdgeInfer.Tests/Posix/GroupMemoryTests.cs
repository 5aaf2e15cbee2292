using EdgeInfer.Posix;

namespace EdgeInfer.Tests.Posix;

/// <summary>Files of control groups as the kernel's documentation shows them (cgroup-v2.rst, memory.rst of version 1).</summary>
public sealed class GroupMemoryTests
{
    private const string Unit = "/sys/fs/cgroup/system.slice/edgeinfer.service/";

    private static readonly Dictionary<string, string> s_limited = new()
    {
        ["/proc/self/cgroup"] = "0::/system.slice/edgeinfer.service\n",
        [Unit + "memory.max"] = "268435456\n",
        [Unit + "memory.current"] = "260046848\n",
        [Unit + "memory.stat"] = "anon 90000000\nfile 150000000\ninactive_anon 4096\nactive_file 1048576\ninactive_file 134217728\n",
        [Unit + "memory.events"] = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n",
        ["/sys/fs/cgroup/system.slice/memory.max"] = "max\n",
    };

    [Fact]
    public void Files_that_are_only_cached_do_not_count_as_used()
        => Assert.Equal(new GroupMemory(268435456, 260046848 - 134217728, 2), Read(s_limited));

    [Fact]
    public void The_tightest_group_above_counts_with_what_is_used_in_it()
    {
        Dictionary<string, string> files = new(s_limited)
        {
            ["/sys/fs/cgroup/system.slice/memory.max"] = "200000000\n",
            ["/sys/fs/cgroup/system.slice/memory.current"] = "190000000\n",
        };
        Assert.Equal(new GroupMemory(200000000, 190000000, 0), Read(files));
    }

    [Fact]
    public void Without_a_limit_there_is_none()
    {
        Assert.Null(Read(new() { ["/proc/self/cgroup"] = "0::/\n" }));
        Assert.Null(Read(new(s_limited) { [Unit + "memory.max"] = "max\n" }));
        Assert.Null(Read([]));
    }

    [Fact]
    public void Version_1_names_its_files_otherwise()
    {
        Dictionary<string, string> files = new()
        {
            ["/proc/self/cgroup"] = "11:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n",
            ["/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes"] = "157286400\n",
            ["/sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes"] = "80000000\n",
            ["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n",
        };
        Assert.Equal(new GroupMemory(157286400, 80000000, 0), Read(files));

        // As Linux 6.18 prints them, shortened.
        files["/sys/fs/cgroup/memory/docker/abc/memory.stat"] = "cache 30000000\ninactive_file 10\ntotal_inactive_file 20000000\n";
        files["/sys/fs/cgroup/memory/docker/abc/memory.oom_control"] = "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n";
        Assert.Equal(new GroupMemory(157286400, 60000000, 1), Read(files));
    }

    [Fact]
    public void A_kernel_that_does_not_say_what_is_used_still_gives_the_limit()
    {
        Dictionary<string, string> files = new(s_limited);
        files.Remove(Unit + "memory.current");
        Assert.Equal(new GroupMemory(268435456, null, 2), Read(files));
    }

    private static GroupMemory? Read(Dictionary<string, string> files) => GroupMemory.Read(path => files.GetValueOrDefault(path));
}
