using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;

namespace EdgeInfer.Tests.Gate;

public sealed class TrialVerdictTests
{
    private const long Mebibyte = 1 << 20;

    private static readonly TrialCounters s_sound = new() { Results = 300, Served = TimeSpan.FromMinutes(10), InferenceP95Milliseconds = 12, RssBytes = 150 * Mebibyte };
    private static readonly TrialBaseline s_old = new(10, 120 * Mebibyte);

    [Fact]
    public void Three_hundred_results_and_ten_minutes_commit() => Assert.IsType<TrialCommits>(Of(s_sound));

    [Theory]
    [InlineData(0, 0, "no results yet after 0 min")]
    [InlineData(0, 86_400, "no results yet after 1440 min")]
    [InlineData(1, 30, "1 of 300 results, 0.5 of 10 min")]
    [InlineData(299, 600, "299 of 300 results, 10 min")]
    [InlineData(5000, 599, "5000 results, 9.9 of 10 min")]
    public void Until_then_it_stays_on_trial_and_says_what_is_missing(long results, int seconds, string why)
        => Assert.Equal(new TrialGoesOn(why), Of(s_sound with { Results = results, Served = TimeSpan.FromSeconds(seconds) }));

    [Fact]
    public void One_failed_run_ends_it_at_once()
        => Assert.Equal(new TrialRollsBack(UpdateCode.TrialErrors, "1 run failed, none may"), Of(s_sound with { Results = 1, Served = TimeSpan.Zero, Errors = 1 }));

    [Fact]
    public void A_result_that_is_no_number_ends_it_at_once()
        => Assert.Equal(new TrialRollsBack(UpdateCode.TrialErrors, "2 results held values that are no numbers (NaN), none may"), Of(s_sound with { Results = 5, NotNumbers = 2 }));

    [Theory]
    [InlineData(15.0, true)]
    [InlineData(15.1, false)]
    [InlineData(double.NaN, false)]
    public void It_may_be_half_as_slow_again_as_the_old_model(double milliseconds, bool commits)
    {
        TrialVerdict verdict = Of(s_sound with { InferenceP95Milliseconds = milliseconds });
        if (commits) Assert.IsType<TrialCommits>(verdict);
        else Assert.Equal(UpdateCode.TrialLatency, Assert.IsType<TrialRollsBack>(verdict).Code);
    }

    [Fact]
    public void Twice_too_slow_is_said_as_soon_as_there_are_results_enough_and_less_at_the_end()
    {
        TrialCounters slow = s_sound with { Served = TimeSpan.FromSeconds(20), InferenceP95Milliseconds = 31 };
        Assert.Equal(new TrialRollsBack(UpdateCode.TrialLatency, "95 of 100 inferences took up to 31 ms, 10 ms with the old model; 1.5 times that is allowed"), Of(slow));
        Assert.IsType<TrialGoesOn>(Of(slow with { Results = 299 }));
        // The machine may have had something else to do.
        Assert.IsType<TrialGoesOn>(Of(slow with { InferenceP95Milliseconds = 30 }));
        Assert.IsType<TrialRollsBack>(Of(slow with { InferenceP95Milliseconds = 30, Served = TimeSpan.FromMinutes(10) }));
    }

    [Fact]
    public void A_trial_that_tests_have_made_short_says_nothing_of_a_percentile()
    {
        TrialCounters slow = s_sound with { Results = 99, InferenceP95Milliseconds = 900 };
        TrialRules rules = TrialRules.Shortened(1, TimeSpan.Zero);
        Assert.IsType<TrialCommits>(TrialVerdict.Of(slow, s_old, rules));
        Assert.IsType<TrialRollsBack>(TrialVerdict.Of(slow with { Results = 100 }, s_old, rules));
    }

    [Theory]
    [InlineData(180, true)]
    [InlineData(181, false)]
    public void It_may_take_half_as_much_memory_again(long mebibytes, bool commits)
    {
        TrialVerdict verdict = Of(s_sound with { RssBytes = mebibytes * Mebibyte });
        if (commits) Assert.IsType<TrialCommits>(verdict);
        else Assert.Equal(new TrialRollsBack(UpdateCode.Memory, "the agent takes 181 MiB of memory, 120 MiB with the old model; 1.5 times that is allowed"), verdict);
    }

    [Fact]
    public void While_models_are_swapped_memory_does_not_count()
    {
        TrialCounters large = s_sound with { RssBytes = 500 * Mebibyte, Served = TimeSpan.FromSeconds(9) };
        Assert.IsType<TrialGoesOn>(Of(large with { Results = 99 }));
        Assert.IsType<TrialRollsBack>(Of(large with { Results = 100 }));
    }

    [Fact]
    public void Without_an_old_model_only_errors_count()
    {
        TrialBaseline none = new(null, null);
        TrialCounters slow = s_sound with { InferenceP95Milliseconds = 9000, RssBytes = 1L << 40 };
        Assert.IsType<TrialCommits>(TrialVerdict.Of(slow, none, new()));
        Assert.IsType<TrialCommits>(TrialVerdict.Of(slow with { InferenceP95Milliseconds = null, RssBytes = null }, s_old, new()));
        Assert.IsType<TrialRollsBack>(TrialVerdict.Of(slow with { Errors = 1 }, none, new()));
    }

    [Fact]
    public void Rules_of_tests_are_shorter_and_never_longer()
    {
        TrialRules shorter = TrialRules.Shortened(20, TimeSpan.FromSeconds(10));
        Assert.Equal(new() { Results = 20, Served = TimeSpan.FromSeconds(10), CleanResults = 20 }, shorter);
        Assert.Equal(new TrialRules(), TrialRules.Shortened(100_000, TimeSpan.FromDays(1)));
        Assert.IsType<TrialCommits>(TrialVerdict.Of(s_sound with { Results = 20, Served = TimeSpan.FromSeconds(10) }, s_old, shorter));
    }

    private static TrialVerdict Of(TrialCounters counters) => TrialVerdict.Of(counters, s_old, new());
}
