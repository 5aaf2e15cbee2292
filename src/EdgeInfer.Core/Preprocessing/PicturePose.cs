using EdgeInfer.Configuration;

namespace EdgeInfer.Preprocessing;

/// <summary>A part of a stored picture in whole pixels.</summary>
internal readonly record struct PixelWindow(int Left, int Top, int Columns, int Rows);

/// <summary>What of a stored picture is looked at, and how it is turned.</summary>
/// <param name="Orientation">How the stored pixels lie to the upright ones.</param>
/// <param name="Window">The stored pixels that are kept.</param>
internal readonly record struct PicturePose(PictureOrientation Orientation, PixelWindow Window)
{
    /// <summary>Columns of the upright picture.</summary>
    public int Width => Orientation.IsTransposed ? Window.Rows : Window.Columns;

    /// <summary>Rows of the upright picture.</summary>
    public int Height => Orientation.IsTransposed ? Window.Columns : Window.Rows;

    /// <summary>The pose of a picture: by its EXIF tag first, then by the source's turn, of which the crop comes last.</summary>
    /// <param name="head">The picture as stored.</param>
    /// <param name="turn">The orientation of the source's turn.</param>
    /// <param name="crop">What is kept, in fractions of the turned picture.</param>
    public static PicturePose Of(in PictureHead head, PictureOrientation turn, CropBox? crop)
    {
        PictureOrientation orientation = PictureOrientation.OfExif(head.Orientation).Then(turn);
        if (crop is not { } box) return new(orientation, new(0, 0, head.Width, head.Height));
        bool isTransposed = orientation.IsTransposed;
        (int left, int columns) = Span(
            isTransposed ? box.Y : box.X, isTransposed ? box.Height : box.Width, head.Width, orientation.AreColumnsReversed);
        (int top, int rows) = Span(isTransposed ? box.X : box.Y, isTransposed ? box.Width : box.Height, head.Height, orientation.AreRowsReversed);
        return new(orientation, new(left, top, columns, rows));
    }

    /// <summary>Both edges to the nearest whole pixel, and never nothing.</summary>
    private static (int First, int Count) Span(double from, double length, int pixels, bool isReversed)
    {
        int first = Math.Clamp((int)Math.Round(from * pixels), 0, pixels - 1);
        int end = Math.Clamp((int)Math.Round((from + length) * pixels), first + 1, pixels);
        return (isReversed ? pixels - end : first, end - first);
    }
}
