using EdgeInfer.Diagnostics;

namespace EdgeInfer.Gate;

/// <summary>What a probe measured, as far as it came.</summary>
internal sealed record ProbeFigures
{
    /// <summary>The execution provider that ran the model.</summary>
    public string? Provider { get; init; }

    /// <summary>Milliseconds from the start until the model had run once.</summary>
    public double? LoadMilliseconds { get; init; }

    /// <summary>Frames that were measured.</summary>
    public int Runs { get; init; }

    /// <summary>Milliseconds that 95 of 100 frames kept within, from pixels to results.</summary>
    public double? P95Milliseconds { get; init; }

    /// <summary>The same of the model's own run.</summary>
    public double? InferenceP95Milliseconds { get; init; }

    /// <summary>The most resident memory of the probe.</summary>
    public long? PeakRssBytes { get; init; }

    /// <summary>Golden inputs whose results agree with those expected.</summary>
    public int Agreeing { get; init; }

    /// <summary>mAP at 0.50 over the inputs with ground truth; null where there are fewer than 20.</summary>
    public double? Map50 { get; init; }
}

/// <summary>What a probe came to.</summary>
/// <param name="Figures">What it measured.</param>
internal abstract record ProbeVerdict(ProbeFigures Figures);

/// <summary>The model may go on trial.</summary>
internal sealed record ProbePassed(ProbeFigures Figures) : ProbeVerdict(Figures);

/// <summary>The model does not do on this device.</summary>
/// <param name="Code">Why, in one word.</param>
/// <param name="What">Why, in one line: what was expected and what was found.</param>
/// <param name="Figures">What was measured until then.</param>
internal sealed record ProbeFailed(UpdateCode Code, string What, ProbeFigures Figures) : ProbeVerdict(Figures);

/// <summary>It was not tried, or broken off, for a reason that is not the model's: to be tried again later.</summary>
/// <param name="Why">The reason in one line.</param>
internal sealed record ProbeWaits(string Why) : ProbeVerdict(new ProbeFigures());
