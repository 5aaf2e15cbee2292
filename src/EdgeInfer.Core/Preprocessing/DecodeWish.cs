using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>What the decoder may leave out.</summary>
/// <param name="IsGray">Luma alone will do.</param>
/// <param name="MayBePlanar">Planes will do where the decoder has them.</param>
/// <param name="SmallestWidth">Stored width below which a reduced scale must not go; 0 asks for the full picture.</param>
/// <param name="SmallestHeight">Likewise the height.</param>
/// <param name="IsPart">Only a part of the picture is looked at.</param>
internal readonly record struct DecodeWish(bool IsGray, bool MayBePlanar, int SmallestWidth, int SmallestHeight, bool IsPart)
{
    /// <summary>
    /// Up to which share of a picture's rows converting only those that are read beats the decoder, which converts all. Measured
    /// per frame of 720p: 55 % of the rows (to 352) gains 5 %, all of them (to 640) loses 12 %.
    /// </summary>
    private const double SparseShare = 0.8;

    /// <summary>What several inputs need together of one picture: gray or a reduced scale only where each does with it.</summary>
    /// <param name="inputs">The inputs, at least one.</param>
    /// <param name="head">The picture as stored.</param>
    /// <param name="pose">What of it is looked at.</param>
    public static DecodeWish Of(IReadOnlyList<PictureInput> inputs, in PictureHead head, in PicturePose pose)
    {
        bool isGray = true;
        bool isFast = true;
        double rows = 0;
        int columnsNeeded = 0;
        int rowsNeeded = 0;
        for (int i = 0; i < inputs.Count; i++)
        {
            PictureInput input = inputs[i];
            PictureGeometry geometry = Fit.Of(input, pose.Width, pose.Height);
            bool isTransposed = pose.Orientation.IsTransposed;
            int scaledRows = isTransposed ? geometry.ScaledWidth : geometry.ScaledHeight;
            isGray &= input.Channels == 1;
            isFast &= input.Kernel == ResizeKernel.Fast;
            rows += RowsRead(input.Kernel, scaledRows, pose.Window.Rows);
            columnsNeeded = Math.Max(columnsNeeded, isTransposed ? geometry.ScaledHeight : geometry.ScaledWidth);
            rowsNeeded = Math.Max(rowsNeeded, scaledRows);
        }

        return new DecodeWish(
            isGray,
            rows < head.Height * SparseShare,
            isFast ? OfWhole(columnsNeeded, head.Width, pose.Window.Columns) : 0,
            isFast ? OfWhole(rowsNeeded, head.Height, pose.Window.Rows) : 0,
            pose.Window.Columns != head.Width || pose.Window.Rows != head.Height);
    }

    private static int OfWhole(int needed, int whole, int part) => (int)(((long)needed * whole + part - 1) / part);

    /// <summary>How many of a picture's rows a kernel converts, at most; the cheap ones gain at any size.</summary>
    private static double RowsRead(ResizeKernel kernel, int scaled, int source) => kernel switch
    {
        ResizeKernel.Nearest or ResizeKernel.Fast => 0,
        ResizeKernel.Bilinear or ResizeKernel.BilinearTf => Math.Min(2.0 * scaled, source),
        _ => source,
    };
}
