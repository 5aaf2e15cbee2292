using EdgeInfer.Configuration;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// How a stored picture lies to the upright one: one of the eight ways of EXIF. The upright pixel (x, y) is the stored one of row
/// y and column x, or of row x and column y where it is transposed, each counted from the far end where it is reversed.
/// </summary>
/// <param name="IsTransposed">Stored rows are upright columns.</param>
/// <param name="AreRowsReversed">Stored rows count from the last one.</param>
/// <param name="AreColumnsReversed">Stored columns count from the last one.</param>
internal readonly record struct PictureOrientation(bool IsTransposed, bool AreRowsReversed, bool AreColumnsReversed)
{
    /// <summary>By the EXIF tag, 1 to 8 (CIPA DC-008, 4.6.4).</summary>
    public static PictureOrientation OfExif(int tag) => new(tag >= 5, tag is 3 or 4 or 6 or 7, tag is 2 or 3 or 7 or 8);

    /// <summary>By the words of the configuration: rotated clockwise, then mirrored.</summary>
    public static PictureOrientation Of(PictureTurn turn)
    {
        PictureOrientation rotated = OfExif(turn.RotateDegrees switch { 90 => 6, 180 => 3, 270 => 8, _ => 1 });
        PictureOrientation flipped = new(false, turn.IsUpsideDown, turn.IsMirrored);
        return rotated.Then(flipped);
    }

    /// <summary>This one first, then another on what it gives.</summary>
    public PictureOrientation Then(PictureOrientation next) => IsTransposed
        ? new(!next.IsTransposed, AreRowsReversed ^ next.AreColumnsReversed, AreColumnsReversed ^ next.AreRowsReversed)
        : new(next.IsTransposed, AreRowsReversed ^ next.AreRowsReversed, AreColumnsReversed ^ next.AreColumnsReversed);
}
