using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeInfer.Results;
using EdgeInfer.Results.Interop;
using Microsoft.Extensions.Time.Testing;

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
        Assert.Equal(result != 5 && (state.Status & 0x1040) == 0 && state.MaximumError < 16_000_000, new ClockQuality(TimeProvider.System).IsSynced);
    }

    /// <summary>adjtimex(2): the return values, and the bits STA_UNSYNC, STA_CLOCKERR, STA_PLL, STA_NANO of sys/timex.h.</summary>
    [Theory]
    [InlineData(0, 0x2001, 500, true)]
    [InlineData(1, 0x0011, 500, true)]
    [InlineData(5, 0x2001, 500, false)]
    [InlineData(5, 0x0040, 16_000_000, false)]
    [InlineData(0, 0x0040, 500, false)]
    [InlineData(0, 0x1000, 500, false)]
    [InlineData(0, 0x2001, 16_000_000, false)]
    public void The_kernels_answers_are_read_as_its_manual_says(int result, int status, int error, bool expected)
        => Assert.Equal(expected, ClockQuality.IsKept(result, new Timex.State { Status = status, MaximumError = error }));

    [Fact]
    public void A_clock_before_this_program_was_written_is_kept_by_nobody()
        => Assert.False(new ClockQuality(new FakeTimeProvider(DateTimeOffset.UnixEpoch)).IsSynced);

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
