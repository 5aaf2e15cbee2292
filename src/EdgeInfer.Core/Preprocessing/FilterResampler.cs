using System.Runtime.CompilerServices;
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
    private readonly int[] _length;
    private readonly int _capacity;
    private readonly int[] _horizontalWeights;
    private readonly int[] _verticalWeights;
    private readonly NativeBuffer _ringMemory = new();
    private readonly NativeBuffer _output = new();
    private readonly ushort* _ring;
    private int _nextRow;

    /// <summary>Takes the tables over.</summary>
    public FilterResampler(RowReader rows, FilterTaps horizontal, FilterTaps vertical, Precision precision)
    {
        _rows = rows;
        _vertical = vertical;
        _precision = precision;
        _count = horizontal.First.Length;
        _pixelBytes = rows.PixelBytes;
        _ringRows = vertical.Capacity + 1;
        _first = horizontal.First;
        _length = horizontal.Length;
        _capacity = horizontal.Capacity;
        _horizontalWeights = FixedPoint(horizontal.Weights, precision.WeightBits);
        _verticalWeights = FixedPoint(vertical.Weights, precision.VerticalWeightBits);
        _ring = (ushort*)_ringMemory.Take((long)_ringRows * _count * 8);
        _output.Take(_count * 4L + 16);
    }

    /// <summary>As Pillow computes: 22-bit weights, rounded to whole grey levels between the directions.</summary>
    public static Precision PillowPrecision => new(22, 0, 22);

    /// <summary>OpenCV sums in floating point; seven further bits between the directions and 14-bit weights stay within half a grey level of it.</summary>
    public static Precision AreaPrecision => new(22, 7, 14);

    /// <inheritdoc/>
    public override byte* Row(int y)
    {
        int first = _vertical.First[y];
        int length = _vertical.Length[y];
        if (_nextRow < first) _nextRow = first;
        for (; _nextRow < first + length; _nextRow++) SumRow(_rows.Row(_nextRow), _ring + (long)(_nextRow % _ringRows) * _count * 4);
        byte* output = _output.Take(0);
        fixed (int* weights = &_verticalWeights[y * _vertical.Capacity]) SumRows(first, length, weights, output);
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

    private static int[] FixedPoint(double[] weights, int bits)
    {
        int[] result = new int[weights.Length];
        for (int i = 0; i < weights.Length; i++) result[i] = (int)(0.5 + weights[i] * (1 << bits));
        return result;
    }

    private void SumRow(byte* row, ushort* target)
    {
        int shift = _precision.WeightBits - _precision.FractionBits;
        int pixelBytes = _pixelBytes;
        Vector128<int> half = Vector128.Create(1 << (shift - 1));
        Vector128<int> most = Vector128.Create(255 << _precision.FractionBits);
        fixed (int* allWeights = _horizontalWeights, firsts = _first, lengths = _length)
        {
            for (int i = 0; i < _count; i++)
            {
                byte* at = row + firsts[i] * pixelBytes;
                int* weights = allWeights + i * _capacity;
                Vector128<int> sum = half;
                for (int k = 0; k < lengths[i]; k++, at += pixelBytes) sum += Load(at) * weights[k];
                sum = Vector128.Min(sum >> shift, most);
                Vector128.Narrow(sum, sum).GetLower().AsUInt16().Store(target + 4 * i);
            }
        }
    }

    private void SumRows(int first, int length, int* weights, byte* output)
    {
        int shift = _precision.VerticalWeightBits + _precision.FractionBits;
        Vector128<int> half = Vector128.Create(1 << (shift - 1));
        Vector128<int> most = Vector128.Create(255);
        long rowLength = (long)_count * 4;
        for (int i = 0; i < rowLength; i += 4)
        {
            Vector128<int> sum = half;
            int slot = first % _ringRows;
            for (int k = 0; k < length; k++)
            {
                sum += Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)(_ring + slot * rowLength + i)).AsUInt16()).AsInt32() * weights[k];
                if (++slot == _ringRows) slot = 0;
            }

            sum = Vector128.Min(sum >> shift, most);
            Vector128<short> words = Vector128.Narrow(sum, sum);
            *(uint*)(output + i) = Vector128.Narrow(words.AsUInt16(), words.AsUInt16()).AsUInt32().ToScalar();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Load(byte* pixel)
        => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(*(uint*)pixel).AsByte())).AsInt32();

    /// <summary>The fixed point of the sums.</summary>
    /// <param name="WeightBits">Fraction bits of horizontal weights.</param>
    /// <param name="FractionBits">Fraction bits of a pixel between the directions.</param>
    /// <param name="VerticalWeightBits">Fraction bits of vertical weights.</param>
    internal readonly record struct Precision(int WeightBits, int FractionBits, int VerticalWeightBits);
}
