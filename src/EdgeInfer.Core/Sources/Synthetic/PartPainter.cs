namespace EdgeInfer.Sources.Synthetic;

/// <summary>Draws parts with their shadows into an RGB picture. Keeps its work space; one thread at a time.</summary>
internal sealed class PartPainter(BeltScene scene)
{
    private readonly float[] _distance = new float[Side(scene) * Side(scene)];
    private readonly float[] _height = new float[Side(scene) * Side(scene)];

    private int _left, _top, _columns, _rows;

    /// <summary>Draws one part over what is there.</summary>
    public void Paint(in BeltPart part, Span<byte> rgb)
    {
        Survey(part);
        CastShadow(rgb);
        Shade(part, rgb);
    }

    // A part's longest extent, and around it the shadow.
    private static int Side(BeltScene scene) => (int)(132 * scene.Scale) + 2 * Margin(scene.Look) + 4;

    private static int Margin(BeltLook look) => (int)(look.ShadowPixels + look.ShadowSoftPixels) + 3;

    private void Survey(in BeltPart part)
    {
        int margin = Margin(scene.Look);
        _left = (int)MathF.Floor(part.CentreX + part.Left) - margin;
        _top = (int)MathF.Floor(part.CentreY + part.Top) - margin;
        _columns = (int)MathF.Ceiling(part.CentreX + part.Right) + margin - _left;
        _rows = (int)MathF.Ceiling(part.CentreY + part.Bottom) + margin - _top;
        for (int row = 0, i = 0; row < _rows; row++)
        {
            float dy = _top + row + 0.5f - part.CentreY;
            for (int column = 0; column < _columns; column++, i++)
            {
                float dx = _left + column + 0.5f - part.CentreX;
                float distance = PartOutline.Distance(part, dx, dy);
                _distance[i] = distance;
                _height[i] = PartOutline.Height(part, dx, dy, distance);
            }
        }
    }

    private void CastShadow(Span<byte> rgb)
    {
        BeltLook look = scene.Look;
        int shiftX = (int)MathF.Floor(0.5f - look.LightX * look.ShadowPixels);
        int shiftY = (int)MathF.Floor(0.5f - look.LightY * look.ShadowPixels);
        float perPixel = 0.5f / look.ShadowSoftPixels;
        int firstColumn = Math.Max(Math.Max(0, shiftX), -_left);
        int endColumn = Math.Min(Math.Min(_columns, _columns + shiftX), scene.Width - _left);
        for (int row = Math.Max(Math.Max(0, shiftY), -_top); row < Math.Min(Math.Min(_rows, _rows + shiftY), scene.Height - _top); row++)
        {
            int from = (row - shiftY) * _columns - shiftX;
            int pixel = ((_top + row) * scene.Width + _left) * 3;
            for (int column = firstColumn; column < endColumn; column++)
            {
                float cover = 0.5f - _distance[from + column] * perPixel;
                if (cover <= 0) continue;
                float light = 1 - look.ShadowStrength * (cover >= 1 ? 1 : cover * cover * (3 - 2 * cover));
                int at = pixel + column * 3;
                rgb[at] = (byte)(rgb[at] * light);
                rgb[at + 1] = (byte)(rgb[at + 1] * light);
                rgb[at + 2] = (byte)(rgb[at + 2] * light);
            }
        }
    }

    private void Shade(in BeltPart part, Span<byte> rgb)
    {
        float perPixel = 1 / scene.Look.EdgePixels;
        int firstColumn = Math.Max(1, -_left), endColumn = Math.Min(_columns - 1, scene.Width - _left);
        for (int row = Math.Max(1, -_top); row < Math.Min(_rows - 1, scene.Height - _top); row++)
        {
            for (int column = firstColumn; column < endColumn; column++)
            {
                int i = row * _columns + column;
                float cover = 0.5f - _distance[i] * perPixel;
                if (cover <= 0) continue;
                cover = Math.Min(cover, 1);
                Tint colour = Light(part, i, _left + column + 0.5f - part.CentreX, _top + row + 0.5f - part.CentreY);
                int at = ((_top + row) * scene.Width + _left + column) * 3;
                rgb[at] = Blend(rgb[at], colour.Red, cover);
                rgb[at + 1] = Blend(rgb[at + 1], colour.Green, cover);
                rgb[at + 2] = Blend(rgb[at + 2], colour.Blue, cover);
            }
        }
    }

    // Lambert plus a Blinn highlight on the height field, a sky that is brighter on one side, and brushed metal.
    private Tint Light(in BeltPart part, int i, float dx, float dy)
    {
        BeltLook look = scene.Look;
        float slopeX = (_height[i + 1] - _height[i - 1]) * 0.5f;
        float slopeY = (_height[i + _columns] - _height[i - _columns]) * 0.5f;
        float normal = 1 / MathF.Sqrt(1 + slopeX * slopeX + slopeY * slopeY);
        float diffuse = Math.Max(0, (look.LightHeight - slopeX * look.LightX - slopeY * look.LightY) * normal);
        float halfLength = 1 / MathF.Sqrt(2 + 2 * look.LightHeight);
        float mirror = Math.Max(0, (1 + look.LightHeight - slopeX * look.LightX - slopeY * look.LightY) * normal * halfLength);
        mirror *= mirror;
        mirror *= mirror;
        mirror *= mirror;
        mirror *= mirror;
        float sky = (dx * look.LightX + dy * look.LightY) / part.Radius * 0.1f;
        float brushed = Brushed(part, dx, dy);
        float shade = (0.3f + 0.62f * diffuse + sky) * (1 + brushed) * 235;
        float shine = mirror * part.Gloss * 70;
        return new(part.Metal.Red * shade + shine, part.Metal.Green * shade + shine, part.Metal.Blue * shade + shine);
    }

    // Lines along the part, other ones for each; turned parts have rings instead.
    private static float Brushed(in BeltPart part, float dx, float dy)
    {
        float across = part.Kind is PartKind.Washer or PartKind.Gear
            ? MathF.Sqrt(dx * dx + dy * dy)
            : dy * part.Cos - dx * part.Sin;
        ulong line = (ulong)((long)(across * 1.5f) + part.Number * 977 + 4096) * 0x9E3779B97F4A7C15UL;
        return ((line >> 40) & 0xFF) * (0.1f / 255) - 0.05f;
    }

    private static byte Blend(byte below, float above, float cover) => (byte)Math.Clamp(below + (above - below) * cover + 0.5f, 0, 255);
}
