using EdgeInfer.Pipeline;

namespace EdgeInfer.Tests.Pipeline;

public sealed class RateGateTests
{
    [Theory]
    [InlineData(30, 5, 50)]
    [InlineData(30, 10, 100)]
    [InlineData(15, 5, 50)]
    [InlineData(30, 7, 70)]
    [InlineData(5, 5, 50)]
    [InlineData(4, 5, 40)]
    public void Ten_seconds_of_camera_frames_pass_at_the_wanted_rate(int cameraRate, double wanted, int expected)
    {
        RateGate gate = new(wanted, 1_000_000);
        int passed = 0;
        for (int i = 0; i < cameraRate * 10; i++)
            if (gate.TryPass(i * 1_000_000L / cameraRate)) passed++;
        Assert.InRange(passed, expected - 1, expected + 1);
    }

    [Fact]
    public void Frames_at_exactly_the_wanted_rate_all_pass_in_spite_of_jitter()
    {
        RateGate gate = new(5, 1_000_000);
        Random jitter = new(1);
        int passed = 0;
        for (int i = 0; i < 100; i++)
            if (gate.TryPass(i * 200_000L + jitter.Next(-3000, 3000))) passed++;
        Assert.Equal(100, passed);
    }

    [Fact]
    public void A_pause_is_not_followed_by_a_burst()
    {
        RateGate gate = new(5, 1000);
        Assert.True(gate.TryPass(0));
        Assert.True(gate.TryPass(10_000));
        Assert.False(gate.TryPass(10_050));
        Assert.True(gate.TryPass(10_200));
    }

    [Fact]
    public void Without_a_rate_every_frame_passes()
    {
        RateGate gate = new(null, 1000);
        Assert.True(gate.TryPass(5));
        Assert.True(gate.TryPass(5));
    }
}
