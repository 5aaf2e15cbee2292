using EdgeInfer.Posix;

namespace EdgeInfer.Tests.Posix;

/// <summary>The statuses are those of wait(2): the exit code in bits 8 to 15, the signal in bits 0 to 6, 0x80 for a core dump.</summary>
public sealed class ChildExitTests
{
    [Theory]
    [InlineData(0x0000, "ended with exit code 0")]
    [InlineData(0x0100, "ended with exit code 1")]
    [InlineData(0xFF00, "ended with exit code 255")]
    [InlineData(0x000F, "was ended by SIGTERM")]
    [InlineData(0x0009, "was ended by SIGKILL (killed, perhaps for lack of memory)")]
    [InlineData(0x008B, "was ended by SIGSEGV (bad memory access)")]
    [InlineData(0x0022, "was ended by signal 34")]
    public void A_status_is_said_in_words(int status, string said) => Assert.Equal(said, new ChildExit(status).ToString());

    [Fact]
    public void An_unknown_end_is_no_success()
    {
        Assert.Equal("ended", default(ChildExit).ToString());
        Assert.False(default(ChildExit).IsSuccess);
    }
}
