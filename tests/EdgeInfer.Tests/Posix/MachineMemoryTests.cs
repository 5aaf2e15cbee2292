using EdgeInfer.Posix;
using EdgeInfer.Tests.Diagnosis;

namespace EdgeInfer.Tests.Posix;

/// <summary>Files as proc(5) and the kernel's cgroup-v2.rst show them.</summary>
public sealed class MachineMemoryTests
{
    [Fact]
    public void What_is_free_is_what_machine_and_group_both_have_left()
    {
        using FakeSystem system = new FakeSystem().With("/proc/meminfo", "MemTotal:        1000000 kB\nMemFree:          10000 kB\nMemAvailable:     400000 kB\nSwapTotal:             0 kB\n");
        MachineMemory memory = MachineMemory.Read(system.Files);
        Assert.Equal(new(1_000_000L << 10, 400_000L << 10, 0, null), memory);
        Assert.Equal((400_000L << 10, 1_000_000L << 10), (memory.FreeBytes, memory.MostBytes));
        system.With("/proc/self/cgroup", "0::/a\n").With("/sys/fs/cgroup/a/memory.max", "268435456\n").With("/sys/fs/cgroup/a/memory.current", "200000000\n");
        memory = MachineMemory.Read(system.Files);
        Assert.Equal((268_435_456L - 200_000_000, 268_435_456L), (memory.FreeBytes, memory.MostBytes));
    }

    [Fact]
    public void A_machine_that_says_nothing_has_nothing_to_say()
    {
        using FakeSystem system = new();
        Assert.Equal(default, MachineMemory.Read(system.Files));
        Assert.Null(default(MachineMemory).FreeBytes);
        Assert.Null(default(MachineMemory).MostBytes);
    }

    [Fact]
    public void A_value_of_a_process_is_read_in_bytes()
        => Assert.Equal(12_345L << 10, MachineMemory.Kibibytes(["VmHWM:\t   99999 kB", "VmRSS:\t   12345 kB"], "VmRSS:"));
}
