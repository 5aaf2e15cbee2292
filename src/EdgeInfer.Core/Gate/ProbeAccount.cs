using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Gate;

/// <summary>
/// What a probe has said so far, held against what its model must keep to. The first thing that is wrong is the verdict. Pure: whatever the
/// probe says, it cannot say that its own results are right.
/// </summary>
/// <param name="golden">What the model must make of its inputs.</param>
/// <param name="threshold">The model's own.</param>
/// <param name="limits">What it must keep within.</param>
internal sealed class ProbeAccount(GoldenSet golden, double threshold, GateLimits limits)
{
    // Where precision is measured, all that the model proposes counts, and not only what is above its threshold.
    private const double TruthFloor = 0.01;

    private readonly GoldenComparison _comparison = new(limits.Tolerance);
    private readonly MeanAveragePrecision _metric = new();
    private int _results;

    /// <summary>What it is at, in words.</summary>
    public string Doing { get; private set; } = "starting";

    /// <summary>What it measured.</summary>
    public ProbeFigures Figures { get; private set; } = new();

    /// <summary>What is wrong; null for nothing so far.</summary>
    public ProbeFailed? Failed { get; private set; }

    /// <summary>Whether it came to its end.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The inputs as a probe is asked for them.</summary>
    public IReadOnlyList<ProbeInput> Inputs => [.. golden.Cases.Select(c => new ProbeInput(c.Input, Floor(c)))];

    /// <summary>Takes what it said.</summary>
    public void Hear(ProbeMessage? message)
    {
        switch (message)
        {
            case ProbeBegins begins: Doing = begins.Doing; break;
            case ProbeLoaded loaded: Figures = Figures with { Provider = loaded.Provider, LoadMilliseconds = loaded.LoadMilliseconds }; break;
            case ProbeResult result: Hear(result); break;
            case ProbeNotANumber nan: HearNotANumber(nan); break;
            case ProbeTimes times: Hear(times); break;
            case ProbeFailure failure: Fail(CodeOf(failure.Kind), failure.What); break;
            case ProbeEnds: HearEnd(); break;
        }
    }

    /// <summary>Takes resident memory that was seen from outside.</summary>
    public void See(long rssBytes)
    {
        if (!(Figures.PeakRssBytes >= rssBytes)) Figures = Figures with { PeakRssBytes = rssBytes };
    }

    /// <summary>It is over for a reason from outside, unless it was over before.</summary>
    public void Fail(UpdateCode code, string what) => Failed ??= new(code, what, Figures);

    /// <summary>What it all comes to, at the end.</summary>
    public ProbeVerdict Verdict()
    {
        if (Failed is null && !HasEnded) Fail(UpdateCode.Crash, $"the probe ended while {Doing}");
        return Failed is { } failed ? failed with { Figures = Figures } : new ProbePassed(Figures);
    }

    private double Floor(GoldenCase of)
    {
        double floor = of.Expected is { } expected ? Math.Max(0, threshold - limits.Tolerance.Below(expected.Kind)) : threshold;
        return of.Truth is null ? floor : Math.Min(floor, TruthFloor);
    }

    private void Hear(ProbeResult result)
    {
        if (Next(result.Input) is not { } input) return;
        if (input.Expected is { } expected)
        {
            if (_comparison.Difference(expected, result.Result, threshold, Floor(input)) is { } difference) Fail(UpdateCode.Golden, $"{input.Input}: {difference}");
            else Figures = Figures with { Agreeing = Figures.Agreeing + 1 };
        }

        if (input.Truth is { } truth) _metric.Add(truth.Boxes, result.Result.Boxes);
    }

    private void HearNotANumber(ProbeNotANumber nan)
    {
        if (Next(nan.Input) is { } input) Fail(UpdateCode.Golden, $"{input.Input}: output '{nan.Output}' holds values that are no numbers (NaN)");
    }

    // Each input once and in order: what is left out would be a golden input that nobody has compared.
    private GoldenCase? Next(int input)
    {
        if (input == _results && input < golden.Cases.Count) return golden.Cases[_results++];
        Fail(UpdateCode.Crash, $"the probe gave result {input} where {_results} was due");
        return null;
    }

    private void Hear(ProbeTimes times)
    {
        See(times.PeakRssBytes);
        Figures = Figures with { Runs = times.Runs, P95Milliseconds = times.P95Milliseconds, InferenceP95Milliseconds = times.InferenceP95Milliseconds };
    }

    private void HearEnd()
    {
        HasEnded = true;
        if (_results < golden.Cases.Count || Figures.P95Milliseconds is null) Fail(UpdateCode.Crash, $"the probe ended after {_results} of {golden.Cases.Count} golden inputs");
        if (_metric.Pictures >= MeanAveragePrecision.LeastPictures) Figures = Figures with { Map50 = _metric.Value };
        if (limits.Metric is { } metric) CheckMetric(metric);
        if (Figures.PeakRssBytes > limits.RssBytes) Fail(UpdateCode.Memory, $"the probe took {ProbeMemory.Size(Figures.PeakRssBytes.Value)}, the gate allows {ProbeMemory.Size(limits.RssBytes.Value)}");
        if (Figures.P95Milliseconds > limits.P95Milliseconds)
            Fail(UpdateCode.Latency, string.Create(CultureInfo.InvariantCulture, $"95 of 100 frames took up to {Figures.P95Milliseconds:0.##} ms from pixels to results on {Figures.Provider}, the gate allows {limits.P95Milliseconds:0.##} ms"));
    }

    private void CheckMetric(MetricGate metric)
    {
        if (_metric.Pictures < MeanAveragePrecision.LeastPictures)
            Fail(UpdateCode.Metric, $"the gate demands {metric.Name}, which takes {MeanAveragePrecision.LeastPictures} golden inputs with ground truth; the release has {_metric.Pictures}");
        else if (_metric.Value is not { } value) Fail(UpdateCode.Metric, $"the gate demands {metric.Name}, and the ground truth has no object");
        else if (value < metric.Least) Fail(UpdateCode.Metric, string.Create(CultureInfo.InvariantCulture, $"{metric.Name} over {_metric.Pictures} inputs is {value:0.0000}, the gate demands {metric.Least:0.####}"));
    }

    private static UpdateCode CodeOf(ProbeFailureKind kind) => kind switch
    {
        ProbeFailureKind.Load => UpdateCode.Inspect,
        ProbeFailureKind.Provider => UpdateCode.Unsuited,
        ProbeFailureKind.Input => UpdateCode.Golden,
        _ => UpdateCode.Memory,
    };
}
