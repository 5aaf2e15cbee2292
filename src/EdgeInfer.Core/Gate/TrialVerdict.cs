using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Gate;

/// <summary>What the live pipelines have seen of a model on trial, since it began; over a restart what was kept of it.</summary>
internal sealed record TrialCounters
{
    /// <summary>Results.</summary>
    public long Results { get; init; }

    /// <summary>Runs that failed. A frame that cannot be decoded is not the model's.</summary>
    public long Errors { get; init; }

    /// <summary>Runs whose outputs held values that are no numbers.</summary>
    public long NotNumbers { get; init; }

    /// <summary>How long it has been on trial, times in which the agent did not run left out.</summary>
    public TimeSpan Served { get; init; }

    /// <summary>Milliseconds that 95 of 100 inferences kept within; null where there were none.</summary>
    public double? InferenceP95Milliseconds { get; init; }

    /// <summary>Resident memory of the agent; null where it is not known, as while the old model is still in it.</summary>
    public long? RssBytes { get; init; }
}

/// <summary>What the model before it took, measured in the same way; null where there was none, or where it did not run long enough.</summary>
/// <param name="InferenceP95Milliseconds">Milliseconds that 95 of 100 inferences kept within.</param>
/// <param name="RssBytes">Resident memory of the agent.</param>
internal sealed record TrialBaseline(double? InferenceP95Milliseconds, long? RssBytes);

/// <summary>What a trial takes.</summary>
internal sealed record TrialRules
{
    /// <summary>Results that it takes at least.</summary>
    public long Results { get; init; } = 300;

    /// <summary>Time that it takes at least.</summary>
    public TimeSpan Served { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Results from which on a start has succeeded: one that ends uncleanly later is not the trial's.</summary>
    public long CleanResults { get; init; } = 100;

    /// <summary>Most of the old model's latency and memory.</summary>
    public double MostGrowth { get; init; } = 1.5;

    /// <summary>A shorter trial, for tests: nothing is ever longer or more lenient than the contract's.</summary>
    public static TrialRules Shortened(long results, TimeSpan served)
    {
        TrialRules rules = new();
        return rules with
        {
            Results = Math.Clamp(results, 1, rules.Results),
            CleanResults = Math.Clamp(results, 1, rules.CleanResults),
            Served = served < rules.Served ? served : rules.Served,
        };
    }
}

/// <summary>Whether a model on trial stays there, stays for good, or goes. Pure; the trial's state is kept elsewhere.</summary>
internal abstract record TrialVerdict
{
    /// <summary>Results of a model from which on its percentile is one, however short a trial is made for tests.</summary>
    public const int ComparableResults = 100;

    /// <summary>Judges a running trial.</summary>
    /// <param name="counters">What was seen of the new model.</param>
    /// <param name="old">What the old one took.</param>
    /// <param name="rules">What it takes.</param>
    public static TrialVerdict Of(TrialCounters counters, TrialBaseline old, TrialRules rules)
    {
        if (counters.Errors > 0) return new TrialRollsBack(UpdateCode.TrialErrors, $"{Times(counters.Errors, "run")} failed, none may");
        if (counters.NotNumbers > 0) return new TrialRollsBack(UpdateCode.TrialErrors, $"{Times(counters.NotNumbers, "result")} held values that are no numbers (NaN), none may");

        // Few results say little of a percentile, and the first ones are slow.
        bool hasResults = counters.Results >= rules.Results, isOver = hasResults && counters.Served >= rules.Served;
        // Whatever else the machine does for a while looks like a slow model: only what is much too slow is not given the whole time.
        double most = isOver ? rules.MostGrowth : rules.MostGrowth * 2;
        if (hasResults && counters.Results >= ComparableResults && counters.InferenceP95Milliseconds is { } p95 && old.InferenceP95Milliseconds is { } before && !(p95 <= before * most))
            return new TrialRollsBack(UpdateCode.TrialLatency, Text($"95 of 100 inferences took up to {p95:0.##} ms, {before:0.##} ms with the old model; {rules.MostGrowth:0.##} times that is allowed"));

        // Not before the pipelines have settled: while it is swapped both models are in memory.
        if (counters.Results >= rules.CleanResults && counters.RssBytes is { } rss && old.RssBytes is { } rssBefore && rss > rssBefore * rules.MostGrowth)
            return new TrialRollsBack(UpdateCode.Memory, Text($"the agent takes {ProbeMemory.Size(rss)} of memory, {ProbeMemory.Size(rssBefore)} with the old model; {rules.MostGrowth:0.##} times that is allowed"));

        if (counters.Results <= 0) return new TrialGoesOn(Text($"no results yet after {Minutes(counters.Served)} min"));
        if (isOver) return new TrialCommits();
        string results = hasResults ? Text($"{counters.Results} results") : Text($"{counters.Results} of {rules.Results} results");
        string served = counters.Served >= rules.Served ? Text($"{Minutes(counters.Served)} min") : Text($"{Minutes(counters.Served)} of {Minutes(rules.Served)} min");
        return new TrialGoesOn($"{results}, {served}");
    }

    private static string Times(long count, string what) => Text($"{count} {what}{(count == 1 ? "" : "s")}");

    // Rounded down: 10 of 10 min that do not count yet would be no answer.
    private static string Minutes(TimeSpan time) => Text($"{Math.Floor(time.TotalMinutes * 10) / 10:0.#}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>It stays on trial.</summary>
/// <param name="Why">What is still missing.</param>
internal sealed record TrialGoesOn(string Why) : TrialVerdict;

/// <summary>It stays for good.</summary>
internal sealed record TrialCommits : TrialVerdict;

/// <summary>The old model comes back.</summary>
/// <param name="Code">Why, in one word.</param>
/// <param name="What">Why, in one line.</param>
internal sealed record TrialRollsBack(UpdateCode Code, string What) : TrialVerdict;
