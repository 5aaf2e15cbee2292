namespace EdgeInfer.Sources.Synthetic;

/// <summary>
/// The belt's surface with its rails as a strip of RGB that repeats along the belt: weave, streaks, wear, stains, scratches and
/// chips. Drawn once per scene.
/// </summary>
internal sealed class BeltSurface
{
    private const int PeriodPixels = 1024;

    private readonly byte[] _rgb;
    private readonly BeltScene _scene;
    private readonly float[] _grain;
    private readonly float[] _cloud;

    /// <summary>Draws the strip.</summary>
    public BeltSurface(BeltScene scene)
    {
        _scene = scene;
        Period = Math.Max(64, (int)(PeriodPixels * scene.Scale));
        _rgb = new byte[Period * scene.Height * 3];
        BeltRandom random = BeltRandom.For(scene.Seed, 4, 0);
        _grain = Lattice(ref random, 64 * 64);
        _cloud = Lattice(ref random, 16 * 16);
        float[] level = new float[Period * scene.Height];
        DrawWear(level, ref random);
        DrawMarks(level, ref random);
        Colour(level);
        DrawRails(ref random);
    }

    /// <summary>Length of the strip in pixels.</summary>
    public int Period { get; }

    /// <summary>Copies one row of the belt, the strip starting <paramref name="shift"/> pixels into it.</summary>
    public void CopyRow(int row, int shift, Span<byte> rgb)
    {
        ReadOnlySpan<byte> strip = _rgb.AsSpan(row * Period * 3, Period * 3);
        int at = shift * 3;
        while (!rgb.IsEmpty)
        {
            int bytes = Math.Min(rgb.Length, strip.Length - at);
            strip.Slice(at, bytes).CopyTo(rgb);
            rgb = rgb[bytes..];
            at = 0;
        }
    }

    private static float[] Lattice(ref BeltRandom random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = random.Between(-1, 1);
        return values;
    }

    private void DrawWear(float[] level, ref BeltRandom random)
    {
        float weave = random.Between(0, 0.07f), streak = random.Between(0.01f, 0.06f);
        float grain = random.Between(0.03f, 0.1f), cloud = random.Between(0.03f, 0.12f);
        float thread = random.Between(4f, 8f) * _scene.Scale;
        for (int y = 0; y < _scene.Height; y++)
        {
            float v = y / _scene.Scale;
            float stripe = Smooth(_grain, 64, 0, v * 0.31f) * streak;
            for (int x = 0; x < Period; x++)
            {
                float u = x * (float)PeriodPixels / Period;
                float rough = Smooth(_grain, 64, u * 0.5f, v * 0.5f) * grain;
                float blotch = Smooth(_cloud, 16, u * (1f / 64), v * 0.021f) * cloud;
                float across = Triangle((x + y) / thread) * Triangle((x - y) / thread) * weave;
                level[y * Period + x] = 1 + stripe + rough + blotch + across;
            }
        }
    }

    private void DrawMarks(float[] level, ref BeltRandom random)
    {
        int stains = random.Below(7), scratches = random.Below(12), chips = random.Below(24);
        for (int i = 0; i < stains; i++)
        {
            float rx = random.Between(10, 50) * _scene.Scale, ry = random.Between(6, 26) * _scene.Scale;
            Spot(level, Place(ref random), rx, ry, random.Between(-0.35f, 0.12f));
        }

        for (int i = 0; i < scratches; i++)
        {
            (float x, float y) = Place(ref random);
            (float sin, float cos) = PortableAngle.SinCos(random.Between(-0.12f, 0.12f));
            int length = (int)(random.Between(20, 160) * _scene.Scale);
            float depth = random.Between(-0.25f, 0.4f);
            for (int step = 0; step < length; step++) Spot(level, (x + cos * step, y + sin * step), 1, 1, depth);
        }

        for (int i = 0; i < chips; i++)
        {
            float size = random.Between(1, 3.2f) * _scene.Scale;
            Spot(level, Place(ref random), size * random.Between(0.6f, 2), size, random.Between(0.3f, 1.6f));
        }
    }

    private (float X, float Y) Place(ref BeltRandom random) => (random.Between(0, Period), random.Between(0, _scene.Height));

    private void Spot(float[] level, (float X, float Y) at, float rx, float ry, float strength)
    {
        for (int y = (int)(at.Y - ry); y <= (int)(at.Y + ry) + 1; y++)
        {
            if (y < 0 || y >= _scene.Height) continue;
            for (int x = (int)(at.X - rx); x <= (int)(at.X + rx) + 1; x++)
            {
                float dx = (x - at.X) / rx, dy = (y - at.Y) / ry;
                float inside = 1 - dx * dx - dy * dy;
                if (inside <= 0) continue;
                int column = (x % Period + Period) % Period;
                level[y * Period + column] += strength * inside;
            }
        }
    }

    private void Colour(float[] level)
    {
        Tint belt = _scene.Look.Belt.Scaled(255);
        for (int i = 0; i < level.Length; i++)
        {
            float bright = Math.Max(0.2f, level[i]);
            _rgb[i * 3] = Byte(belt.Red * bright);
            _rgb[i * 3 + 1] = Byte(belt.Green * bright);
            _rgb[i * 3 + 2] = Byte(belt.Blue * bright);
        }
    }

    // An extruded profile: a rounded lip towards the belt, a groove, a flat; then the gap's shadow on the belt.
    private void DrawRails(ref BeltRandom random)
    {
        int rail = _scene.RailPixels;
        int shade = Math.Max(2, rail / 3);
        for (int fromEdge = 0; fromEdge < rail + shade; fromEdge++)
        {
            float line = 1 + random.Between(-0.04f, 0.04f);
            for (int side = 0; side < 2; side++)
            {
                int y = side == 0 ? fromEdge : _scene.Height - 1 - fromEdge;
                Span<byte> row = _rgb.AsSpan(y * Period * 3, Period * 3);
                if (fromEdge >= rail)
                {
                    float dark = 0.45f + 0.55f * (fromEdge - rail) / shade;
                    for (int i = 0; i < row.Length; i++) row[i] = Byte(row[i] * dark);
                    continue;
                }

                float across = (float)fromEdge / rail;
                float profile = across > 0.72f ? 0.75f + 2.2f * (across - 0.72f) * (1.1f - across) / 0.08f * 0.25f : across is > 0.36f and < 0.44f ? 0.5f : 0.95f;
                Tint colour = _scene.Look.Rail.Scaled(255 * profile * line);
                for (int i = 0; i < row.Length; i += 3)
                {
                    row[i] = Byte(colour.Red);
                    row[i + 1] = Byte(colour.Green);
                    row[i + 2] = Byte(colour.Blue);
                }
            }
        }
    }

    private static byte Byte(float value) => (byte)Math.Clamp(value + 0.5f, 0, 255);

    private static float Triangle(float x)
    {
        float within = x - MathF.Floor(x);
        return 1 - 4 * MathF.Abs(within - 0.5f);
    }

    private static float Smooth(float[] lattice, int size, float x, float y)
    {
        float fx = MathF.Floor(x), fy = MathF.Floor(y);
        int x0 = (int)fx & (size - 1), y0 = (int)fy & (size - 1);
        int x1 = (x0 + 1) & (size - 1), y1 = (y0 + 1) & (size - 1);
        float tx = x - fx, ty = y - fy;
        tx = tx * tx * (3 - 2 * tx);
        ty = ty * ty * (3 - 2 * ty);
        float top = lattice[y0 * size + x0] + (lattice[y0 * size + x1] - lattice[y0 * size + x0]) * tx;
        float bottom = lattice[y1 * size + x0] + (lattice[y1 * size + x1] - lattice[y1 * size + x0]) * tx;
        return top + (bottom - top) * ty;
    }
}
