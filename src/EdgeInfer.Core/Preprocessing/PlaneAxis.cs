namespace EdgeInfer.Preprocessing;

/// <summary>What is looked at of one direction of a picture, in pixels before it was reduced by a divisor.</summary>
internal readonly record struct PlaneExtent(int Start, int Length, int Divisor);

/// <summary>One direction of a plane's resize.</summary>
/// <param name="Lowest">The first sample that may be read.</param>
/// <param name="Highest">The last one.</param>
/// <param name="Start">Where the first step's centre lies, in samples from the first sample's centre.</param>
/// <param name="Ratio">Samples for each step; below 0 where the samples are stored from the last one on.</param>
/// <param name="Count">Steps.</param>
internal readonly record struct PlaneAxis(int Lowest, int Highest, double Start, double Ratio, int Count)
{
    /// <summary>Whether each step is a sample.</summary>
    public bool IsCopy => Ratio == 1 && Start == Math.Floor(Start);

    /// <summary>Makes the axis of a plane.</summary>
    /// <param name="axis">The upright axis.</param>
    /// <param name="extent">What of the picture it stands for.</param>
    /// <param name="shared">Pixels of the picture that share a sample.</param>
    /// <param name="pixels">Pixels of the result that share a step.</param>
    public static PlaneAxis Of(Axis axis, PlaneExtent extent, int shared, int pixels)
    {
        // A reduced picture's last pixel may stand for less than a whole one: lengths are those of the full picture.
        double scale = 1.0 / (extent.Divisor * shared);
        double from = extent.Start * scale;
        double length = extent.Length * scale;
        double ratio = length / axis.Scaled;
        double centre = (axis.First + 0.5 * pixels) * ratio;
        return new(
            (int)Math.Floor(from),
            Math.Max((int)Math.Ceiling(from + length) - 1, (int)Math.Floor(from)),
            (axis.IsReversed ? from + length - centre : from + centre) - 0.5,
            (axis.IsReversed ? -ratio : ratio) * pixels,
            (axis.Count + pixels - 1) / pixels);
    }

    /// <summary>The sample before a step's centre and how far behind it the centre lies.</summary>
    public int Locate(int step, out float fraction)
    {
        double position = Math.Clamp(Start + step * Ratio, Lowest, Highest);
        int before = (int)position;
        fraction = (float)(position - before);
        return before;
    }
}
