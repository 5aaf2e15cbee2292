using EdgeInfer.Inference;

namespace EdgeInfer.Tests.Inference;

public sealed class ProcessorAllowanceTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("edgeinfer-cgroup-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1, null, 1)]
    [InlineData(4, null, 4)]
    [InlineData(64, null, 4)]
    [InlineData(0, null, 1)]
    [InlineData(8, 2.0, 2)]
    [InlineData(8, 1.5, 1)]
    [InlineData(8, 0.25, 1)]
    [InlineData(2, 6.0, 2)]
    public void Automatic_threads_keep_within_affinity_quota_and_four(int affine, double? quota, int threads)
        => Assert.Equal(threads, new ProcessorAllowance(affine, quota).AutomaticThreads);

    [Fact]
    public void This_process_may_run_somewhere()
        => Assert.InRange(ProcessorAllowance.Read().Affine, 1, Environment.ProcessorCount + 4096);

    [Fact]
    public void No_control_group_is_no_quota() => Assert.Null(ProcessorAllowance.ReadQuota(_root));

    [Fact]
    public void The_unified_hierarchy_is_read_and_max_is_no_quota()
    {
        Write("proc/self/cgroup", "0::/system.slice/edgeinfer.service\n");
        Write("sys/fs/cgroup/system.slice/edgeinfer.service/cpu.max", "max 100000\n");
        Assert.Null(ProcessorAllowance.ReadQuota(_root));

        Write("sys/fs/cgroup/system.slice/edgeinfer.service/cpu.max", "150000 100000\n");
        Assert.Equal(1.5, ProcessorAllowance.ReadQuota(_root));
    }

    [Fact]
    public void A_tighter_quota_further_up_counts()
    {
        Write("proc/self/cgroup", "0::/a/b\n");
        Write("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
        Write("sys/fs/cgroup/a/cpu.max", "200000 100000\n");
        Assert.Equal(2, ProcessorAllowance.ReadQuota(_root));
    }

    [Fact]
    public void Inside_a_container_the_root_group_holds_the_quota()
    {
        Write("proc/self/cgroup", "0::/\n");
        Write("sys/fs/cgroup/cpu.max", "50000 100000\n");
        Assert.Equal(0.5, ProcessorAllowance.ReadQuota(_root));
    }

    [Theory]
    [InlineData("cpu,cpuacct")]
    [InlineData("cpu")]
    public void The_old_hierarchy_is_read_too(string mount)
    {
        Write("proc/self/cgroup", $"12:memory:/x\n4:cpu,cpuacct:/docker/1\n0::/\n");
        Write($"sys/fs/cgroup/{mount}/docker/1/cpu.cfs_quota_us", "300000\n");
        Write($"sys/fs/cgroup/{mount}/docker/1/cpu.cfs_period_us", "100000\n");
        Assert.Equal(3, ProcessorAllowance.ReadQuota(_root));
    }

    [Fact]
    public void Minus_one_in_the_old_hierarchy_is_no_quota()
    {
        Write("proc/self/cgroup", "4:cpu:/\n");
        Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
        Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
        Assert.Null(ProcessorAllowance.ReadQuota(_root));
    }

    [Theory]
    [InlineData("")]
    [InlineData("rubbish")]
    [InlineData("100000")]
    [InlineData("100000 0")]
    [InlineData("99999999999999999999 100000")]
    public void Rubbish_is_no_quota(string text)
    {
        Write("proc/self/cgroup", "0::/\n");
        Write("sys/fs/cgroup/cpu.max", text);
        Assert.Null(ProcessorAllowance.ReadQuota(_root));
    }

    private void Write(string path, string text)
    {
        string full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
