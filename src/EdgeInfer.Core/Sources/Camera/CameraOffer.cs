using System.Text;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>A size, or a range of sizes, that a camera offers in one format.</summary>
/// <param name="WidthPixels">Width; the smallest of a range.</param>
/// <param name="HeightPixels">Height; the smallest of a range.</param>
/// <param name="MaxWidthPixels">The largest width of a range; else the width.</param>
/// <param name="MaxHeightPixels">The largest height of a range; else the height.</param>
/// <param name="FramesPerSecond">Rates, the highest first; of a range of rates its two ends; empty where the driver does not say.</param>
internal sealed record OfferedSize(int WidthPixels, int HeightPixels, int MaxWidthPixels, int MaxHeightPixels, IReadOnlyList<double> FramesPerSecond)
{
    private const int MostRatesShown = 3;

    /// <summary>Whether a size is offered.</summary>
    public bool Contains(int widthPixels, int heightPixels)
        => widthPixels >= WidthPixels && widthPixels <= MaxWidthPixels && heightPixels >= HeightPixels && heightPixels <= MaxHeightPixels;

    /// <inheritdoc/>
    public override string ToString()
    {
        string size = MaxWidthPixels == WidthPixels && MaxHeightPixels == HeightPixels
            ? $"{WidthPixels}x{HeightPixels}"
            : $"{WidthPixels}x{HeightPixels} to {MaxWidthPixels}x{MaxHeightPixels}";
        return FramesPerSecond.Count switch
        {
            0 => size,
            <= MostRatesShown => $"{size} {string.Join(" ", FramesPerSecond.Select(r => r.ToString("0.##")))}/s",
            _ => $"{size} {FramesPerSecond[0]:0.##} to {FramesPerSecond[^1]:0.##}/s",
        };
    }
}

/// <summary>A format that a camera offers.</summary>
/// <param name="Format">V4L2's name.</param>
/// <param name="Sizes">Sizes; empty where the driver does not say.</param>
internal sealed record OfferedFormat(FourCc Format, IReadOnlyList<OfferedSize> Sizes);

/// <summary>Everything a camera offers.</summary>
/// <param name="Formats">In the driver's order.</param>
internal sealed record CameraOffer(IReadOnlyList<OfferedFormat> Formats)
{
    // Bounds on what is asked of a driver that never says "no more".
    private const int MostFormats = 64;
    private const int MostSizes = 128;
    private const int MostIntervals = 64;

    /// <summary>Asks a node for all it offers.</summary>
    public static CameraOffer Read(CameraNode node)
    {
        List<OfferedFormat> formats = [];
        V4l2FormatDescription description = new() { Type = V4l2Values.BufferTypeVideoCapture };
        for (uint i = 0; i < MostFormats; i++)
        {
            description.Index = i;
            if (node.Control(V4l2Commands.EnumerateFormats, ref description) != Errno.None) break;
            formats.Add(new(new FourCc(description.PixelFormat), ReadSizes(node, description.PixelFormat)));
        }

        return new(formats);
    }

    /// <summary>Finds a format.</summary>
    public OfferedFormat? Find(FourCc format) => Formats.FirstOrDefault(f => f.Format == format);

    /// <summary>The names of all formats: <c>MJPG, YUYV</c>.</summary>
    public string Names() => Formats.Count == 0 ? "none" : string.Join(", ", Formats.Select(f => f.Format.ToString()));

    /// <summary>What EdgeInfer can read of the offer, in words: <c>MJPG 1280x720 30 15/s; YUYV, GREY 640x480 30/s</c>.</summary>
    public string Describe()
    {
        StringBuilder text = new();
        var readable = FourCc.Preferred.Select(Find).OfType<OfferedFormat>();
        foreach (var alike in readable.GroupBy(f => string.Join(", ", f.Sizes)))
        {
            if (text.Length > 0) text.Append("; ");
            text.AppendJoin(", ", alike.Select(f => f.Format)).Append(' ').Append(alike.Key);
        }

        return text.Length == 0 ? Names() : text.ToString();
    }

    private static List<OfferedSize> ReadSizes(CameraNode node, uint format)
    {
        List<OfferedSize> sizes = [];
        V4l2FrameSizeEnumeration size = new() { PixelFormat = format };
        for (uint i = 0; i < MostSizes; i++)
        {
            size.Index = i;
            if (node.Control(V4l2Commands.EnumerateFrameSizes, ref size) != Errno.None) break;
            if (size.Type != V4l2Values.EnumerationDiscrete)
            {
                IReadOnlyList<double> rates = ReadRates(node, format, size.MaxWidth, size.MaxHeight);
                sizes.Add(new((int)size.MinWidth, (int)size.MinHeight, (int)size.MaxWidth, (int)size.MaxHeight, rates));
                break;
            }

            (int width, int height) = ((int)size.DiscreteWidth, (int)size.DiscreteHeight);
            sizes.Add(new(width, height, width, height, ReadRates(node, format, size.DiscreteWidth, size.DiscreteHeight)));
        }

        return sizes;
    }

    private static List<double> ReadRates(CameraNode node, uint format, uint width, uint height)
    {
        List<double> rates = [];
        V4l2FrameIntervalEnumeration interval = new() { PixelFormat = format, Width = width, Height = height };
        for (uint i = 0; i < MostIntervals; i++)
        {
            interval.Index = i;
            if (node.Control(V4l2Commands.EnumerateFrameIntervals, ref interval) != Errno.None) break;
            rates.Add(interval.Min.FramesPerSecond);
            if (interval.Type == V4l2Values.EnumerationDiscrete) continue;
            rates.Add(interval.Max.FramesPerSecond);
            break;
        }

        return [.. rates.Where(r => r > 0).OrderDescending()];
    }
}
