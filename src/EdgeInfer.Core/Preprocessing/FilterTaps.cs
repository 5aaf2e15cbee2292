namespace EdgeInfer.Preprocessing;

/// <summary>For each pixel of a window, a run of source pixels and their weights, which sum to one.</summary>
internal sealed class FilterTaps
{
    private FilterTaps(int count, int capacity)
    {
        // Taps are summed in pairs; a run of odd length ends with a weight of zero.
        capacity = (capacity + 1) & ~1;
        First = new int[count];
        Length = new int[count];
        Weights = new double[count * capacity];
        Capacity = capacity;
    }

    /// <summary>The first source pixel of each run.</summary>
    public int[] First { get; }

    /// <summary>Source pixels of each run, at most <see cref="Capacity"/>.</summary>
    public int[] Length { get; }

    /// <summary>Weights; the run of pixel i begins at i × <see cref="Capacity"/>.</summary>
    public double[] Weights { get; }

    /// <summary>Room of one run.</summary>
    public int Capacity { get; }

    /// <summary>Pillow's and torchvision's antialiased bilinear: a triangle as wide as the reduction.</summary>
    public static FilterTaps Triangle(Axis axis)
    {
        double ratio = (double)axis.Source / axis.Scaled;
        double reduction = Math.Max(ratio, 1);
        FilterTaps taps = new(axis.Count, (int)Math.Ceiling(reduction) * 2 + 1);
        for (int i = 0; i < axis.Count; i++)
        {
            double centre = (i + axis.First + 0.5) * ratio;
            int from = Math.Max(0, (int)(centre - reduction + 0.5));
            int to = Math.Min(axis.Source, (int)(centre + reduction + 0.5));
            double sum = 0;
            int at = i * taps.Capacity;
            for (int k = from; k < to; k++)
            {
                double weight = Math.Max(0, 1 - Math.Abs((k - centre + 0.5) / reduction));
                taps.Weights[at + k - from] = weight;
                sum += weight;
            }

            for (int k = 0; k < to - from; k++) taps.Weights[at + k] /= sum;
            taps.First[i] = from;
            taps.Length[i] = to - from;
            if (axis.IsReversed) taps.Reverse(i, axis.Source);
        }

        return taps;
    }

    /// <summary>OpenCV's INTER_AREA when shrinking: each source pixel by the share of it that a scaled pixel covers.</summary>
    public static FilterTaps Area(Axis axis)
    {
        double ratio = 1 / ((double)axis.Scaled / axis.Source);
        FilterTaps taps = new(axis.Count, (int)Math.Ceiling(ratio) + 2);
        for (int i = 0; i < axis.Count; i++)
        {
            double from = (i + axis.First) * ratio;
            double to = from + ratio;
            double cell = Math.Min(ratio, axis.Source - from);
            int whole = (int)Math.Ceiling(from);
            int end = Math.Min((int)Math.Floor(to), axis.Source - 1);
            whole = Math.Min(whole, end);

            // Shares below a thousandth of a pixel are left out, as there.
            bool hasHead = whole - from > 1e-3;
            int first = hasHead ? whole - 1 : whole;
            int length = 0;
            int at = i * taps.Capacity;
            if (hasHead) taps.Weights[at + length++] = (whole - from) / cell;
            for (int k = whole; k < end; k++) taps.Weights[at + length++] = 1 / cell;
            if (to - end > 1e-3) taps.Weights[at + length++] = Math.Min(Math.Min(to - end, 1), cell) / cell;
            taps.First[i] = first;
            taps.Length[i] = length;
            if (axis.IsReversed) taps.Reverse(i, axis.Source);
        }

        return taps;
    }

    private void Reverse(int i, int source)
    {
        First[i] = source - First[i] - Length[i];
        Array.Reverse(Weights, i * Capacity, Length[i]);
    }
}
