namespace EdgeInfer.Preprocessing;

/// <summary>Ink to light.</summary>
internal static unsafe class Cmyk
{
    /// <summary>
    /// Converts as Pillow does: four-component JPEGs are taken as Adobe writes them, inverted, and no colour profile is applied.
    /// </summary>
    /// <param name="inks">Four bytes a pixel as stored (0 is full ink).</param>
    /// <param name="pixels">Three bytes a pixel, red first.</param>
    /// <param name="count">Pixels.</param>
    public static void ToRgb(byte* inks, byte* pixels, long count)
    {
        for (long i = 0; i < count; i++, inks += 4, pixels += 3)
        {
            int light = inks[3];
            pixels[0] = Shade(inks[0], light);
            pixels[1] = Shade(inks[1], light);
            pixels[2] = Shade(inks[2], light);
        }
    }

    private static byte Shade(int stored, int light)
    {
        int product = (255 - stored) * light + 128;
        return (byte)Math.Max(0, light - (((product >> 8) + product) >> 8));
    }
}
