using System.Globalization;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>The mode of a camera that suits inference best.</summary>
/// <param name="Format">Its format, as <c>source.format</c> has it.</param>
/// <param name="WidthPixels">Width; 0 where the driver does not say which sizes it has.</param>
/// <param name="HeightPixels">Height; 0 where the driver does not say.</param>
/// <param name="FramesPerSecond">Rate; null where the driver does not say.</param>
internal sealed record CameraChoice(string Format, int WidthPixels, int HeightPixels, double? FramesPerSecond)
{
    // Models see 224 to 640 pixels a side: what is larger than this costs decoding and is thrown away by the resize.
    private const int MostWidth = 1280;
    private const int MostHeight = 720;

    // The default pipeline infers 5 frames a second; a frame is then at most a fifteenth of a second old when its turn comes.
    private const double WantedRate = 15;
    private const double EnoughRate = 10;

    /// <summary>Chooses among what a camera offers; null where it offers nothing that EdgeInfer reads.</summary>
    public static CameraChoice? Of(CameraOffer offer)
    {
        IEnumerable<CameraChoice> modes = FourCc.Preferred.Select(offer.Find).OfType<OfferedFormat>().SelectMany(Modes);
        return modes
            .OrderByDescending(static m => m.IsWithin)
            .ThenByDescending(static m => m.FramesPerSecond is null or >= EnoughRate)
            .ThenBy(static m => Rank(m.Format))
            .ThenByDescending(static m => m.IsWithin ? m.Area : -m.Area)
            .ThenByDescending(static m => m.FramesPerSecond is null or >= WantedRate)
            .FirstOrDefault();
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string size = WidthPixels > 0 ? $" {WidthPixels}x{HeightPixels}" : "";
        string rate = FramesPerSecond is { } r ? string.Create(CultureInfo.InvariantCulture, $" {r:0.##}/s") : "";
        return $"{Format.ToUpperInvariant()}{size}{rate}";
    }

    private bool IsWithin => WidthPixels <= MostWidth && HeightPixels <= MostHeight;

    private int Area => WidthPixels * HeightPixels;

    private static IEnumerable<CameraChoice> Modes(OfferedFormat offered)
    {
        // Both of V4L2's names for JPEG are written mjpg.
        string name = offered.Format == FourCc.Jpeg ? "mjpg" : offered.Format.ToString().ToLowerInvariant();
        if (offered.Sizes.Count == 0) yield return new(name, 0, 0, null);
        foreach (OfferedSize size in offered.Sizes)
        {
            (int width, int height) = size.Contains(MostWidth, MostHeight) ? (MostWidth, MostHeight)
                : size.Contains(640, 480) ? (640, 480)
                : (size.MaxWidthPixels, size.MaxHeightPixels);
            yield return new(name, width, height, Rate(size.FramesPerSecond));
        }
    }

    // Of more than is wanted the least: every frame costs the bus and the driver.
    private static double? Rate(IReadOnlyList<double> offered)
    {
        if (offered.Count == 0) return null;
        double[] enough = [.. offered.Where(static r => r >= WantedRate - 0.1)];
        return Math.Round(enough.Length > 0 ? enough.Min() : offered.Max(), 2);
    }

    // MJPG costs the least USB bandwidth; grey has no colour.
    private static int Rank(string format) => format switch { "mjpg" => 0, "grey" => 2, _ => 1 };
}
