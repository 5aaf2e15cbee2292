using EdgeInfer.Results;
using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Tests.Sources.Synthetic;

/// <summary>
/// Judges a detector as PASCAL VOC 2010 and later do: each detection, best score first, answers for the box of its class that it
/// overlaps most; a box is found once; average precision is the area under the precision envelope over all recall points.
/// Difficult boxes count neither as found nor as missed.
/// </summary>
internal sealed class MeanAveragePrecision(int classCount, float overlap = 0.5f)
{
    private readonly List<(float Score, bool IsHit)>[] _answers = [.. Enumerable.Range(0, classCount).Select(static _ => new List<(float, bool)>())];
    private readonly int[] _boxes = new int[classCount];

    /// <summary>The mean over the classes that have boxes.</summary>
    public double Mean => Enumerable.Range(0, classCount).Where(label => _boxes[label] > 0).Average(AveragePrecision);

    /// <summary>Counts one picture.</summary>
    public void Add(IEnumerable<Detection> detections, ReadOnlySpan<TruthBox> truth)
    {
        foreach (ref readonly TruthBox box in truth)
            if (!box.IsDifficult) _boxes[box.ClassIndex]++;
        bool[] isFound = new bool[truth.Length];
        // Stable, so that equal scores keep the detector's order.
        foreach (Detection detection in detections.OrderByDescending(static d => d.Score))
        {
            int best = -1;
            float most = 0;
            for (int i = 0; i < truth.Length; i++)
            {
                float share = truth[i].ClassIndex == detection.Class ? Overlap(detection, truth[i]) : 0;
                if (share <= most) continue;
                best = i;
                most = share;
            }

            bool isHit = best >= 0 && most >= overlap;
            if (isHit && truth[best].IsDifficult) continue;
            isHit = isHit && !isFound[best];
            if (isHit) isFound[best] = true;
            _answers[detection.Class].Add((detection.Score, isHit));
        }
    }

    /// <summary>Average precision of one class, 0 to 1.</summary>
    public double AveragePrecision(int label)
    {
        List<(float Score, bool IsHit)> answers = [.. _answers[label].OrderByDescending(static a => a.Score)];
        double[] precision = new double[answers.Count];
        int hits = 0;
        for (int i = 0; i < answers.Count; i++)
        {
            if (answers[i].IsHit) hits++;
            precision[i] = (double)hits / (i + 1);
        }

        double area = 0, envelope = 0;
        for (int i = answers.Count - 1; i >= 0; i--)
        {
            envelope = Math.Max(envelope, precision[i]);
            // Recall rises by one box at each hit.
            if (answers[i].IsHit) area += envelope / _boxes[label];
        }

        return area;
    }

    /// <summary>Precision and recall over all classes, of detections with at least this score.</summary>
    public (double Precision, double Recall) At(float threshold)
    {
        int found = 0, wrong = 0;
        foreach ((float score, bool isHit) in _answers.SelectMany(static a => a))
        {
            if (score < threshold) continue;
            if (isHit) found++;
            else wrong++;
        }

        return ((double)found / Math.Max(1, found + wrong), (double)found / Math.Max(1, _boxes.Sum()));
    }

    private static float Overlap(in Detection a, in TruthBox b)
    {
        float width = Math.Min(a.X + a.Width, b.X + b.Width) - Math.Max(a.X, b.X);
        float height = Math.Min(a.Y + a.Height, b.Y + b.Height) - Math.Max(a.Y, b.Y);
        if (width <= 0 || height <= 0) return 0;
        float inner = width * height;
        return inner / (a.Width * a.Height + b.Width * b.Height - inner);
    }
}
