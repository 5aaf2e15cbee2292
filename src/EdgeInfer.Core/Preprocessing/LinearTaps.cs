using EdgeInfer.Models;

namespace EdgeInfer.Preprocessing;

/// <summary>For each pixel of a window, the two source pixels it lies between and their 11-bit weights, as OpenCV rounds them.</summary>
internal sealed class LinearTaps
{
    /// <summary>What a weight of one is.</summary>
    public const int One = 2048;

    private LinearTaps(int count)
    {
        First = new int[count];
        Second = new int[count];
        Weight = new short[count];
    }

    /// <summary>The source pixel before.</summary>
    public int[] First { get; }

    /// <summary>The source pixel behind; equal to <see cref="First"/> at an edge.</summary>
    public int[] Second { get; }

    /// <summary>The weight of <see cref="Second"/>; that of <see cref="First"/> is the rest to <see cref="One"/>.</summary>
    public short[] Weight { get; }

    /// <summary>Builds the table of one axis.</summary>
    public static LinearTaps Create(ResizeKernel kernel, Axis axis)
    {
        LinearTaps taps = new(axis.Count);
        double inverse = (double)axis.Scaled / axis.Source;
        double ratio = 1 / inverse;
        for (int i = 0; i < axis.Count; i++)
        {
            int at = i + axis.First;
            (int before, float fraction) = kernel switch
            {
                ResizeKernel.BilinearTf => CornerOrigin(at, axis),
                ResizeKernel.Area => AreaEnlarged(at, ratio, inverse),
                _ => PixelCentres(at, ratio),
            };
            taps.First[i] = Math.Clamp(before, 0, axis.Source - 1);
            taps.Second[i] = Math.Clamp(before + 1, 0, axis.Source - 1);
            taps.Weight[i] = (short)MathF.Round(fraction * One);
            if (axis.IsReversed) taps.Reverse(i, axis.Source - 1);
        }

        return taps;
    }

    private void Reverse(int i, int last)
    {
        (First[i], Second[i]) = (last - Second[i], last - First[i]);
        Weight[i] = (short)(One - Weight[i]);
    }

    private static (int Before, float Fraction) PixelCentres(int at, double ratio)
    {
        float position = (float)((at + 0.5) * ratio - 0.5);
        int before = (int)MathF.Floor(position);
        return (before, position - before);
    }

    private static (int Before, float Fraction) CornerOrigin(int at, Axis axis)
    {
        float position = at * ((float)axis.Source / axis.Scaled);
        int before = (int)MathF.Floor(position);
        return (before, position - before);
    }

    /// <summary>What OpenCV does for INTER_AREA when a side grows: whole pixels, blended only where one scaled pixel spans two.</summary>
    private static (int Before, float Fraction) AreaEnlarged(int at, double ratio, double inverse)
    {
        int before = (int)Math.Floor(at * ratio);
        float fraction = (float)((at + 1) - (before + 1) * inverse);
        return (before, fraction <= 0 ? 0 : fraction - MathF.Floor(fraction));
    }
}
