using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Diagnostics;

public sealed class BackoffTests
{
    [Fact]
    public void With_full_jitter_delays_fill_the_time_from_one_second_to_a_ceiling_that_doubles_to_sixty()
    {
        double[] ceilings = [2, 4, 8, 16, 32, 60, 60, 60];
        double[] least = [.. ceilings.Select(static _ => double.MaxValue)], most = new double[ceilings.Length];
        for (int seed = 0; seed < 2000; seed++)
        {
            Backoff backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), new Random(seed), BackoffJitter.Full);
            for (int i = 0; i < ceilings.Length; i++)
            {
                double delay = backoff.Next().TotalSeconds;
                Assert.InRange(delay, 1, ceilings[i]);
                (least[i], most[i]) = (Math.Min(least[i], delay), Math.Max(most[i], delay));
            }
        }

        // All of the time is used, not a part of it.
        for (int i = 0; i < ceilings.Length; i++)
        {
            Assert.InRange(least[i], 1, 1 + 0.02 * ceilings[i]);
            Assert.InRange(most[i], 0.98 * ceilings[i], ceilings[i]);
        }
    }

    [Fact]
    public void With_half_jitter_a_delay_is_at_least_half_of_its_ceiling()
    {
        Backoff backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), new Random(1));
        foreach (double ceiling in new double[] { 1, 2, 4, 8, 16, 30, 30 }) Assert.InRange(backoff.Next().TotalSeconds, ceiling / 2, ceiling);
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 0.5, 1);
    }
}
