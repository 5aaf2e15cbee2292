namespace EdgeInfer.Gate;

/// <summary>
/// COCO's average precision at an overlap of 0.50, over all sizes, with at most 100 boxes of a label and picture: in each picture the boxes
/// of a label take, best score first, the free true box that they overlap the most; over all pictures, precision is made to fall with
/// recall and is read at recalls of 0, 0.01 … 1. The mean is over the labels that the ground truth has.
/// </summary>
internal sealed class MeanAveragePrecision
{
    /// <summary>Pictures below which the figure says little.</summary>
    public const int LeastPictures = 20;

    private const double LeastOverlap = 0.5;
    private const int MostBoxes = 100;
    private const int Recalls = 101;

    private readonly Dictionary<string, LabelResults> _labels = [];

    /// <summary>Pictures so far.</summary>
    public int Pictures { get; private set; }

    /// <summary>The figure, 0 to 1; null where the ground truth has no box at all.</summary>
    public double? Value => _labels.Values.Where(static l => l.Truths > 0).Select(static l => (double?)l.AveragePrecision()).Average();

    /// <summary>Adds a picture.</summary>
    /// <param name="truth">What is there.</param>
    /// <param name="found">What was found; boxes of equal score in the model's order.</param>
    public void Add(IReadOnlyList<GoldenBox> truth, IReadOnlyList<GoldenBox> found)
    {
        Pictures++;
        foreach (string label in truth.Concat(found).Select(static b => b.Label).Distinct().ToArray())
        {
            if (!_labels.TryGetValue(label, out LabelResults? results)) _labels.Add(label, results = new());
            results.Add([.. truth.Where(b => b.Label == label)], [.. found.Where(b => b.Label == label).OrderByDescending(static b => b.Score).Take(MostBoxes)]);
        }
    }

    private sealed class LabelResults
    {
        private readonly List<(double Score, bool IsTrue)> _found = [];

        public int Truths { get; private set; }

        public void Add(GoldenBox[] truth, GoldenBox[] found)
        {
            Truths += truth.Length;
            bool[] isTaken = new bool[truth.Length];
            foreach (GoldenBox box in found)
            {
                int taken = -1;
                double best = LeastOverlap;
                for (int t = 0; t < truth.Length; t++)
                {
                    if (isTaken[t] || box.Overlap(truth[t]) is var overlap && overlap < best) continue;
                    (best, taken) = (box.Overlap(truth[t]), t);
                }

                if (taken >= 0) isTaken[taken] = true;
                _found.Add((box.Score, taken >= 0));
            }
        }

        public double AveragePrecision()
        {
            double[] recall = new double[_found.Count], precision = new double[_found.Count];
            int count = 0, right = 0;
            foreach ((_, bool isTrue) in _found.OrderByDescending(static f => f.Score))
            {
                if (isTrue) right++;
                recall[count] = (double)right / Truths;
                precision[count] = (double)right / (count + 1);
                count++;
            }

            for (int i = count - 2; i >= 0; i--) precision[i] = Math.Max(precision[i], precision[i + 1]);
            double sum = 0;
            for (int r = 0, at = 0; r < Recalls; r++)
            {
                // As the reference's table has them: 35 × 0.01 is a little more than 0.35.
                double wanted = r == Recalls - 1 ? 1 : r * 0.01;
                while (at < count && recall[at] < wanted) at++;
                if (at < count) sum += precision[at];
            }

            return sum / Recalls;
        }
    }
}
