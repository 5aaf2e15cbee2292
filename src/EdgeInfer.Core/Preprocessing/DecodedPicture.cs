namespace EdgeInfer.Preprocessing;

/// <summary>An upright picture of its own, three bytes a pixel, red first, rows without gaps.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb">Width × height × 3 bytes.</param>
public sealed record DecodedPicture(int Width, int Height, byte[] Rgb)
{
    internal static unsafe DecodedPicture Copy(RowReader rows, in PicturePose pose)
    {
        byte[] rgb = new byte[checked(pose.Width * pose.Height * 3)];
        int red = rows.IsBlueFirst ? 2 : 0;
        (bool isTransposed, bool areRowsReversed, bool areColumnsReversed) = pose.Orientation;
        PixelWindow window = pose.Window;
        int rowStep = 3 * (isTransposed ? 1 : pose.Width);
        int columnStep = 3 * (isTransposed ? pose.Width : 1);
        for (int y = 0; y < window.Rows; y++)
        {
            byte* pixel = rows.Row(y);
            int at = (areRowsReversed ? window.Rows - 1 - y : y) * rowStep + (areColumnsReversed ? (window.Columns - 1) * columnStep : 0);
            for (int x = 0; x < window.Columns; x++, pixel += rows.PixelBytes)
            {
                rgb[at] = pixel[red];
                rgb[at + 1] = pixel[1];
                rgb[at + 2] = pixel[2 - red];
                at += areColumnsReversed ? -columnStep : columnStep;
            }
        }

        return new DecodedPicture(pose.Width, pose.Height, rgb);
    }
}
