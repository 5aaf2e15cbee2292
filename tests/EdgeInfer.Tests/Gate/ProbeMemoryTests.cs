using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Posix;

namespace EdgeInfer.Tests.Gate;

public sealed class ProbeMemoryTests
{
    private const long Mebibyte = 1 << 20;

    [Fact]
    public void The_gates_limit_is_the_probes() => Assert.Equal(new(300 * Mebibyte, (300 + 64 + (2 * 16)) * Mebibyte, null), Plan(300, null, Free(1000)));

    [Fact]
    public void Without_a_gate_it_may_have_what_is_free_but_for_a_reserve() => Assert.Equal(936 * Mebibyte, Plan(null, null, Free(1000)).LimitBytes);

    [Fact]
    public void What_runs_on_a_device_has_no_limit_on_what_its_driver_maps()
        => Assert.Null(ProbeMemory.Plan(Mebibyte, 300 * Mebibyte, null, 2, isOnProcessor: false, Free(1000)).DataBytes);

    [Theory]
    [InlineData(364, false)]
    [InlineData(363, true)]
    public void Too_little_free_memory_waits(long free, bool waits)
    {
        ProbeMemory plan = Plan(300, null, Free(free));
        if (waits) Assert.Equal("363 MiB of memory are free, the probe needs 300 MiB and 64 MiB are left to the rest", Assert.IsType<ProbeWaits>(plan.Verdict).Why);
        else Assert.Null(plan.Verdict);
    }

    [Fact]
    public void What_the_release_says_that_it_needs_counts_before_the_start_and_is_no_limit()
    {
        Assert.IsType<ProbeWaits>(Plan(null, 256, Free(300)).Verdict);
        Assert.Equal(436 * Mebibyte, Plan(null, 256, Free(500)).LimitBytes);
    }

    // 96 MiB for the program and three times the model.
    [Theory]
    [InlineData(459, true)]
    [InlineData(460, false)]
    public void A_release_that_says_nothing_is_reckoned_by_its_size(long free, bool waits)
        => Assert.Equal(waits, ProbeMemory.Plan(100 * Mebibyte, null, null, 2, isOnProcessor: true, Free(free)).Verdict is ProbeWaits);

    [Fact]
    public void What_this_device_can_never_give_fails_at_once()
    {
        ProbeFailed failed = Assert.IsType<ProbeFailed>(Plan(3000, null, Free(1000)).Verdict);
        Assert.Equal((UpdateCode.Memory, "the probe needs 3000 MiB, this device may give it at most 2048 MiB"), (failed.Code, failed.What));
        MachineMemory group = Free(1000) with { Group = new(256 * Mebibyte, 10 * Mebibyte, 0) };
        Assert.IsType<ProbeFailed>(Plan(300, null, group).Verdict);
        Assert.IsType<ProbeWaits>(Plan(200, null, group).Verdict);
        Assert.Null(Plan(180, null, group).Verdict);
    }

    [Fact]
    public void Where_the_kernel_says_nothing_the_gate_alone_limits()
    {
        Assert.Equal(new(300 * Mebibyte, (300 + 64 + (2 * 16)) * Mebibyte, null), Plan(300, null, default));
        Assert.Equal(new(null, null, null), Plan(null, null, default));
    }

    [Theory]
    [InlineData(0, 64 + (4 * 16))]
    [InlineData(1, 64 + 16)]
    [InlineData(64, 64 + (64 * 16))]
    public void Each_thread_counts_as_data_that_nobody_touches(int threads, long mebibytes)
        => Assert.Equal((300 + mebibytes) * Mebibyte, ProbeMemory.Plan(Mebibyte, 300 * Mebibyte, null, threads, isOnProcessor: true, Free(1000)).DataBytes);

    private static MachineMemory Free(long mebibytes) => new(2048 * Mebibyte, mebibytes * Mebibyte, 0, null);

    private static ProbeMemory Plan(long? allowed, long? required, MachineMemory memory)
        => ProbeMemory.Plan(Mebibyte, allowed * Mebibyte, required * Mebibyte, 2, isOnProcessor: true, memory);
}
