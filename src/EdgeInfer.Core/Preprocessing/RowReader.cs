using System.Runtime.CompilerServices;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Gives the rows of what is looked at of a picture as packed pixels of three or four bytes, as stored. Rows that are packed already
/// are not copied; YUV is converted row by row, so that rows no kernel asks for cost nothing. Chroma that two pixels share, or that is
/// interpolated, comes from the whole picture: a part has the colours it has there.
/// </summary>
internal sealed unsafe class RowReader : IDisposable
{
    private readonly NativeBuffer _row = new();
    private readonly YccRows _ycc = new();
    private PictureView _view;
    private byte* _first;
    private int _top;
    private int _left;
    private int _skipped;
    private int _convertedColumns;
    private int _firstCopiedRow;

    /// <summary>The picture.</summary>
    public ref readonly PictureView View => ref _view;

    /// <summary>3 or 4.</summary>
    public int PixelBytes { get; private set; }

    /// <summary>Whether the first byte of a pixel is blue.</summary>
    public bool IsBlueFirst { get; private set; }

    /// <summary>3 or 4, by layout.</summary>
    public static int BytesOfPixel(PictureLayout layout) => layout is PictureLayout.Rgb24 or PictureLayout.Bgr24 ? 3 : 4;

    /// <summary>
    /// What is looked at in pixels of a picture that may have been reduced. Only planes are reduced where it is a part, and their
    /// reader has its own arithmetic.
    /// </summary>
    public static PixelWindow WindowOf(in PictureView view) => view.Divisor == 1 ? view.Pose.Window : new(0, 0, view.Width, view.Height);

    /// <summary>Points the reader at a picture.</summary>
    public void Open(in PictureView view)
    {
        _view = view;
        IsBlueFirst = view.Layout == PictureLayout.Bgr24;
        PixelBytes = BytesOfPixel(view.Layout);
        bool isPacked = PixelBytes == 3;
        PixelWindow window = WindowOf(view);
        _top = window.Top;

        // A converted row begins with a whole chroma sample; where chroma is interpolated, one before and one behind belong to it.
        int lead = view.Layout switch
        {
            PictureLayout.Ycc420 or PictureLayout.Ycc422 => Math.Min(window.Left, 2 + (window.Left & 1)),
            PictureLayout.Yuyv or PictureLayout.Nv12 or PictureLayout.I420 => window.Left & 1,
            _ => 0,
        };
        int tail = view.IsYcc ? 2 : 0;
        _skipped = lead * 4;
        _left = window.Left - lead;
        _convertedColumns = Math.Min(view.Width - _left, lead + window.Columns + tail);
        _first = view.Plane0 + (long)window.Top * view.Stride0 + (long)window.Left * 3;

        // The last rows of somebody else's memory are copied: what lies behind them may not be read.
        int copiedRows = view.HasSlack ? 0 : 1 + (NativeBuffer.Slack - 1) / view.Stride0;
        _firstCopiedRow = isPacked ? Math.Max(0, view.Height - copiedRows - _top) : 0;
    }

    /// <summary>One row, valid until the next call; it may be read <see cref="NativeBuffer.Slack"/> bytes past its end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Row(int y)
    {
        return y < _firstCopiedRow ? _first + (long)y * _view.Stride0 : Converted(y + _top);
    }

    /// <summary>Frees the row.</summary>
    public void Dispose()
    {
        _row.Dispose();
        _ycc.Dispose();
    }

    private byte* Converted(int y)
    {
        int width = _convertedColumns;
        byte* row = _row.Take((long)(width + 16) * 4);
        byte* luma = _view.Plane0 + (long)y * _view.Stride0;
        switch (_view.Layout)
        {
            case PictureLayout.Gray8:
                YuvRows.FromGray(luma + _left, row, width);
                break;
            case PictureLayout.Yuyv:
                YuvRows.FromYuyv(luma + _left * 2, row, width, YuvRule.Of(_view.Colour));
                break;
            case PictureLayout.Nv12:
                YuvRows.FromNv12(luma + _left, Blue(y / 2) + _left, row, width, YuvRule.Of(_view.Colour));
                break;
            case PictureLayout.I420:
                YuvRows.FromI420(luma + _left, Blue(y / 2) + _left / 2, Red(y / 2) + _left / 2, row, width, YuvRule.Of(_view.Colour));
                break;
            case PictureLayout.Ycc420:
                int near = y / 2;
                int far = Math.Clamp((y & 1) == 0 ? near - 1 : near + 1, 0, (_view.Height - 1) / 2);
                int left = _left / 2;
                _ycc.From420(luma + _left, Blue(near) + left, Blue(far) + left, Red(near) + left, Red(far) + left, row, width);
                break;
            case PictureLayout.Ycc422:
                _ycc.From422(luma + _left, Blue(y) + _left / 2, Red(y) + _left / 2, row, width);
                break;
            case PictureLayout.Ycc444:
                YccRows.From444(luma + _left, Blue(y) + _left, Red(y) + _left, row, width);
                break;
            default:
                Buffer.MemoryCopy(luma + _left * 3, row, (long)width * 3, (long)width * 3);
                break;
        }

        return row + _skipped;
    }

    private byte* Blue(int y) => _view.Plane1 + (long)y * _view.Stride1;

    private byte* Red(int y) => _view.Plane2 + (long)y * _view.Stride1;
}
