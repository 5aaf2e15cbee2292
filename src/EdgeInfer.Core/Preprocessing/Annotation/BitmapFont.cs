namespace EdgeInfer.Preprocessing.Annotation;

/// <summary>A drawn alphabet: ASCII in cells of 5×8 dots, the last row for descenders, read as coverage at any size.</summary>
internal static class BitmapFont
{
    /// <summary>Dots across.</summary>
    public const int CellWidth = 5;

    /// <summary>Dots down.</summary>
    public const int CellHeight = 8;

    /// <summary>Dots from one letter to the next.</summary>
    public const int Advance = 6;

    private const int First = 32;

    /// <summary>From space to tilde, then a box for everything else; bit 5·y + x is the dot at (x, y).</summary>
    private static ReadOnlySpan<ulong> Glyphs =>
    [
        0x0000000000, 0x0100421084, 0x000000294A, 0x0295F57D4A, 0x011F4717C4, 0x0632222263,
        0x0593511526, 0x0000001084, 0x0208210888, 0x0088842082, 0x0009575480, 0x00084F9080,
        0x0088C00000, 0x00000F8000, 0x018C000000, 0x0002222200, 0x03A33AE62E, 0x03884210C4,
        0x07C444422E, 0x03A304111F, 0x0211F4A988, 0x03A3083C3F, 0x03A317844C, 0x008422221F,
        0x03A317462E, 0x01910F462E, 0x000C6018C0, 0x00886018C0, 0x0208208888, 0x0001F07C00,
        0x0088882082, 0x010044422E, 0x0383DAF62E, 0x04631FC62E, 0x03E317C62F, 0x03A210862E,
        0x03E318C62F, 0x07C217843F, 0x004217843F, 0x07A31E862E, 0x04631FC631, 0x038842108E,
        0x019284211C, 0x0452519531, 0x07C2108421, 0x04631AD771, 0x04639ACE31, 0x03A318C62E,
        0x004217C62F, 0x059358C62E, 0x045257C62F, 0x03E107043E, 0x010842109F, 0x03A318C631,
        0x011518C631, 0x04775AC631, 0x0462A22A31, 0x0108422A31, 0x07C222221F, 0x038421084E,
        0x0020820820, 0x039084210E, 0x0000004544, 0x07C0000000, 0x0000002082, 0x07A3E83800,
        0x03E318BC21, 0x03A210B800, 0x07A318FA10, 0x0383F8B800, 0x0084238A4C, 0x743D18F800,
        0x046318BC21, 0x0388421804, 0x3250843008, 0x024A32A421, 0x0388421086, 0x04635AAC00,
        0x046318BC00, 0x03A318B800, 0x085F18BC00, 0x843D18F800, 0x004219B400, 0x03E0E0F800,
        0x0324211C42, 0x05B318C400, 0x011518C400, 0x02AB58C400, 0x0454454400, 0x743D18C400,
        0x07C4447C00, 0x0208411088, 0x0108421084, 0x0088441082, 0x00008A8800, 0x07E318C63F,
    ];

    /// <summary>How much ink lies at a point of a letter: the dots are blended and hardened again, so that edges are round and soft.</summary>
    /// <param name="letter">The letter.</param>
    /// <param name="x">Dots from the cell's left edge.</param>
    /// <param name="y">Dots from its top edge.</param>
    /// <param name="scale">Pixels to a dot.</param>
    /// <returns>0 to 1.</returns>
    public static float Coverage(char letter, float x, float y, float scale)
    {
        int index = letter - First;
        ulong glyph = Glyphs[(uint)index < Glyphs.Length - 1 ? index : Glyphs.Length - 1];
        float left = x - 0.5f;
        float top = y - 0.5f;
        int column = (int)MathF.Floor(left);
        int row = (int)MathF.Floor(top);
        float fx = left - column;
        float fy = top - row;
        float ink = (Dot(glyph, column, row) * (1 - fx) + Dot(glyph, column + 1, row) * fx) * (1 - fy)
            + (Dot(glyph, column, row + 1) * (1 - fx) + Dot(glyph, column + 1, row + 1) * fx) * fy;
        return Math.Clamp((ink - 0.5f) * scale + 0.5f, 0, 1);
    }

    private static float Dot(ulong glyph, int x, int y)
        => (uint)x < CellWidth && (uint)y < CellHeight ? (glyph >> (y * CellWidth + x)) & 1 : 0;
}
