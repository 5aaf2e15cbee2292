using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>What the decoder may leave out.</summary>
/// <param name="IsGray">Luma alone will do.</param>
/// <param name="MayBePlanar">Planes will do where the decoder has them.</param>
/// <param name="SmallestWidth">Upright width below which a reduced scale must not go; 0 asks for the full picture.</param>
/// <param name="SmallestHeight">Likewise the height.</param>
internal readonly record struct DecodeWish(bool IsGray, bool MayBePlanar, int SmallestWidth, int SmallestHeight)
{
    /// <summary>
    /// Up to which share of a picture's rows converting only those that are read beats the decoder, which converts all. Measured
    /// per frame of 720p: 55 % of the rows (to 352) gains 5 %, all of them (to 640) loses 12 %.
    /// </summary>
    private const double SparseShare = 0.8;

    /// <summary>What several inputs need together of one picture: gray or a reduced scale only where each does with it.</summary>
    /// <param name="inputs">The inputs, at least one.</param>
    /// <param name="width">Upright columns.</param>
    /// <param name="height">Upright rows.</param>
    public static DecodeWish Of(IReadOnlyList<PictureInput> inputs, int width, int height)
    {
        bool isGray = true;
        bool isFast = true;
        double rows = 0;
        int smallestWidth = 0;
        int smallestHeight = 0;
        for (int i = 0; i < inputs.Count; i++)
        {
            PictureInput input = inputs[i];
            PictureGeometry geometry = Fit.Of(input, width, height);
            isGray &= input.Channels == 1;
            isFast &= input.Kernel == ResizeKernel.Fast;
            rows += ShareOfRows(input.Kernel, geometry);
            smallestWidth = Math.Max(smallestWidth, geometry.ScaledWidth);
            smallestHeight = Math.Max(smallestHeight, geometry.ScaledHeight);
        }

        return new DecodeWish(isGray, rows < SparseShare, isFast ? smallestWidth : 0, isFast ? smallestHeight : 0);
    }

    /// <summary>Which share of a picture's rows a kernel converts, at most; the cheap ones gain at any size.</summary>
    private static double ShareOfRows(ResizeKernel kernel, in PictureGeometry geometry) => kernel switch
    {
        ResizeKernel.Nearest or ResizeKernel.Fast => 0,
        ResizeKernel.Bilinear or ResizeKernel.BilinearTf => 2.0 * geometry.ScaledHeight / geometry.SourceHeight,
        _ => 1,
    };
}
