namespace EdgeInfer.Preprocessing;

/// <summary>
/// The fast kernel on planes of luma and chroma, a JPEG's or a raw frame's: each is scaled by itself, chroma to half the columns and
/// rows, and only the pixels of the result are converted to RGB.
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
        ref readonly PictureView view = ref rows.View;
        PixelWindow window = view.Pose.Window;
        PictureLayout layout = view.Layout;
        int sharedColumns = layout == PictureLayout.Ycc444 ? 1 : 2;
        int sharedRows = layout is PictureLayout.Ycc420 or PictureLayout.Nv12 or PictureLayout.I420 ? 2 : 1;
        (int lumaStep, int chromaStep) = layout switch
        {
            PictureLayout.Yuyv => (2, 4),
            PictureLayout.Nv12 => (1, 2),
            _ => (1, 1),
        };
        PlaneExtent columns = new(window.Left, window.Columns, view.Divisor);
        PlaneExtent lines = new(window.Top, window.Rows, view.Divisor);
        _luma = new PlaneBlender(PlaneAxis.Of(x, columns, 1, 1), PlaneAxis.Of(y, lines, 1, 1), lumaStep);
        PlaneAxis chromaX = PlaneAxis.Of(x, columns, sharedColumns, 2);
        PlaneAxis chromaY = PlaneAxis.Of(y, lines, sharedRows, 2);
        _blue = new PlaneBlender(chromaX, chromaY, chromaStep);
        _red = new PlaneBlender(chromaX, chromaY, chromaStep);
        _output.Take((x.Count + 16) * 4L);
    }

    /// <summary>Whether a picture has planes of luma and chroma.</summary>
    public static bool Takes(in PictureView view) => view.IsYcc || view.Layout is PictureLayout.Yuyv or PictureLayout.Nv12 or PictureLayout.I420;

    /// <inheritdoc/>
    public override byte* Row(int y)
    {
        ref readonly PictureView view = ref _rows.View;
        short* luma = _luma.Row(view.Plane0, view.Stride0, y);
        if (y / 2 != _chromaRow)
        {
            _chromaRow = y / 2;
            int stride = view.Layout == PictureLayout.Yuyv ? view.Stride0 : view.Stride1;
            _blueRow = _blue.Row(FirstBlue(view), stride, _chromaRow);
            _redRow = _red.Row(FirstRed(view), stride, _chromaRow);
        }

        byte* output = _output.Take(0);
        if (view.IsYcc) YccRows.FromHalved(luma, _blueRow, _redRow, output, _count);
        else YuvRows.FromHalved(luma, _blueRow, _redRow, output, _count, YuvRule.Of(view.Colour));
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

    private static byte* FirstBlue(in PictureView view) => view.Layout == PictureLayout.Yuyv ? view.Plane0 + 1 : view.Plane1;

    private static byte* FirstRed(in PictureView view) => view.Layout switch
    {
        PictureLayout.Yuyv => view.Plane0 + 3,
        PictureLayout.Nv12 => view.Plane1 + 1,
        _ => view.Plane2,
    };
}
