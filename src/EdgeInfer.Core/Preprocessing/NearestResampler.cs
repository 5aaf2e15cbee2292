namespace EdgeInfer.Preprocessing;

/// <summary>OpenCV INTER_NEAREST; also the plain copy where nothing is scaled.</summary>
internal sealed unsafe class NearestResampler : RowResampler
{
    private readonly RowReader _rows;
    private readonly int[] _rowOf;
    private readonly int[] _offsetOf;
    private readonly bool _isWhole;
    private readonly NativeBuffer _output = new();

    /// <summary>Builds the index tables.</summary>
    public NearestResampler(RowReader rows, Axis x, Axis y)
    {
        _rows = rows;
        _rowOf = Indexes(y, 1);
        _offsetOf = Indexes(x, rows.PixelBytes);
        _isWhole = x.Source == x.Scaled && !x.IsReversed && rows.PixelBytes == 4;
        _output.Take(x.Count * 4L + 16);
    }

    /// <inheritdoc/>
    public override byte* Row(int y)
    {
        int[] offsets = _offsetOf;
        byte* output = _output.Take(0);
        byte* row = _rows.Row(_rowOf[y]);
        if (_isWhole) return row + offsets[0];
        for (int i = 0; i < offsets.Length; i++) ((uint*)output)[i] = *(uint*)(row + offsets[i]);
        return output;
    }

    /// <inheritdoc/>
    public override void Restart()
    {
    }

    /// <inheritdoc/>
    public override void Dispose() => _output.Dispose();

    private static int[] Indexes(Axis axis, int step)
    {
        int[] indexes = new int[axis.Count];
        double ratio = 1 / ((double)axis.Scaled / axis.Source);
        for (int i = 0; i < axis.Count; i++)
        {
            int index = Math.Min((int)Math.Floor((i + axis.First) * ratio), axis.Source - 1);
            indexes[i] = (axis.IsReversed ? axis.Source - 1 - index : index) * step;
        }

        return indexes;
    }
}
