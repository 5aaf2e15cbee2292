using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeInfer.Postprocessing;

/// <summary>Finds the best class of each anchor. NaN loses every comparison, so it is never the best.</summary>
internal static class ScoreScan
{
    /// <summary>For each anchor the best of its classes, where the classes are rows and the anchors columns.</summary>
    /// <param name="scores">From the first class's row on.</param>
    /// <param name="stride">Anchors in a row.</param>
    /// <param name="classes">Rows.</param>
    /// <param name="start">First anchor.</param>
    /// <param name="best">One per anchor from <paramref name="start"/> on.</param>
    public static void BestOfColumns(ReadOnlySpan<float> scores, int stride, int classes, int start, Span<float> best)
    {
        best.Fill(float.NegativeInfinity);
        for (int c = 0; c < classes; c++)
        {
            ReadOnlySpan<float> row = scores.Slice(c * stride + start, best.Length);
            ReadOnlySpan<Vector<float>> wideRow = MemoryMarshal.Cast<float, Vector<float>>(row);
            Span<Vector<float>> wideBest = MemoryMarshal.Cast<float, Vector<float>>(best);
            for (int i = 0; i < wideBest.Length; i++)
            {
                Vector<float> score = wideRow[i];
                Vector<float> known = wideBest[i];
                // Not Vector.Max, which passes NaN on.
                wideBest[i] = Vector.ConditionalSelect(Vector.GreaterThan(score, known), score, known);
            }

            for (int i = wideBest.Length * Vector<float>.Count; i < best.Length; i++)
            {
                if (row[i] > best[i]) best[i] = row[i];
            }
        }
    }

    /// <summary>The first class that has the best score, where an anchor's classes lie <paramref name="stride"/> apart.</summary>
    /// <param name="scores">From the anchor's first class on.</param>
    /// <param name="stride">Distance of two classes.</param>
    /// <param name="classes">How many.</param>
    /// <param name="skip">A class that does not count; −1 for none.</param>
    /// <param name="best">Its score; negative infinity where there is none.</param>
    /// <returns>The class; −1 where none is a number above negative infinity.</returns>
    public static int Best(ReadOnlySpan<float> scores, int stride, int classes, int skip, out float best)
    {
        int found = -1;
        best = float.NegativeInfinity;
        for (int c = 0, i = 0; c < classes; c++, i += stride)
        {
            if (!(scores[i] > best) || c == skip) continue;
            best = scores[i];
            found = c;
        }

        return found;
    }
}
