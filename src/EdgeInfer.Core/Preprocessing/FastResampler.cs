namespace EdgeInfer.Preprocessing;

/// <summary>
/// The fast kernel on a JPEG's planes: luma and chroma are scaled by themselves, chroma to half the columns and rows, and only
/// the pixels of the result are converted to RGB.
/// </summary>
internal sealed unsafe class FastResampler : RowResampler
{
    private readonly RowReader _rows;
    private readonly PlaneBlender _luma;
    private readonly PlaneBlender _blue;
    private readonly PlaneBlender _red;
    private readonly NativeBuffer _output = new();
    private readonly int _count;
    private int _chromaRow = -1;
    private short* _blueRow;
    private short* _redRow;

    /// <summary>Builds the tables.</summary>
    public FastResampler(RowReader rows, Axis x, Axis y)
    {
        _rows = rows;
        _count = x.Count;
        PictureLayout layout = rows.View.Layout;
        _luma = new PlaneBlender(Luma(x), Luma(y));
        int sharedColumns = layout == PictureLayout.Ycc444 ? 1 : 2;
        int sharedRows = layout == PictureLayout.Ycc420 ? 2 : 1;
        _blue = new PlaneBlender(Chroma(x, sharedColumns), Chroma(y, sharedRows));
        _red = new PlaneBlender(Chroma(x, sharedColumns), Chroma(y, sharedRows));
        _output.Take((x.Count + 16) * 4L);
    }

    /// <inheritdoc/>
    public override byte* Row(int y)
    {
        PictureView view = _rows.View;
        short* luma = _luma.Row(view.Plane0, view.Stride0, y);
        if (y / 2 != _chromaRow)
        {
            _chromaRow = y / 2;
            _blueRow = _blue.Row(view.Plane1, view.Stride1, _chromaRow);
            _redRow = _red.Row(view.Plane2, view.Stride1, _chromaRow);
        }

        byte* output = _output.Take(0);
        YccRows.FromHalved(luma, _blueRow, _redRow, output, _count);
        return output;
    }

    /// <inheritdoc/>
    public override void Restart()
    {
        _chromaRow = -1;
        _luma.Restart();
        _blue.Restart();
        _red.Restart();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _luma.Dispose();
        _blue.Dispose();
        _red.Dispose();
        _output.Dispose();
    }

    private static PlaneAxis Luma(Axis axis)
    {
        double ratio = (double)axis.Source / axis.Scaled;
        return new PlaneAxis(axis.Source, ratio, (axis.First + 0.5) * ratio, axis.Count);
    }

    /// <summary>One step is two pixels of the result; a sample of the plane is <paramref name="shared"/> pixels of the picture.</summary>
    private static PlaneAxis Chroma(Axis axis, int shared)
    {
        double ratio = (double)axis.Source / axis.Scaled / shared;
        return new PlaneAxis((axis.Source + shared - 1) / shared, ratio * 2, (axis.First + 1) * ratio, (axis.Count + 1) / 2);
    }
}
