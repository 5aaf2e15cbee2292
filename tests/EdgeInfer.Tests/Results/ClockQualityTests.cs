using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeInfer.Results;
using EdgeInfer.Results.Interop;

namespace EdgeInfer.Tests.Results;

public sealed class ClockQualityTests
{
    /// <summary>sizeof(struct timex) and offsetof(status) of 64-bit glibc.</summary>
    [Fact]
    public void The_kernels_structure_has_the_size_and_layout_of_the_C_header()
    {
        Assert.Equal(208, Unsafe.SizeOf<Timex.State>());
        Assert.Equal(40, Marshal.OffsetOf<Timex.State>(nameof(Timex.State.Status)));
    }

    [Fact]
    public void The_answer_agrees_with_the_kernels_own_error_bound()
    {
        Timex.State state = default;
        int result = Timex.Adjust(ref state);
        if (result < 0) Assert.Skip("this kernel or container refuses adjtimex");
        Assert.InRange(result, 0, 5);
        Assert.Equal(result != 5 && (state.Status & 0x40) == 0, new ClockQuality(TimeProvider.System).IsSynced);
    }

    [Fact]
    public void Asking_allocates_nothing()
    {
        ClockQuality clock = new(TimeProvider.System);
        bool first = clock.IsSynced;
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool last = first;
        for (int i = 0; i < 100; i++) last = clock.IsSynced;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.Equal(first, last);
    }
}
