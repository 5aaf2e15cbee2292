using System.Runtime.CompilerServices;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Gives the rows of a picture as packed pixels of three or four bytes. Rows that are packed already are not copied;
/// YUV is converted row by row, so that rows no kernel asks for cost nothing.
/// </summary>
internal sealed unsafe class RowReader : IDisposable
{
    private readonly NativeBuffer _row = new();
    private PictureView _view;
    private int _firstCopiedRow;

    /// <summary>3 or 4.</summary>
    public int PixelBytes { get; private set; }

    /// <summary>Whether the first byte of a pixel is blue.</summary>
    public bool IsBlueFirst { get; private set; }

    /// <summary>Points the reader at a picture.</summary>
    public void Open(in PictureView view)
    {
        _view = view;
        IsBlueFirst = view.Format == PixelFormat.Bgr24;
        bool isPacked = view.Format is PixelFormat.Rgb24 or PixelFormat.Bgr24;
        PixelBytes = isPacked ? 3 : 4;

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
    public void Dispose() => _row.Dispose();

    private byte* Converted(int y)
    {
        int width = _view.Width;
        byte* row = _row.Take((long)(width + 16) * 4);
        byte* luma = _view.Plane0 + (long)y * _view.Stride0;
        switch (_view.Format)
        {
            case PixelFormat.Gray8:
                YuvRows.FromGray(luma, row, width);
                break;
            case PixelFormat.Yuyv:
                YuvRows.FromYuyv(luma, row, width);
                break;
            case PixelFormat.Nv12:
                YuvRows.FromNv12(luma, _view.Plane1 + (long)(y / 2) * _view.Stride1, row, width);
                break;
            case PixelFormat.I420:
                long chroma = (long)(y / 2) * _view.Stride1;
                YuvRows.FromI420(luma, _view.Plane1 + chroma, _view.Plane2 + chroma, row, width);
                break;
            default:
                Buffer.MemoryCopy(luma, row, (long)width * 3, (long)width * 3);
                break;
        }

        return row;
    }
}
