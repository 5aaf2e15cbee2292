using System.Runtime.Intrinsics;

namespace EdgeInfer.Preprocessing;

/// <summary>Bilinear interpolation of one plane of bytes, for the fast kernel: seven-bit weights, rows kept while they serve.</summary>
internal sealed unsafe class PlaneBlender : IDisposable
{
    private const int WeightBits = 7;
    private const float VerticalOne = 32767;

    private readonly int _count;
    private readonly int _step;
    private readonly bool _isCopy;
    private readonly int[] _rowOf;
    private readonly short[] _rowWeight;
    private readonly NativeBuffer _memory = new();
    private readonly int* _offsets;
    private readonly short* _weights;
    private readonly ushort* _pairs;
    private readonly short* _output;
    private readonly int _lastRow;
    private short* _upper;
    private short* _lower;
    private int _upperIndex;
    private int _lowerIndex;

    /// <summary>Builds the tables.</summary>
    /// <param name="x">Columns; one step of the scaled axis may stand for two pixels, as it does for chroma.</param>
    /// <param name="y">Rows.</param>
    /// <param name="step">Bytes from one sample of a row to the next.</param>
    public PlaneBlender(PlaneAxis x, PlaneAxis y, int step)
    {
        _count = x.Count;
        _isCopy = x.IsCopy && y.IsCopy && step == 1;
        int room = (x.Count + 31) & ~15;
        byte* memory = _memory.Take(room * 14L);
        _offsets = (int*)memory;
        _weights = (short*)(memory + room * 4L);
        _pairs = (ushort*)(memory + room * 6L);
        _output = (short*)(memory + room * 8L);
        _upper = (short*)(memory + room * 10L);
        _lower = (short*)(memory + room * 12L);
        new Span<byte>(memory, room * 14).Clear();
        for (int i = 0; i < x.Count; i++)
        {
            // The last sample is the right one of a pair: behind it somebody else's memory may begin.
            int before = x.Locate(i, out float fraction);
            bool isLast = before == x.Highest && before > x.Lowest;
            _offsets[i] = (isLast ? before - 1 : before) * step;
            _weights[i] = isLast ? (short)(1 << WeightBits) : (short)MathF.Round(fraction * (1 << WeightBits));
        }

        _step = x.Highest > x.Lowest ? step : 0;
        _lastRow = y.Highest;
        _rowOf = new int[y.Count];
        _rowWeight = new short[y.Count];
        for (int i = 0; i < y.Count; i++)
        {
            _rowOf[i] = y.Locate(i, out float fraction);
            _rowWeight[i] = (short)MathF.Round(fraction * VerticalOne);
        }

        Restart();
    }

    /// <summary>Forgets the rows of the last picture.</summary>
    public void Restart()
    {
        _upperIndex = -1;
        _lowerIndex = -1;
    }

    /// <summary>One scaled row of values 0 to 255, valid until the next call; room for whole vectors of sixteen.</summary>
    public short* Row(byte* plane, int stride, int y)
    {
        int first = _rowOf[y];
        if (_isCopy) return Widen(plane + (long)first * stride + _offsets[0]);
        int second = Math.Min(first + 1, _lastRow);
        if (first == _lowerIndex)
        {
            short* upper = _upper;
            _upper = _lower;
            _lower = upper;
            _lowerIndex = _upperIndex;
            _upperIndex = first;
        }

        if (first != _upperIndex) Blend(plane + (long)first * stride, _upper);
        _upperIndex = first;
        if (_rowWeight[y] != 0 && second != _lowerIndex)
        {
            Blend(plane + (long)second * stride, _lower);
            _lowerIndex = second;
        }

        BlendRows(_rowWeight[y]);
        return _output;
    }

    /// <summary>Frees tables and rows.</summary>
    public void Dispose() => _memory.Dispose();

    private short* Widen(byte* row)
    {
        int i = 0;
        for (; i <= _count - 16; i += 16)
        {
            Vector128<byte> levels = Vector128.Load(row + i);
            Vector128.WidenLower(levels).AsInt16().Store(_output + i);
            Vector128.WidenUpper(levels).AsInt16().Store(_output + i + 8);
        }

        for (; i < _count; i++) _output[i] = row[i];
        return _output;
    }

    private void Blend(byte* row, short* target)
    {
        int* offsets = _offsets;
        ushort* pairs = _pairs;
        int count = _count;
        int step = _step;
        if (step == 1)
        {
            for (int i = 0; i < count; i++) pairs[i] = *(ushort*)(row + offsets[i]);
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                byte* sample = row + offsets[i];
                pairs[i] = (ushort)(sample[0] | sample[step] << 8);
            }
        }

        Vector128<ushort> low = Vector128.Create((ushort)0xFF);
        for (int i = 0; i < count; i += 8)
        {
            Vector128<ushort> pair = Vector128.Load(pairs + i);
            Vector128<short> left = (pair & low).AsInt16();
            Vector128<short> right = (pair >> 8).AsInt16();
            ((left << WeightBits) + (right - left) * Vector128.Load(_weights + i)).Store(target + i);
        }
    }

    private void BlendRows(short weight)
    {
        Vector128<short> lowerWeight = Vector128.Create(weight);
        Vector128<short> upperWeight = Vector128.Create((short)(VerticalOne - weight));
        Vector128<short> half = Vector128.Create((short)32);
        for (int i = 0; i < _count; i += 8)
        {
            Vector128<short> sum = Simd.MultiplyHigh(Vector128.Load(_upper + i), upperWeight) + Simd.MultiplyHigh(Vector128.Load(_lower + i), lowerWeight);
            ((sum + half) >> 6).Store(_output + i);
        }
    }
}
