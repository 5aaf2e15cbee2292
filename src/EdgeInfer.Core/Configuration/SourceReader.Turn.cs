using System.Globalization;

namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    /// <summary>A side of a crop: less is a slip of the pen, and of most pictures no more than a few pixels.</summary>
    private const double SmallestCrop = 0.01;

    /// <summary>What rounding of decimal fractions may add to a sum: 0.1 + 0.9 is 1.</summary>
    private const double FractionTolerance = 1e-9;

    private static readonly string[] s_rotations = ["0", "90", "180", "270"];
    private static readonly string[] s_flips = ["horizontal", "vertical", "both"];

    // Of every kind that gives pictures.
    private static PictureTurn Turn(MappingReader source)
    {
        int degrees = int.Parse(source.Word("rotate", s_rotations) ?? "0", CultureInfo.InvariantCulture);
        string? flip = source.Word("flip", s_flips);
        CropBox? crop = Crop(source);
        bool isTurned = degrees != 0 || flip is not null || crop is not null;
        return isTurned ? new(degrees, flip is "horizontal" or "both", flip is "vertical" or "both", crop) : PictureTurn.None;
    }

    private static CropBox? Crop(MappingReader source)
    {
        const string Shape = "[x, y, width, height] in fractions of the picture, such as [0.25, 0, 0.5, 1]";
        if (source.List("crop") is not { } items) return null;
        double[] parts = new double[items.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            if (items[i] is YamlScalar scalar && ScalarText.TryNumber(scalar.Value, out parts[i]) && parts[i] is >= 0 and <= 1) continue;
            source.Wrong(items[i], "crop", Shape + ", each from 0 to 1");
            return null;
        }

        if (parts is not [var x, var y, var width, var height])
        {
            source.Fault("crop", $"{parts.Length} numbers", $"expected {Shape}");
            return null;
        }

        if (width < SmallestCrop || height < SmallestCrop)
            source.Fault("crop", "less than a hundredth of the picture is left", $"write a width and a height of {SmallestCrop.ToString(CultureInfo.InvariantCulture)} to 1");
        else if (x + width > 1 + FractionTolerance) source.Fault("crop", "ends to the right of the picture", "make x + width at most 1");
        else if (y + height > 1 + FractionTolerance) source.Fault("crop", "ends below the picture", "make y + height at most 1");
        else return new(x, y, width, height);
        return null;
    }
}
