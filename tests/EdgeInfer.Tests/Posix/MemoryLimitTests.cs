using EdgeInfer.Posix;

namespace EdgeInfer.Tests.Posix;

/// <summary>Control groups as files, after the kernel's cgroup-v2.rst and cgroup-v1/memory.rst.</summary>
public sealed class MemoryLimitTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("edgeinfer-cgroup-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_tightest_group_on_the_way_to_the_root_counts()
    {
        Write("proc/self/cgroup", "0::/system.slice/edgeinfer.service\n");
        Write("sys/fs/cgroup/system.slice/memory.max", "268435456\n");
        Write("sys/fs/cgroup/system.slice/edgeinfer.service/memory.max", "536870912\n");
        Assert.Equal(268435456, MemoryLimit.Read(_root));
    }

    [Fact]
    public void A_group_that_says_max_has_no_limit()
    {
        Write("proc/self/cgroup", "0::/a\n");
        Write("sys/fs/cgroup/a/memory.max", "max\n");
        Assert.Null(MemoryLimit.Read(_root));
    }

    [Theory]
    [InlineData("314572800", 314572800L)]
    [InlineData("9223372036854771712", null)]
    public void Version_one_says_none_by_its_largest_number(string written, long? limit)
    {
        Write("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/x\n");
        Write("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", written + "\n");
        Write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");
        Assert.Equal(limit, MemoryLimit.Read(_root));
    }

    [Fact]
    public void Without_control_groups_there_is_no_limit() => Assert.Null(MemoryLimit.Read(_root));

    private void Write(string path, string text)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
