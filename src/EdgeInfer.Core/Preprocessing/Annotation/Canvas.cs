namespace EdgeInfer.Preprocessing.Annotation;

/// <summary>RGB pixels to draw on; everything is clipped to them. Colours are 0xRRGGBB.</summary>
/// <param name="rgb">Three bytes a pixel, rows without gaps.</param>
/// <param name="width">Columns.</param>
/// <param name="height">Rows.</param>
internal readonly ref struct Canvas(Span<byte> rgb, int width, int height)
{
    /// <summary>Dots of margin around a line of text.</summary>
    private const float Margin = 1.5f;

    private readonly Span<byte> _rgb = rgb;

    /// <summary>Columns.</summary>
    public int Width { get; } = width;

    /// <summary>Rows.</summary>
    public int Height { get; } = height;

    /// <summary>Pixels that a line of text takes down, its background included.</summary>
    public static int TextHeight(float scale) => (int)MathF.Ceiling((BitmapFont.CellHeight + 2 * Margin) * scale);

    /// <summary>Pixels that a line of text takes across.</summary>
    public static int TextWidth(string text, float scale) => (int)MathF.Ceiling((text.Length * BitmapFont.Advance - 1 + 2 * Margin) * scale);

    /// <summary>Fills a rectangle; right and bottom are not part of it.</summary>
    public void Fill(int left, int top, int right, int bottom, uint color)
    {
        left = Math.Max(0, left);
        right = Math.Min(Width, right);
        for (int y = Math.Max(0, top); y < Math.Min(Height, bottom); y++)
            for (int x = left; x < right; x++) Blend(x, y, color, 1);
    }

    /// <summary>Writes a line of text on a filled background.</summary>
    public void Text(string text, int left, int top, float scale, uint ink, uint paper)
    {
        int right = left + TextWidth(text, scale);
        int bottom = top + TextHeight(scale);
        Fill(left, top, right, bottom, paper);
        for (int y = Math.Max(0, top); y < Math.Min(Height, bottom); y++)
        {
            float row = (y + 0.5f - top) / scale - Margin;
            for (int x = Math.Max(0, left); x < Math.Min(Width, right); x++)
            {
                float column = (x + 0.5f - left) / scale - Margin;
                int letter = (int)MathF.Floor((column + 0.5f) / BitmapFont.Advance);
                if ((uint)letter >= text.Length) continue;
                float coverage = BitmapFont.Coverage(text[letter], column - letter * BitmapFont.Advance, row, scale);
                if (coverage > 0) Blend(x, y, ink, coverage);
            }
        }
    }

    private void Blend(int x, int y, uint color, float share)
    {
        Span<byte> pixel = _rgb.Slice((y * Width + x) * 3, 3);
        for (int c = 0; c < 3; c++)
        {
            float target = color >> (16 - 8 * c) & 0xFF;
            pixel[c] = (byte)MathF.Round(pixel[c] + (target - pixel[c]) * share);
        }
    }
}
