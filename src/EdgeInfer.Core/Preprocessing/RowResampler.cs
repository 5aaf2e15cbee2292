using EdgeInfer.Models;

namespace EdgeInfer.Preprocessing;

/// <summary>Computes rows of a scaled picture as RGBX bytes (or BGRX, as the source's rows are). Made for one pair of sizes.</summary>
internal abstract unsafe class RowResampler : IDisposable
{
    /// <summary>A row of the scaled picture: the columns of the window, four bytes each; valid until the next call.</summary>
    /// <param name="y">An upright position. Within a picture rows are asked for in the order in which they are stored.</param>
    public abstract byte* Row(int y);

    /// <summary>Forgets what it kept of the last picture.</summary>
    public abstract void Restart();

    /// <summary>Frees tables and rows.</summary>
    public abstract void Dispose();

    /// <summary>Chooses the resampler of a kernel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="isOfBytes">Whether the tensor takes unsigned bytes.</param>
    /// <param name="rows">Gives the source's rows, open on a picture.</param>
    /// <param name="x">The upright axis of the stored columns.</param>
    /// <param name="y">The upright axis of the stored rows.</param>
    public static RowResampler Create(ResizeKernel kernel, bool isOfBytes, RowReader rows, Axis x, Axis y)
    {
        if (kernel == ResizeKernel.Fast && FastResampler.Takes(rows.View)) return new FastResampler(rows, x, y);
        if (kernel == ResizeKernel.Nearest || (x.Source == x.Scaled && y.Source == y.Scaled)) return new NearestResampler(rows, x, y);
        return kernel switch
        {
            ResizeKernel.BilinearTf when isOfBytes => new TfliteResampler(rows, x, y),
            ResizeKernel.BilinearAntialias => new FilterResampler(rows, FilterTaps.Triangle(x), FilterTaps.Triangle(y), Precision.Pillow),

            // OpenCV averages by area only where both sides shrink.
            ResizeKernel.Area when x.Source >= x.Scaled && y.Source >= y.Scaled
                => Area(rows, FilterTaps.Area(x), FilterTaps.Area(y)),
            _ => new LinearResampler(rows, LinearTaps.Create(kernel, x), LinearTaps.Create(kernel, y)),
        };
    }

    private static FilterResampler Area(RowReader rows, FilterTaps x, FilterTaps y)
        => new(rows, x, y, Math.Max(x.Capacity, y.Capacity) <= Precision.ShortRun ? Precision.Short : Precision.Pillow);
}

/// <summary>
/// One direction of a resize: a scaled upright axis of which a window is wanted. Taps are worked out upright, as the references do,
/// and then told where they are stored: a kernel that is not symmetric stays exact under any turn.
/// </summary>
/// <param name="Source">Source pixels.</param>
/// <param name="Scaled">Scaled pixels.</param>
/// <param name="First">First scaled pixel of the window.</param>
/// <param name="Count">Pixels of the window.</param>
/// <param name="IsReversed">Whether source pixels are stored from the last one on.</param>
internal readonly record struct Axis(int Source, int Scaled, int First, int Count, bool IsReversed);
