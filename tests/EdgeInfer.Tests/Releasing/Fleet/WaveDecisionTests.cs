using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing.Fleet;

namespace EdgeInfer.Tests.Releasing.Fleet;

/// <summary>Reports in, the next step out; what is typed, and what it means.</summary>
public sealed class WaveDecisionTests
{
    [Theory]
    // Chosen, committed, failed, silent, minutes of a soak of 60, and how many may fail.
    [InlineData("Next", 0, 0, 0, 0, 0, "2%")] // The rules choose nobody who is known.
    [InlineData("Wait", 3, 0, 0, 0, 0, "2%")]
    [InlineData("Wait", 3, 2, 0, 0, 59, "2%")]
    [InlineData("Next", 3, 3, 0, 0, 0, "2%")] // All have committed: nothing is left to wait for.
    [InlineData("Next", 3, 2, 0, 0, 60, "2%")] // The soak is over, one is still on its way.
    [InlineData("Wait", 3, 0, 0, 0, 600, "2%")] // The soak is over, and nobody has shown anything.
    [InlineData("Halt", 3, 2, 1, 0, 0, "2%")] // One of three is 33 %.
    [InlineData("Halt", 3, 0, 1, 0, 0, "2%")]
    [InlineData("Halt", 1, 0, 1, 0, 0, "2%")]
    [InlineData("Wait", 100, 0, 1, 0, 0, "2%")]
    [InlineData("Wait", 100, 98, 2, 0, 59, "2%")] // Two of a hundred are not more than 2 %, but not all that committed either.
    [InlineData("Next", 100, 98, 2, 0, 60, "2%")]
    [InlineData("Halt", 100, 97, 3, 0, 60, "2%")]
    [InlineData("Halt", 100, 40, 2, 20, 60, "2%")] // Two of the eighty that are heard.
    [InlineData("Wait", 100, 80, 0, 20, 59, "2%")] // Silent ones may be so because of the release,
    [InlineData("Next", 100, 80, 0, 20, 60, "2%")] // and hold nothing up once the soak is over,
    [InlineData("Wait", 3, 0, 0, 3, 600, "2%")] // unless all are.
    [InlineData("Halt", 50, 49, 1, 0, 0, "0%")]
    [InlineData("Halt", 50, 49, 1, 0, 0, "0")]
    [InlineData("Wait", 50, 10, 3, 0, 0, "3")] // A number of devices.
    [InlineData("Halt", 50, 10, 4, 0, 0, "3")]
    [InlineData("Halt", 4, 0, 4, 0, 0, "100%")] // However many may fail: nobody has committed.
    [InlineData("Next", 4, 1, 3, 0, 60, "100%")]
    public void A_wave_is_waited_for_left_behind_or_ends_the_rollout(string step, int chosen, int committed, int failed, int silent, int minutes, string maxFailed)
        => Assert.Equal(step, WaveDecision.Of(new(chosen, committed, failed, silent), TimeSpan.FromMinutes(minutes), WavePlan.Parse("1,100", "1h", maxFailed)).ToString());

    [Fact]
    public void A_plan_is_read_as_it_is_typed()
    {
        WavePlan plan = WavePlan.Parse("0.5, 10,50,100", "90m", "2.5 %");
        Assert.Equal([50, 1000, 5000, 10000], plan.Hundredths);
        Assert.Equal((TimeSpan.FromMinutes(90), new FailureBound(2.5m, null)), (plan.Soak, plan.MaxFailed));
        int?[] after = [plan.After(0), plan.After(50), plan.After(2000), plan.After(10000)], expected = [50, 1000, 5000, null];
        Assert.Equal(expected, after);
        Assert.Equal(("wave 2 of 4 (10 %)", "20 %", "wave 1 of 4 (0.5 %)"), (plan.Name(1000), plan.Name(2000), plan.Name(50)));
    }

    [Theory]
    [InlineData("--waves", "", "1h", "2%")]
    [InlineData("--waves", "0,10", "1h", "2%")]
    [InlineData("--waves", "10,10", "1h", "2%")]
    [InlineData("--waves", "50,10", "1h", "2%")]
    [InlineData("--waves", "10,101", "1h", "2%")]
    [InlineData("--waves", "0.001", "1h", "2%")]
    [InlineData("--waves", "1;10", "1h", "2%")]
    [InlineData("--waves", "-1,10", "1h", "2%")]
    [InlineData("--soak", "10", "60", "2%")]
    [InlineData("--soak", "10", "0s", "2%")]
    [InlineData("--soak", "10", "31d", "2%")]
    [InlineData("--max-failed", "10", "1h", "two")]
    [InlineData("--max-failed", "10", "1h", "-1")]
    [InlineData("--max-failed", "10", "1h", "101%")]
    [InlineData("--max-failed", "10", "1h", "2.5")]
    public void What_is_no_plan_is_said_with_its_option(string option, string waves, string soak, string maxFailed)
    {
        Fault fault = Assert.Throws<FaultException>(() => WavePlan.Parse(waves, soak, maxFailed)).Fault;
        Assert.Equal((FaultKind.Usage, option), (fault.Kind, fault.Where));
    }
}
