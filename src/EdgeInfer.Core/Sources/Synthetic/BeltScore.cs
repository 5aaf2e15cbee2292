using EdgeInfer.Results;

namespace EdgeInfer.Sources.Synthetic;

/// <summary>
/// Counts how well predictions agree with the camera's own truth: a detection is right when it has the class of a part that no
/// better one took and overlaps it by at least half (IoU ≥ 0.5, as PASCAL VOC counts). Difficult parts count neither way.
/// </summary>
internal sealed class BeltScore(BeltTruth truth)
{
    private const float RightOverlap = 0.5f;

    private readonly TruthBox[] _boxes = new TruthBox[BeltTruth.MaxBoxes];
    private readonly bool[] _isTaken = new bool[BeltTruth.MaxBoxes];

    /// <summary>Detections that are right.</summary>
    public long Right { get; private set; }

    /// <summary>Detections of nothing.</summary>
    public long Wrong { get; private set; }

    /// <summary>Parts not found.</summary>
    public long Missed { get; private set; }

    /// <summary>Pictures compared.</summary>
    public long Frames { get; private set; }

    /// <summary>Share of the detections that are right; 1 where there are none.</summary>
    public double Precision => Right + Wrong == 0 ? 1 : (double)Right / (Right + Wrong);

    /// <summary>Share of the parts that were found; 1 where there are none.</summary>
    public double Recall => Right + Missed == 0 ? 1 : (double)Right / (Right + Missed);

    /// <summary>Compares one picture's detections, best first.</summary>
    /// <param name="frame">The picture's number.</param>
    /// <param name="detections">Boxes in the picture's pixels; classes as <see cref="BeltTruth.Labels"/> counts.</param>
    public void Add(long frame, IReadOnlyList<Detection> detections)
    {
        int count = truth.At(frame, _boxes);
        Array.Clear(_isTaken, 0, count);
        Frames++;
        foreach (Detection detection in detections)
        {
            int best = BestMatch(detection, count);
            if (best < 0) Wrong++;
            else if (!_boxes[best].IsDifficult) Right++;
            if (best >= 0) _isTaken[best] = true;
        }

        for (int i = 0; i < count; i++)
            if (!_isTaken[i] && !_boxes[i].IsDifficult) Missed++;
    }

    private int BestMatch(in Detection detection, int count)
    {
        int best = -1;
        float bestOverlap = RightOverlap;
        for (int i = 0; i < count; i++)
        {
            if (_isTaken[i] || _boxes[i].ClassIndex != detection.Class) continue;
            float overlap = Overlap(detection, _boxes[i]);
            if (overlap >= bestOverlap) (best, bestOverlap) = (i, overlap);
        }

        return best;
    }

    private static float Overlap(in Detection a, in TruthBox b)
    {
        float width = Math.Min(a.X + a.Width, b.X + b.Width) - Math.Max(a.X, b.X);
        float height = Math.Min(a.Y + a.Height, b.Y + b.Height) - Math.Max(a.Y, b.Y);
        if (width <= 0 || height <= 0) return 0;
        float shared = width * height;
        return shared / (a.Width * a.Height + b.Width * b.Height - shared);
    }
}
