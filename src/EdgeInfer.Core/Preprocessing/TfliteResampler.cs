using System.Runtime.Intrinsics;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// TensorFlow Lite's ResizeBilinear for bytes, with align_corners and half_pixel_centers false, in its reference kernel's arithmetic:
/// float32, the four products in its order, and the fraction cut off, as its label_image example does too. (Its kernels
/// for int8 round, and for float there is nothing to cut: those go to <see cref="LinearResampler"/>.)
/// </summary>
internal sealed unsafe class TfliteResampler : RowResampler
{
    private readonly RowReader _rows;
    private readonly Taps _x;
    private readonly Taps _y;
    private readonly int _step;
    private readonly int _rowBytes;
    private readonly NativeBuffer _upperRow = new();
    private readonly NativeBuffer _lowerRow = new();
    private readonly NativeBuffer _output = new();
    private byte* _upper;
    private byte* _lower;
    private int _upperIndex = -1;
    private int _lowerIndex = -1;

    /// <summary>Builds the tables.</summary>
    public TfliteResampler(RowReader rows, Axis x, Axis y)
    {
        _rows = rows;
        _step = rows.PixelBytes;
        _rowBytes = x.Source * _step;
        _x = new Taps(x);
        _y = new Taps(y);
        _upper = _upperRow.Take(_rowBytes);
        _lower = _lowerRow.Take(_rowBytes);
        _output.Take(x.Count * 4L);
    }

    /// <inheritdoc/>
    public override byte* Row(int y)
    {
        // Stored order: the farther of the two upright rows may come first.
        int near = _y.Near[y];
        int far = _y.Far[y];
        byte* nearRow = Kept(near, far);
        byte* farRow = far == near ? nearRow : Kept(far, near);
        byte* output = _output.Take(0);
        Blend(nearRow, farRow, _y.Fraction[y], (uint*)output);
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
        _upperRow.Dispose();
        _lowerRow.Dispose();
        _output.Dispose();
    }

    /// <summary>A copy of a row, in the place of the one that the other is not in.</summary>
    private byte* Kept(int index, int other)
    {
        if (index == _upperIndex) return _upper;
        if (index == _lowerIndex) return _lower;
        if (_upperIndex == other)
        {
            (_upperIndex, _lowerIndex) = (_lowerIndex, _upperIndex);
            byte* upper = _upper;
            _upper = _lower;
            _lower = upper;
        }

        Buffer.MemoryCopy(_rows.Row(index), _upper, _rowBytes, _rowBytes);
        _upperIndex = index;
        return _upper;
    }

    private void Blend(byte* nearRow, byte* farRow, float down, uint* output)
    {
        int step = _step;
        float up = 1 - down;
        for (int i = 0; i < _x.Near.Length; i++)
        {
            int near = _x.Near[i] * step;
            int far = _x.Far[i] * step;
            float right = _x.Fraction[i];
            float left = 1 - right;
            Vector128<float> sum = Pixel(nearRow + near) * up * left + Pixel(farRow + near) * down * left
                + Pixel(nearRow + far) * up * right + Pixel(farRow + far) * down * right;
            Vector128<int> levels = Vector128.ConvertToInt32(sum);
            Vector128<short> words = Vector128.Narrow(levels, levels);
            output[i] = Vector128.Narrow(words.AsUInt16(), words.AsUInt16()).AsUInt32().ToScalar();
        }
    }

    private static Vector128<float> Pixel(byte* at)
        => Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(*(uint*)at).AsByte())).AsInt32());

    /// <summary>For each position the two stored pixels and how far behind the first it lies.</summary>
    private sealed class Taps
    {
        public Taps(Axis axis)
        {
            Near = new int[axis.Count];
            Far = new int[axis.Count];
            Fraction = new float[axis.Count];
            float ratio = (float)axis.Source / axis.Scaled;
            int last = axis.Source - 1;
            for (int i = 0; i < axis.Count; i++)
            {
                float position = (i + axis.First) * ratio;
                int before = Math.Min((int)MathF.Floor(position), last);
                int behind = Math.Min((int)MathF.Ceiling(position), last);
                Fraction[i] = position - before;
                Near[i] = axis.IsReversed ? last - before : before;
                Far[i] = axis.IsReversed ? last - behind : behind;
            }
        }

        public int[] Near { get; }

        public int[] Far { get; }

        public float[] Fraction { get; }
    }
}
