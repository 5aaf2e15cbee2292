using System.Globalization;

namespace EdgeInfer.Gate;

/// <summary>
/// Holds results against those of the reference model. Pure. What was found is known down to a floor below the model's threshold: an
/// expected object may be missing only where the lowest score that it may have lies below that floor, and one that nothing expects may be
/// there only up to the threshold and the score's tolerance, because the reference may have had it just below the threshold.
/// </summary>
/// <param name="tolerance">How far apart they may be.</param>
internal sealed class GoldenComparison(GoldenTolerance tolerance)
{
    // Decimal fractions are not exact: 0.5 + 0.1 is allowed where 0.1 is.
    private const double Rounding = 1e-9;

    // What is left of a number that should be 0.
    private const double Noise = 1e-6;

    /// <summary>Compares one input's results.</summary>
    /// <param name="expected">The reference's.</param>
    /// <param name="found">The model's.</param>
    /// <param name="threshold">The model's own.</param>
    /// <param name="floor">Down to which score <paramref name="found"/> is complete; at most <paramref name="threshold"/>.</param>
    /// <returns>The first difference in one line, what was expected and what was found; null for none.</returns>
    public string? Difference(GoldenResult expected, GoldenResult found, double threshold, double floor)
    {
        if (expected.Kind != found.Kind) return $"expected {Word(expected.Kind)}, found {Word(found.Kind)}";
        if ((expected.FrameWidth, expected.FrameHeight) != (found.FrameWidth, found.FrameHeight))
            return $"expected a picture of {expected.FrameWidth}x{expected.FrameHeight}, found {found.FrameWidth}x{found.FrameHeight}";
        return expected.Kind switch
        {
            GoldenKind.Detections => Boxes(expected.Boxes, found.Boxes, threshold, floor),
            GoldenKind.Classes => Classes(expected.Classes, found.Classes, threshold, floor),
            GoldenKind.Embedding => Embedding(expected.Embedding, found.Embedding),
            _ => Values(expected.Values, found.Values),
        };
    }

    private string? Boxes(IReadOnlyList<GoldenBox> expected, IReadOnlyList<GoldenBox> found, double threshold, double floor)
    {
        int missing = BoxMatching.FirstWithout(expected.Count, found.Count, e => expected[e].Score >= floor + tolerance.Score - Rounding, (e, f) => IsSame(expected[e], found[f]));
        if (missing >= 0) return $"expected {Text(expected[missing])}, found {Nearest(expected[missing], found)}";
        int extra = BoxMatching.FirstWithout(found.Count, expected.Count, f => found[f].Score > threshold + tolerance.Score + Rounding, (f, e) => IsSame(expected[e], found[f]));
        return extra < 0 ? null : $"expected {Nearest(found[extra], expected)}, found {Text(found[extra])}";
    }

    private bool IsSame(GoldenBox expected, GoldenBox found)
        => expected.Label == found.Label && Math.Abs(expected.Score - found.Score) <= tolerance.Score + Rounding && expected.Overlap(found) >= tolerance.Overlap - Rounding;

    private string? Classes(IReadOnlyList<GoldenClass> expected, IReadOnlyList<GoldenClass> found, double threshold, double floor)
    {
        GoldenClass? wanted = expected.MaxBy(static c => c.Score), best = found.MaxBy(static c => c.Score);
        if (wanted is null) return best is null || best.Score <= threshold + tolerance.ClassScore + Rounding ? null : $"expected no class above the threshold, found {Text(best)}";
        if (best is null) return wanted.Score < floor + tolerance.ClassScore - Rounding ? null : $"expected {Text(wanted)}, found no class";
        bool isSame = wanted.Label == best.Label && Math.Abs(wanted.Score - best.Score) <= tolerance.ClassScore + Rounding;
        return isSame ? null : $"expected {Text(wanted)}, found {Text(best)}";
    }

    private string? Embedding(IReadOnlyList<double> expected, IReadOnlyList<double> found)
    {
        if (expected.Count != found.Count) return $"expected an embedding of {expected.Count} numbers, found {found.Count}";
        double product = 0, squaresExpected = 0, squaresFound = 0;
        for (int i = 0; i < expected.Count; i++)
        {
            product += expected[i] * found[i];
            squaresExpected += expected[i] * expected[i];
            squaresFound += found[i] * found[i];
        }

        // One of them is all zeros, or too large to be squared: a quotient that is no number is no success.
        double cosine = product / Math.Sqrt(squaresExpected) / Math.Sqrt(squaresFound);
        if (cosine >= tolerance.Cosine - Rounding) return null;
        return double.IsNaN(cosine) ? "expected an embedding with a direction, found zeros or numbers too large" : string.Create(CultureInfo.InvariantCulture, $"expected an embedding of cosine {tolerance.Cosine} or more with the reference's, found {cosine:0.0000}");
    }

    private string? Values(IReadOnlyList<GoldenOutput> expected, IReadOnlyList<GoldenOutput> found)
    {
        if (found.FirstOrDefault(f => expected.All(e => e.Name != f.Name)) is { } unknown) return $"expected no output '{unknown.Name}', found one";
        foreach (GoldenOutput wanted in expected)
        {
            if (found.FirstOrDefault(f => f.Name == wanted.Name) is not { } given) return $"expected output '{wanted.Name}', found none of that name";
            if (given.Numbers.Count != wanted.Numbers.Count) return $"expected {wanted.Numbers.Count} numbers in '{wanted.Name}', found {given.Numbers.Count}";

            // A share of a number next to nothing is nothing: within one output small numbers are held against its root mean square.
            double typical = Math.Sqrt(wanted.Numbers.Sum(static n => n * n) / Math.Max(1, wanted.Numbers.Count));
            for (int i = 0; i < wanted.Numbers.Count; i++)
            {
                double allowed = tolerance.Share * Math.Max(Math.Abs(wanted.Numbers[i]), typical) + Noise;
                if (Math.Abs(wanted.Numbers[i] - given.Numbers[i]) <= allowed) continue;
                string place = wanted.Numbers.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"[{i}]");
                return string.Create(CultureInfo.InvariantCulture, $"expected {wanted.Name}{place} = {wanted.Numbers[i]:G6}, found {given.Numbers[i]:G6}");
            }
        }

        return null;
    }

    private static string Nearest(GoldenBox box, IReadOnlyList<GoldenBox> others)
    {
        if (others.MaxBy(box.Overlap) is not { } nearest || box.Overlap(nearest) is var overlap && overlap == 0) return "nothing there";
        return string.Create(CultureInfo.InvariantCulture, $"{Text(nearest)} (overlap {overlap:0.00})");
    }

    private static string Text(GoldenBox box) => string.Create(CultureInfo.InvariantCulture, $"{box.Label} {box.Score:0.000} at [{box.X:0.#}, {box.Y:0.#}, {box.Width:0.#}, {box.Height:0.#}]");

    private static string Text(GoldenClass c) => string.Create(CultureInfo.InvariantCulture, $"{c.Label} {c.Score:0.000}");

    private static string Word(GoldenKind kind) => kind switch
    {
        GoldenKind.Detections => "detections",
        GoldenKind.Classes => "classes",
        GoldenKind.Embedding => "an embedding",
        _ => "values",
    };
}
