using EdgeInfer.Models;

namespace EdgeInfer.Postprocessing;

/// <summary>
/// Greedy non-maximum suppression: candidates by falling score, equal scores in the order added; one goes when its intersection over union with
/// a kept one is above the threshold. Gives them one by one, so that a caller with enough stops there. Memory is kept from frame to frame.
/// </summary>
internal sealed class Suppression(NmsOptions options)
{
    private Candidate[] _candidates = new Candidate[256];
    private ulong[] _heap = new ulong[256];
    private Candidate[] _kept = new Candidate[64];
    private int _count;
    private int _keptCount;
    private int _waiting;

    /// <summary>Candidates added.</summary>
    public int Count => _count;

    /// <summary>Forgets the last frame.</summary>
    public void Clear()
    {
        _count = 0;
        _keptCount = 0;
        _waiting = 0;
    }

    /// <summary>Adds a candidate; one that is no box is dropped, since it overlaps nothing.</summary>
    /// <param name="candidate">Its score is finite and at least 0.</param>
    public void Add(in Candidate candidate)
    {
        if (!candidate.IsBox) return;
        if (_count == _candidates.Length)
        {
            Array.Resize(ref _candidates, _count * 2);
            Array.Resize(ref _heap, _count * 2);
        }

        _candidates[_count++] = candidate;
    }

    /// <summary>Makes ready to give the candidates in order; called once, before the first <see cref="TryNext"/>.</summary>
    public void Sort()
    {
        // The bits of positive floats order as the numbers do, so one plain integer holds score and, for ties, index. Adding 0 makes -0 a
        // positive zero.
        for (int i = 0; i < _count; i++) _heap[i] = ((ulong)~BitConverter.SingleToUInt32Bits(_candidates[i].Score + 0f) << 32) | (uint)i;
        // A heap, since a caller seldom wants all of them; and Span.Sort makes a delegate at each call when compiled ahead of time (48 bytes a frame).
        _waiting = _count;
        for (int i = _count / 2 - 1; i >= 0; i--) SiftDown(i);
    }

    /// <summary>The next best one that no better one suppresses.</summary>
    public bool TryNext(out Candidate candidate)
    {
        while (_waiting > 0)
        {
            candidate = _candidates[(uint)_heap[0]];
            _heap[0] = _heap[--_waiting];
            SiftDown(0);
            if (options.Mode == NmsMode.Off) return true;
            if (IsSuppressed(candidate)) continue;
            if (_keptCount == _kept.Length) Array.Resize(ref _kept, _keptCount * 2);
            _kept[_keptCount++] = candidate;
            return true;
        }

        candidate = default;
        return false;
    }

    // The smallest key, which is the best candidate, stays on top.
    private void SiftDown(int place)
    {
        ulong key = _heap[place];
        while (true)
        {
            int child = 2 * place + 1;
            if (child >= _waiting) break;
            if (child + 1 < _waiting && _heap[child + 1] < _heap[child]) child++;
            if (_heap[child] >= key) break;
            _heap[place] = _heap[child];
            place = child;
        }

        _heap[place] = key;
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
