namespace EdgeInfer.Sources.Synthetic;

/// <summary>What one seed's belt and camera look like: everything that stays the same from picture to picture.</summary>
internal sealed class BeltLook
{
    private static readonly Tint[] s_belts =
    [
        new(0.16f, 0.17f, 0.18f), // black rubber
        new(0.25f, 0.27f, 0.28f), // grey rubber
        new(0.10f, 0.27f, 0.22f), // green PVC
        new(0.13f, 0.22f, 0.36f), // blue PU
        new(0.30f, 0.24f, 0.19f), // brown fabric
        new(0.44f, 0.45f, 0.43f), // light grey
    ];

    /// <summary>Draws the look of a seed.</summary>
    public BeltLook(int seed, float scale)
    {
        BeltRandom random = BeltRandom.For(seed, 1, 0);
        Belt = s_belts[random.Below(s_belts.Length)].Scaled(random.Between(0.8f, 1.2f));
        float rail = random.Between(0.45f, 0.62f);
        Rail = random.Below(3) switch
        {
            0 => new Tint(rail, rail * 1.01f, rail * 1.03f),
            1 => new Tint(rail * 1.1f, rail * 0.82f, rail * 0.25f),
            _ => new Tint(rail * 0.5f, rail * 0.68f, rail * 0.9f),
        };
        PixelsPerSecond = random.Between(60, 130) * scale;
        BlurPixels = PixelsPerSecond * random.Between(0.003f, 0.045f);
        NoiseLevel = random.Between(1.2f, 6f);
        EdgePixels = random.Between(1f, 1.7f);
        Density = random.Between(0.65f, 0.95f);
        (float sin, float cos) = PortableAngle.SinCos(random.Next());
        LightX = cos;
        LightY = sin;
        LightHeight = random.Between(0.8f, 1.5f);
        float length = MathF.Sqrt(1 + LightHeight * LightHeight);
        (LightX, LightY, LightHeight) = (LightX / length, LightY / length, LightHeight / length);
        ShadowPixels = random.Between(3f, 7f) * scale;
        ShadowSoftPixels = random.Between(1.5f, 6f) * scale;
        ShadowStrength = random.Between(0.35f, 0.7f);
        Brightness = random.Between(0.8f, 1.25f);
        SpotX = random.Between(0.15f, 0.85f);
        SpotY = random.Between(0.1f, 0.9f);
        Falloff = random.Between(0.1f, 0.55f);
        float warmth = random.Between(-0.06f, 0.06f);
        Balance = new Tint(1 + warmth, 1, 1 - warmth);
    }

    /// <summary>Colour of the belt and of the rails beside it.</summary>
    public Tint Belt { get; }

    /// <summary>Colour of the rails.</summary>
    public Tint Rail { get; }

    /// <summary>Speed of the belt in picture pixels a second.</summary>
    public float PixelsPerSecond { get; }

    /// <summary>How far the belt moves while the shutter is open, in pixels.</summary>
    public float BlurPixels { get; }

    /// <summary>Standard deviation of the sensor's noise in grey levels.</summary>
    public float NoiseLevel { get; }

    /// <summary>Width over which an edge goes from one side to the other: how sharp the lens is.</summary>
    public float EdgePixels { get; }

    /// <summary>The chance that a place on the belt has a part.</summary>
    public float Density { get; }

    /// <summary>Direction to the light, a unit vector; x and y on the picture's axes.</summary>
    public float LightX { get; }

    /// <summary>See <see cref="LightX"/>.</summary>
    public float LightY { get; }

    /// <summary>See <see cref="LightX"/>.</summary>
    public float LightHeight { get; }

    /// <summary>How far shadows fall.</summary>
    public float ShadowPixels { get; }

    /// <summary>Half the width of a shadow's edge.</summary>
    public float ShadowSoftPixels { get; }

    /// <summary>How dark a shadow is, 0 to 1.</summary>
    public float ShadowStrength { get; }

    /// <summary>Exposure: factor on everything.</summary>
    public float Brightness { get; }

    /// <summary>Centre of the lamp's spot as a fraction of the picture.</summary>
    public float SpotX { get; }

    /// <summary>See <see cref="SpotX"/>.</summary>
    public float SpotY { get; }

    /// <summary>How much darker the far corner is than the spot, 0 to 1.</summary>
    public float Falloff { get; }

    /// <summary>White balance.</summary>
    public Tint Balance { get; }
}
