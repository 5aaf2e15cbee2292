using System.Runtime.InteropServices;
using EdgeInfer.Results;

namespace EdgeInfer.Sinks;

/// <summary>
/// What counts as a change for <c>on-change</c>: for detections the multiset of labels (how many of each class, wherever they are), for
/// classifications the best class, for raw outputs the numbers themselves. Allocates nothing once warm. One thread at a time.
/// </summary>
/// <param name="shape">Which results the model gives.</param>
internal sealed class ResultChange(ResultShape shape)
{
    private const int NoClass = -1;
    private int[] _counts = [];
    private int[] _publishedCounts = [];
    private int _best;
    private int _publishedBest = NoClass - 1;
    private float[] _values = [];
    private float[] _publishedValues = [];
    private int _valueCount;
    private int _publishedValueCount = -1;

    /// <summary>Takes a result in and says whether it differs from the last one marked as published.</summary>
    public bool Differs(Prediction prediction)
    {
        switch (shape)
        {
            case ResultShape.Detections:
                Count(prediction);
                return !_counts.AsSpan().SequenceEqual(_publishedCounts);
            case ResultShape.Classes:
                _best = prediction.Classes.Count == 0 ? NoClass : prediction.Classes[0].Class;
                return _best != _publishedBest;
            default:
                _valueCount = prediction.RawValues.Count;
                if (_values.Length < _valueCount) Array.Resize(ref _values, _valueCount);
                CollectionsMarshal.AsSpan(prediction.RawValues).CopyTo(_values);
                return !_values.AsSpan(0, _valueCount).SequenceEqual(_publishedValues.AsSpan(0, Math.Max(0, _publishedValueCount)))
                    || _publishedValueCount < 0;
        }
    }

    /// <summary>The result taken in last is the one published now.</summary>
    public void MarkPublished()
    {
        _counts.CopyTo(_publishedCounts, 0);
        _publishedBest = _best;
        if (_publishedValues.Length < _valueCount) Array.Resize(ref _publishedValues, _valueCount);
        _values.AsSpan(0, _valueCount).CopyTo(_publishedValues);
        _publishedValueCount = _valueCount;
    }

    private void Count(Prediction prediction)
    {
        Array.Clear(_counts);
        foreach (ref readonly Detection detection in CollectionsMarshal.AsSpan(prediction.Detections))
        {
            int @class = Math.Max(0, detection.Class);
            if (@class >= _counts.Length)
            {
                Array.Resize(ref _counts, @class + 1);
                Array.Resize(ref _publishedCounts, @class + 1);
            }

            _counts[@class]++;
        }
    }
}
