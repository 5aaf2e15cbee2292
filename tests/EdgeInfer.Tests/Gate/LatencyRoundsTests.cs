using EdgeInfer.Gate;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Gate;

public sealed class LatencyRoundsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Of_twenty_slow_runs_the_nineteenth_counts()
    {
        LatencyRounds rounds = new(_time);
        for (int i = 1; i <= 20; i++) Run(rounds, i * 100, i * 50);
        Assert.Equal((1900, 950), (rounds.P95, rounds.InferenceP95));
    }

    [Fact]
    public void The_calmest_of_three_rounds_counts()
    {
        LatencyRounds rounds = new(_time);
        bool isMore = true;
        int runs = 0;
        while (isMore) isMore = Run(rounds, runs++ / 200 == 1 ? 4 : 9, 3);
        Assert.Equal((600, 4), (rounds.Runs, rounds.P95));
    }

    [Fact]
    public void A_slow_model_is_not_measured_for_long()
    {
        LatencyRounds rounds = new(_time);
        for (int i = 0; i < 19; i++) Assert.True(Run(rounds, 2000, 2000));
        Assert.False(Run(rounds, 2000, 2000));
        Assert.Equal(2000, rounds.P95);
    }

    private bool Run(LatencyRounds rounds, double frame, double inference)
    {
        _time.Advance(TimeSpan.FromMilliseconds(frame));
        return rounds.Add(frame, inference);
    }
}
