namespace EdgeInfer.Gate;

/// <summary>How far results may be from those of the reference model. A device may make it tighter, nothing makes it looser.</summary>
internal sealed record GoldenTolerance
{
    /// <summary>The contract's.</summary>
    public static GoldenTolerance Default { get; } = new();

    /// <summary>Least overlap (intersection over union) of a box with the one expected.</summary>
    public double Overlap { get; init; } = 0.75;

    /// <summary>Most difference of an object's score.</summary>
    public double Score { get; init; } = 0.10;

    /// <summary>Most difference of the best class's score.</summary>
    public double ClassScore { get; init; } = 0.05;

    /// <summary>Least cosine of an embedding with the one expected.</summary>
    public double Cosine { get; init; } = 0.99;

    /// <summary>Most difference of a number, as a share of the one expected.</summary>
    public double Share { get; init; } = 0.02;

    /// <summary>Of each figure the one that allows less.</summary>
    public GoldenTolerance Tightened(GoldenTolerance by) => new()
    {
        Overlap = Math.Max(Overlap, by.Overlap),
        Score = Math.Min(Score, by.Score),
        ClassScore = Math.Min(ClassScore, by.ClassScore),
        Cosine = Math.Max(Cosine, by.Cosine),
        Share = Math.Min(Share, by.Share),
    };

    /// <summary>How far below a model's threshold results of a kind have to be known, so that one that may be there is not taken for missing.</summary>
    public double Below(GoldenKind kind) => kind == GoldenKind.Classes ? ClassScore : Score;
}
