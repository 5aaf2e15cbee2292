using EdgeInfer.Models;

namespace EdgeInfer.Postprocessing;

/// <summary>
/// Greedy non-maximum suppression: candidates by falling score, equal scores in the order added; one goes when its intersection over union with
/// a kept one is above the threshold. Gives them one by one, so that a caller with enough stops there. Memory is kept from frame to frame.
/// </summary>
internal sealed class Suppression(NmsOptions options)
{
    private Candidate[] _candidates = new Candidate[256];
    private ulong[] _order = new ulong[256];
    private Candidate[] _kept = new Candidate[64];
    private int _count;
    private int _keptCount;
    private int _next;

    /// <summary>Candidates added.</summary>
    public int Count => _count;

    /// <summary>Forgets the last frame.</summary>
    public void Clear()
    {
        _count = 0;
        _keptCount = 0;
        _next = 0;
    }

    /// <summary>Adds a candidate; one that is no box is dropped, since it overlaps nothing.</summary>
    /// <param name="candidate">Its score is finite and at least 0.</param>
    public void Add(in Candidate candidate)
    {
        if (!candidate.IsBox) return;
        if (_count == _candidates.Length)
        {
            Array.Resize(ref _candidates, _count * 2);
            Array.Resize(ref _order, _count * 2);
        }

        _candidates[_count++] = candidate;
    }

    /// <summary>Puts the candidates in order; called once, before the first <see cref="TryNext"/>.</summary>
    public void Sort()
    {
        // The bits of positive floats order as the numbers do, so one plain integer sort does it, ties by index included. A comparer would
        // cost a delegate a frame. Adding 0 makes -0 a positive zero.
        for (int i = 0; i < _count; i++)
        {
            _order[i] = ((ulong)~BitConverter.SingleToUInt32Bits(_candidates[i].Score + 0f) << 32) | (uint)i;
        }

        _order.AsSpan(0, _count).Sort();
    }

    /// <summary>The next best one that no better one suppresses.</summary>
    public bool TryNext(out Candidate candidate)
    {
        while (_next < _count)
        {
            candidate = _candidates[(uint)_order[_next++]];
            if (options.Mode == NmsMode.Off) return true;
            if (IsSuppressed(candidate)) continue;
            if (_keptCount == _kept.Length) Array.Resize(ref _kept, _keptCount * 2);
            _kept[_keptCount++] = candidate;
            return true;
        }

        candidate = default;
        return false;
    }

    private bool IsSuppressed(in Candidate candidate)
    {
        bool isPerClass = options.Mode == NmsMode.PerClass;
        float area = candidate.Area;
        foreach (ref readonly Candidate kept in _kept.AsSpan(0, _keptCount))
        {
            if (isPerClass && kept.Class != candidate.Class) continue;
            float width = MathF.Min(kept.Right, candidate.Right) - MathF.Max(kept.Left, candidate.Left);
            float height = MathF.Min(kept.Bottom, candidate.Bottom) - MathF.Max(kept.Top, candidate.Top);
            if (width <= 0 || height <= 0) continue;
            float intersection = width * height;
            if (intersection / (kept.Area + area - intersection) > options.Iou) return true;
        }

        return false;
    }
}
