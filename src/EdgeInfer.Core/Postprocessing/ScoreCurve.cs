using EdgeInfer.Models;

namespace EdgeInfer.Postprocessing;

/// <summary>What makes one raw value into a score of 0 to 1, and back for thresholds.</summary>
internal readonly record struct ScoreCurve(ScoreActivation Activation)
{
    /// <summary>The score of a raw value (softmax is not a curve of one value: left as it is); NaN where it is no finite number.</summary>
    public float Score(float raw)
    {
        if (!float.IsFinite(raw)) return float.NaN;
        return Activation == ScoreActivation.Sigmoid ? 1 / (1 + MathF.Exp(-raw)) : raw;
    }

    /// <summary>The raw value below which no score reaches <paramref name="score"/>.</summary>
    public float Raw(float score)
    {
        if (Activation != ScoreActivation.Sigmoid) return score;
        // A hair lower than the exact inverse, so that rounding never loses a score that is exactly at the threshold; Score decides.
        return score <= 0 ? float.NegativeInfinity : score >= 1 ? 15 : MathF.Log(score / (1 - score)) - 1e-4f;
    }
}
