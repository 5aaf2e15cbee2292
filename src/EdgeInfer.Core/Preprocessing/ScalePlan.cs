using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>Everything that depends only on sizes, worked out once and used while they stay.</summary>
internal sealed unsafe class ScalePlan : IDisposable
{
    private readonly int _viewWidth;
    private readonly int _viewHeight;
    private readonly PictureLayout _layout;
    private readonly RowResampler _resampler;
    private readonly Axis _x;
    private readonly Axis _y;

    /// <summary>Builds the tables.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="rows">The reader, open on the picture.</param>
    /// <param name="view">The picture, perhaps at a reduced scale.</param>
    /// <param name="geometry">Where it goes.</param>
    public ScalePlan(ResizeKernel kernel, RowReader rows, in PictureView view, in PictureGeometry geometry)
    {
        Geometry = geometry;
        _viewWidth = view.Width;
        _viewHeight = view.Height;
        _layout = view.Layout;
        _x = Window(view.Width, geometry.ScaledWidth, geometry.PadLeft, geometry.TensorWidth);
        _y = Window(view.Height, geometry.ScaledHeight, geometry.PadTop, geometry.TensorHeight);
        _resampler = RowResampler.Create(kernel, rows, _x, _y);
    }

    /// <summary>Where the picture goes.</summary>
    public PictureGeometry Geometry { get; }

    /// <summary>Whether the plan serves this picture.</summary>
    public bool Fits(in PictureView view, in PictureGeometry geometry)
        => view.Width == _viewWidth && view.Height == _viewHeight && geometry == Geometry
            && view.Layout == _layout;

    /// <summary>Fills the tensor. The pad is written each time: tensors take turns, and other pipelines may use the same.</summary>
    public void Write(TensorWriter writer, bool isBlueFirst, byte* tensor)
    {
        int left = Math.Max(0, Geometry.PadLeft);
        int top = Math.Max(0, Geometry.PadTop);
        writer.PadRows(tensor, 0, top);
        _resampler.Restart();
        for (int y = 0; y < _y.Count; y++) writer.WriteRow(tensor, top + y, _resampler.Row(y), left, _x.Count, isBlueFirst);
        writer.PadRows(tensor, top + _y.Count, Geometry.TensorHeight - top - _y.Count);
    }

    /// <summary>Frees the tables.</summary>
    public void Dispose() => _resampler.Dispose();

    private static Axis Window(int source, int scaled, int pad, int tensor)
    {
        int first = Math.Max(0, -pad);
        return new Axis(source, scaled, first, Math.Min(scaled - first, tensor - Math.Max(0, pad)));
    }
}
