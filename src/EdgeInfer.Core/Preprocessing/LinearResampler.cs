using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Interpolates between two pixels in each direction, in the fixed point of OpenCV's INTER_LINEAR: rows are blended
/// horizontally into 15-bit values and kept, as one source row often serves two output rows, then blended vertically.
/// </summary>
internal sealed unsafe class LinearResampler : RowResampler
{
    private readonly RowReader _rows;
    private readonly LinearTaps _vertical;
    private readonly int _count;
    private readonly NativeBuffer _tables = new();
    private readonly NativeBuffer _upperRow = new();
    private readonly NativeBuffer _lowerRow = new();
    private readonly NativeBuffer _output = new();
    private readonly Vector128<byte> _pairing;
    private int* _offsets;
    private int* _weights;
    private short* _upper;
    private short* _lower;
    private int _upperIndex;
    private int _lowerIndex;

    /// <summary>Takes the tables over.</summary>
    public LinearResampler(RowReader rows, LinearTaps horizontal, LinearTaps vertical)
    {
        _rows = rows;
        _vertical = vertical;
        _count = horizontal.First.Length;
        int step = rows.PixelBytes;

        // The byte order in which a pixel and its right neighbour, read as eight bytes, are multiplied.
        _pairing = Sse2.IsSupported
            ? Simd.PixelPairing(step)
            : Vector128.Create(0, 1, 2, 255, (byte)step, (byte)(step + 1), (byte)(step + 2), 255, 255, 255, 255, 255, 255, 255, 255, 255);
        Prepare(horizontal, step);
        Restart();
    }

    /// <inheritdoc/>
    public override byte* Row(int y)
    {
        int first = _vertical.First[y];
        int second = _vertical.Second[y];
        int weight = _vertical.Weight[y];
        if (first == _lowerIndex) Swap();
        if (first != _upperIndex) Blend(first, _upper, ref _upperIndex);
        short* other = _upper;
        if (second != first)
        {
            if (second != _lowerIndex) Blend(second, _lower, ref _lowerIndex);
            other = _lower;
        }

        byte* output = _output.Take(0);
        BlendRows(_upper, other, (short)(LinearTaps.One - weight), (short)weight, output, _count * 4);
        return output;
    }

    /// <inheritdoc/>
    public override void Restart()
    {
        _upperIndex = -1;
        _lowerIndex = -1;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _tables.Dispose();
        _upperRow.Dispose();
        _lowerRow.Dispose();
        _output.Dispose();
    }

    private void Prepare(LinearTaps taps, int step)
    {
        _offsets = (int*)_tables.Take(_count * 8L);
        _weights = _offsets + _count;
        for (int i = 0; i < _count; i++)
        {
            // The pair read is always a pixel and its right neighbour; at an edge all weight goes to the pixel that exists.
            bool isEdge = taps.First[i] == taps.Second[i];
            int weight = isEdge ? 0 : taps.Weight[i];
            _offsets[i] = taps.First[i] * step;
            _weights[i] = (LinearTaps.One - weight) | weight << 16;
        }

        _upper = (short*)_upperRow.Take(_count * 8L + 16);
        _lower = (short*)_lowerRow.Take(_count * 8L + 16);
        _output.Take(_count * 4L + 16);
    }

    private void Swap()
    {
        short* upper = _upper;
        _upper = _lower;
        _lower = upper;
        (_upperIndex, _lowerIndex) = (_lowerIndex, _upperIndex);
    }

    private void Blend(int index, short* target, ref int targetIndex)
    {
        byte* row = _rows.Row(index);
        targetIndex = index;
        int* offsets = _offsets;
        int* weights = _weights;
        Vector128<byte> pairing = _pairing;
        int count = _count;
        int i = 0;
        if (Sse2.IsSupported)
        {
            for (; i < count - 1; i += 2)
            {
                Vector128<byte> left = Simd.Lookup(Vector128.CreateScalar(*(ulong*)(row + offsets[i])).AsByte(), pairing);
                Vector128<byte> right = Simd.Lookup(Vector128.CreateScalar(*(ulong*)(row + offsets[i + 1])).AsByte(), pairing);
                Vector128<int> leftSums = Sse2.MultiplyAddAdjacent(left.AsInt16(), Vector128.Create(weights[i]).AsInt16()) >> 4;
                Vector128<int> rightSums = Sse2.MultiplyAddAdjacent(right.AsInt16(), Vector128.Create(weights[i + 1]).AsInt16()) >> 4;
                Sse2.PackSignedSaturate(leftSums, rightSums).Store(target + 4 * i);
            }
        }

        for (; i < count; i++)
        {
            Vector128<byte> pair = Simd.Lookup(Vector128.CreateScalar(*(ulong*)(row + offsets[i])).AsByte(), pairing);
            BlendPair(pair, weights[i]).Store((ushort*)target + 4 * i);
        }
    }

    /// <summary>(2048 − w)·left + w·right, shifted down to 15 bits, for the four bytes of a pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector64<ushort> BlendPair(Vector128<byte> pair, int weights)
    {
        if (Sse2.IsSupported)
        {
            Vector128<int> sums = Sse2.MultiplyAddAdjacent(pair.AsInt16(), Vector128.Create(weights).AsInt16()) >> 4;
            return Sse2.PackSignedSaturate(sums, sums).AsUInt16().GetLower();
        }

        Vector128<ushort> wide = Vector128.WidenLower(pair);
        if (AdvSimd.IsSupported)
        {
            Vector64<ushort> both = Vector64.Create(weights).AsUInt16();
            Vector128<uint> left = AdvSimd.MultiplyBySelectedScalarWideningLower(wide.GetLower(), both, 0);
            Vector128<uint> blend = AdvSimd.MultiplyBySelectedScalarWideningLowerAndAdd(left, wide.GetUpper(), both, 1);
            return AdvSimd.ShiftRightLogicalNarrowingLower(blend, 4);
        }

        Vector128<uint> sum = Vector128.WidenLower(wide) * (uint)(weights & 0xFFFF) + Vector128.WidenUpper(wide) * (uint)(weights >> 16);
        return Vector128.Narrow(sum >> 4, sum >> 4).GetLower();
    }

    private static void BlendRows(short* upper, short* lower, short upperWeight, short lowerWeight, byte* output, int count)
    {
        Vector128<short> a = Vector128.Create(upperWeight);
        Vector128<short> b = Vector128.Create(lowerWeight);
        Vector128<short> two = Vector128.Create((short)2);
        for (int i = 0; i < count; i += 16)
        {
            Vector128<short> low = Simd.MultiplyHigh(Vector128.Load(upper + i), a) + Simd.MultiplyHigh(Vector128.Load(lower + i), b) + two;
            Vector128<short> high = Simd.MultiplyHigh(Vector128.Load(upper + i + 8), a) + Simd.MultiplyHigh(Vector128.Load(lower + i + 8), b) + two;
            Vector128.Narrow((low >> 2).AsUInt16(), (high >> 2).AsUInt16()).Store(output + i);
        }
    }
}
