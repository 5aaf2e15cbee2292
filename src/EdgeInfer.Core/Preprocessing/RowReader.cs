using System.Runtime.CompilerServices;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Gives the rows of a picture as packed pixels of three or four bytes. Rows that are packed already are not copied;
/// YUV is converted row by row, so that rows no kernel asks for cost nothing.
/// </summary>
internal sealed unsafe class RowReader : IDisposable
{
    private readonly NativeBuffer _row = new();
    private readonly YccRows _ycc = new();
    private PictureView _view;
    private int _firstCopiedRow;

    /// <summary>The picture.</summary>
    public ref readonly PictureView View => ref _view;

    /// <summary>3 or 4.</summary>
    public int PixelBytes { get; private set; }

    /// <summary>Whether the first byte of a pixel is blue.</summary>
    public bool IsBlueFirst { get; private set; }

    /// <summary>3 or 4, by layout.</summary>
    public static int BytesOfPixel(PictureLayout layout) => layout is PictureLayout.Rgb24 or PictureLayout.Bgr24 ? 3 : 4;

    /// <summary>Points the reader at a picture.</summary>
    public void Open(in PictureView view)
    {
        _view = view;
        IsBlueFirst = view.Layout == PictureLayout.Bgr24;
        PixelBytes = BytesOfPixel(view.Layout);
        bool isPacked = PixelBytes == 3;

        // The last rows of somebody else's memory are copied: what lies behind them may not be read.
        int copiedRows = view.HasSlack ? 0 : 1 + (NativeBuffer.Slack - 1) / view.Stride0;
        _firstCopiedRow = isPacked ? Math.Max(0, view.Height - copiedRows) : 0;
    }

    /// <summary>One row, valid until the next call; it may be read <see cref="NativeBuffer.Slack"/> bytes past its end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Row(int y)
    {
        return y < _firstCopiedRow ? _view.Plane0 + (long)y * _view.Stride0 : Converted(y);
    }

    /// <summary>Frees the row.</summary>
    public void Dispose()
    {
        _row.Dispose();
        _ycc.Dispose();
    }

    private byte* Converted(int y)
    {
        int width = _view.Width;
        byte* row = _row.Take((long)(width + 16) * 4);
        byte* luma = _view.Plane0 + (long)y * _view.Stride0;
        switch (_view.Layout)
        {
            case PictureLayout.Gray8:
                YuvRows.FromGray(luma, row, width);
                break;
            case PictureLayout.Yuyv:
                YuvRows.FromYuyv(luma, row, width);
                break;
            case PictureLayout.Nv12:
                YuvRows.FromNv12(luma, Blue(y / 2), row, width);
                break;
            case PictureLayout.I420:
                YuvRows.FromI420(luma, Blue(y / 2), Red(y / 2), row, width);
                break;
            case PictureLayout.Ycc420:
                int near = y / 2;
                int far = Math.Clamp((y & 1) == 0 ? near - 1 : near + 1, 0, (_view.Height - 1) / 2);
                _ycc.From420(luma, Blue(near), Blue(far), Red(near), Red(far), row, width);
                break;
            case PictureLayout.Ycc422:
                _ycc.From422(luma, Blue(y), Red(y), row, width);
                break;
            case PictureLayout.Ycc444:
                YccRows.From444(luma, Blue(y), Red(y), row, width);
                break;
            default:
                Buffer.MemoryCopy(luma, row, (long)width * 3, (long)width * 3);
                break;
        }

        return row;
    }

    private byte* Blue(int y) => _view.Plane1 + (long)y * _view.Stride1;

    private byte* Red(int y) => _view.Plane2 + (long)y * _view.Stride1;
}
