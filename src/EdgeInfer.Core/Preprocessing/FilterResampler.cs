using System.Runtime.Intrinsics;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Weighted sums over runs of pixels, rows first. Each source row is summed horizontally once, into a ring that holds
/// as many rows as one output row needs.
/// </summary>
internal sealed unsafe class FilterResampler : RowResampler
{
    private readonly RowReader _rows;
    private readonly FilterTaps _vertical;
    private readonly Precision _precision;
    private readonly int _count;
    private readonly int _pixelBytes;
    private readonly int _ringRows;
    private readonly int[] _first;
    private readonly int[] _pairs;
    private readonly int _capacity;
    private readonly FixedWeights _horizontalWeights;
    private readonly FixedWeights _verticalWeights;
    private readonly Vector128<byte> _pairing;
    private readonly NativeBuffer _ringMemory = new();
    private readonly NativeBuffer _output = new();
    private readonly ushort* _ring;
    private readonly nint[] _rowAddresses;
    private int _nextRow;

    /// <summary>Takes the tables over.</summary>
    public FilterResampler(RowReader rows, FilterTaps horizontal, FilterTaps vertical, Precision precision)
    {
        _rows = rows;
        _vertical = vertical;
        _precision = precision;
        _count = horizontal.First.Length;
        _pixelBytes = rows.PixelBytes;
        _pairing = Simd.PixelPairing(_pixelBytes);
        _ringRows = vertical.Capacity + 1;
        _rowAddresses = new nint[vertical.Capacity];
        _first = horizontal.First;
        _pairs = Array.ConvertAll(horizontal.Length, length => (length + 1) / 2);
        _capacity = horizontal.Capacity;
        _horizontalWeights = new FixedWeights(horizontal.Weights, precision.WeightBits);
        _verticalWeights = new FixedWeights(vertical.Weights, precision.VerticalWeightBits);
        _ring = (ushort*)_ringMemory.Take((long)_ringRows * RowLength * sizeof(ushort));
        _output.Take(RowLength + 16);
    }

    /// <summary>Values of a row, to whole vectors.</summary>
    private int RowLength => (_count * 4 + 7) & ~7;

    /// <inheritdoc/>
    public override byte* Row(int y)
    {
        int first = _vertical.First[y];
        int length = _vertical.Length[y];
        if (_nextRow < first) _nextRow = first;
        for (; _nextRow < first + length; _nextRow++) SumRow(_rows.Row(_nextRow), RingRow(_nextRow));
        byte* output = _output.Take(0);
        SumRows(first, (length + 1) / 2, y * _vertical.Capacity / 2, output);
        return output;
    }

    /// <inheritdoc/>
    public override void Restart() => _nextRow = 0;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _ringMemory.Dispose();
        _output.Dispose();
    }

    private ushort* RingRow(int row) => _ring + (long)(row % _ringRows) * RowLength;

    private void SumRow(byte* row, ushort* target)
    {
        int shift = _precision.WeightBits - _precision.FractionBits;
        int step = _pixelBytes;
        bool isWide = _horizontalWeights.IsWide;
        Vector128<int> half = Vector128.Create(1 << (shift - 1));
        Vector128<int> most = Vector128.Create(255 << _precision.FractionBits);
        Vector128<byte> pairing = _pairing;
        fixed (ulong* allWeights = _horizontalWeights.Pairs)
        fixed (int* firsts = _first, pairs = _pairs)
        {
            for (int i = 0; i < _count; i++)
            {
                byte* at = row + firsts[i] * step;
                ulong* weights = allWeights + i * (_capacity / 2);
                Vector128<int> sum = half;
                Vector128<int> high = Vector128<int>.Zero;
                for (int k = 0; k < pairs[i]; k++, at += 2 * step)
                {
                    Vector128<short> pair = Simd.Lookup(Vector128.CreateScalar(*(ulong*)at).AsByte(), pairing).AsInt16();
                    sum += FixedWeights.LowSum(pair, weights[k]);
                    if (isWide) high += FixedWeights.HighSum(pair, weights[k]);
                }

                sum = Vector128.Min((sum + (high << FixedWeights.LowBits)) >> shift, most);
                Vector128.Narrow(sum, sum).GetLower().AsUInt16().Store(target + 4 * i);
            }
        }
    }

    private void SumRows(int first, int pairs, int weightIndex, byte* output)
    {
        int shift = _precision.VerticalWeightBits + _precision.FractionBits;
        Vector128<int> half = Vector128.Create(1 << (shift - 1));
        Vector128<int> most = Vector128.Create(255);
        bool isWide = _verticalWeights.IsWide;

        // The second row of an odd run's last pair weighs nothing; any row of the ring will do for it.
        for (int k = 0; k < 2 * pairs; k++) _rowAddresses[k] = (nint)RingRow(first + k);
        int length = RowLength;
        fixed (ulong* weights = &_verticalWeights.Pairs[weightIndex])
        fixed (nint* rows = _rowAddresses)
        {
            for (int i = 0; i < length; i += 8)
            {
                Vector128<int> lower = half;
                Vector128<int> upper = half;
                Vector128<int> lowerHigh = Vector128<int>.Zero;
                Vector128<int> upperHigh = Vector128<int>.Zero;
                for (int k = 0; k < pairs; k++)
                {
                    Vector128<ushort> a = Vector128.Load((ushort*)rows[2 * k] + i);
                    Vector128<ushort> b = Vector128.Load((ushort*)rows[2 * k + 1] + i);
                    Vector128<short> lowerPairs = Simd.InterleaveLower(a, b).AsInt16();
                    Vector128<short> upperPairs = Simd.InterleaveUpper(a, b).AsInt16();
                    lower += FixedWeights.LowSum(lowerPairs, weights[k]);
                    upper += FixedWeights.LowSum(upperPairs, weights[k]);
                    if (!isWide) continue;
                    lowerHigh += FixedWeights.HighSum(lowerPairs, weights[k]);
                    upperHigh += FixedWeights.HighSum(upperPairs, weights[k]);
                }

                lower = Vector128.Min((lower + (lowerHigh << FixedWeights.LowBits)) >> shift, most);
                upper = Vector128.Min((upper + (upperHigh << FixedWeights.LowBits)) >> shift, most);
                Vector128<ushort> words = Vector128.Narrow(lower, upper).AsUInt16();
                *(ulong*)(output + i) = Vector128.Narrow(words, words).AsUInt64().ToScalar();
            }
        }
    }
}
