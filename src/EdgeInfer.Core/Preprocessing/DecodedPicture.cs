namespace EdgeInfer.Preprocessing;

/// <summary>An upright picture of its own, three bytes a pixel, red first, rows without gaps.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb">Width × height × 3 bytes.</param>
public sealed record DecodedPicture(int Width, int Height, byte[] Rgb)
{
    internal static unsafe DecodedPicture Copy(RowReader rows, int width, int height)
    {
        byte[] rgb = new byte[checked(width * height * 3)];
        int red = rows.IsBlueFirst ? 2 : 0;
        int at = 0;
        for (int y = 0; y < height; y++)
        {
            byte* pixel = rows.Row(y);
            for (int x = 0; x < width; x++, pixel += rows.PixelBytes, at += 3)
            {
                rgb[at] = pixel[red];
                rgb[at + 1] = pixel[1];
                rgb[at + 2] = pixel[2 - red];
            }
        }

        return new DecodedPicture(width, height, rgb);
    }
}
