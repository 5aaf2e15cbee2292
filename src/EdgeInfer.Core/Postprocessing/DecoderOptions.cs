namespace EdgeInfer.Postprocessing;

/// <summary>What a pipeline wants of a model's results, over what the model's contract says.</summary>
internal sealed record DecoderOptions
{
    /// <summary>The model's own results, all of them.</summary>
    public static DecoderOptions Default { get; } = new();

    /// <summary>Labels to report; null for all.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Score threshold; null for the model's.</summary>
    public double? Threshold { get; init; }

    /// <summary>Threshold per label, over <see cref="Threshold"/>.</summary>
    public IReadOnlyDictionary<string, double> LabelThresholds { get; init; } = new Dictionary<string, double>();

    /// <summary>Smallest box as a fraction of the frame's area.</summary>
    public double MinArea { get; init; }

    /// <summary>The most classes of one picture (classification).</summary>
    public int Top { get; init; } = 5;
}
