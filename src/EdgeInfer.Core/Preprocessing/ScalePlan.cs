using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Everything that depends only on sizes, worked out once and used while they stay. The picture is scaled as it is stored; its
/// turn is in the tables (columns) and in where the scaled rows are put.
/// </summary>
internal sealed unsafe class ScalePlan : IDisposable
{
    private readonly PictureView _view;
    private readonly RowResampler _resampler;
    private readonly RowTurner? _turner;
    private readonly Axis _x;
    private readonly Axis _y;

    /// <summary>Builds the tables.</summary>
    /// <param name="input">The model's input.</param>
    /// <param name="rows">The reader, open on the picture.</param>
    /// <param name="view">The picture, perhaps at a reduced scale.</param>
    /// <param name="geometry">Where it goes.</param>
    public ScalePlan(PictureInput input, RowReader rows, in PictureView view, in PictureGeometry geometry)
    {
        Geometry = geometry;
        _view = view;
        (bool isTransposed, bool areRowsReversed, bool areColumnsReversed) = view.Pose.Orientation;
        PixelWindow window = RowReader.WindowOf(view);
        (int width, bool isXReversed) = isTransposed ? (window.Rows, areRowsReversed) : (window.Columns, areColumnsReversed);
        (int height, bool isYReversed) = isTransposed ? (window.Columns, areColumnsReversed) : (window.Rows, areRowsReversed);
        _x = Window(width, geometry.ScaledWidth, geometry.PadLeft, geometry.TensorWidth) with { IsReversed = isXReversed };
        _y = Window(height, geometry.ScaledHeight, geometry.PadTop, geometry.TensorHeight) with { IsReversed = isYReversed };
        bool isOfBytes = input.Type == ElementType.UInt8;
        _resampler = RowResampler.Create(input.Kernel, isOfBytes, rows, isTransposed ? _y : _x, isTransposed ? _x : _y);
        _turner = isTransposed ? new RowTurner(_x.Count, _y.Count, _x.IsReversed) : null;
    }

    /// <summary>Where the picture goes.</summary>
    public PictureGeometry Geometry { get; }

    /// <summary>Whether the plan serves this picture.</summary>
    public bool Fits(in PictureView view, in PictureGeometry geometry)
        => view.Width == _view.Width && view.Height == _view.Height && geometry == Geometry
            && view.Layout == _view.Layout && view.Pose == _view.Pose && view.Divisor == _view.Divisor;

    /// <summary>Fills the tensor. The pad is written each time: tensors take turns, and other pipelines may use the same.</summary>
    public void Write(TensorWriter writer, bool isBlueFirst, byte* tensor)
    {
        int left = Math.Max(0, Geometry.PadLeft);
        int top = Math.Max(0, Geometry.PadTop);
        int right = Geometry.TensorWidth - left - _x.Count;
        writer.PadRows(tensor, 0, top);
        _resampler.Restart();
        if (_turner is not null)
        {
            for (int y = 0; y < _y.Count; y++) writer.PadRun(tensor, top + y, 0, left);
            _turner.Write(_resampler, writer, tensor, left, top, isBlueFirst);
            for (int y = 0; y < _y.Count; y++) writer.PadRun(tensor, top + y, left + _x.Count, right);
        }
        else
        {
            for (int i = 0; i < _y.Count; i++)
            {
                int y = _y.IsReversed ? _y.Count - 1 - i : i;
                writer.PadRun(tensor, top + y, 0, left);
                writer.WriteRun(tensor, top + y, left, _resampler.Row(y), _x.Count, isBlueFirst);
                writer.PadRun(tensor, top + y, left + _x.Count, right);
            }
        }

        writer.PadRows(tensor, top + _y.Count, Geometry.TensorHeight - top - _y.Count);
    }

    /// <summary>Frees the tables.</summary>
    public void Dispose()
    {
        _resampler.Dispose();
        _turner?.Dispose();
    }

    private static Axis Window(int source, int scaled, int pad, int tensor)
    {
        int first = Math.Max(0, -pad);
        return new Axis(source, scaled, first, Math.Min(scaled - first, tensor - Math.Max(0, pad)), false);
    }
}
