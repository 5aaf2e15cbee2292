namespace EdgeInfer.Sources.Synthetic;

/// <summary>Draws the looks of parts: size, proportions, rotation, metal. Sizes are for a picture 480 pixels high, times its scale.</summary>
internal static class PartMaker
{
    private static readonly Tint[] s_metals =
    [
        new(0.74f, 0.76f, 0.78f), // steel
        new(0.66f, 0.70f, 0.76f), // zinc
        new(0.80f, 0.79f, 0.75f), // nickel
        new(0.78f, 0.64f, 0.33f), // brass
        new(0.72f, 0.47f, 0.33f), // copper
        new(0.30f, 0.30f, 0.32f), // black oxide
    ];

    /// <summary>Makes part <paramref name="number"/> at the belt's origin.</summary>
    public static BeltPart Make(ref BeltRandom random, long number, float scale)
    {
        BeltPart part = default;
        part.Number = number;
        part.Kind = (PartKind)random.Below(4);
        (part.Sin, part.Cos) = PortableAngle.SinCos(random.Next());
        int metal = random.Below(11);
        // Steel-like metals are the most common; the dark one is the hardest to see and stays rare.
        metal = metal < 6 ? metal % 3 : metal < 8 ? 3 : metal < 9 ? 4 : metal < 10 ? 0 : 5;
        float bright = random.Between(0.85f, 1.12f);
        part.Metal = s_metals[metal].Scaled(bright);
        part.Gloss = random.Between(0.25f, 0.9f);
        part.Bevel = random.Between(1.5f, 3f) * scale;
        switch (part.Kind)
        {
            case PartKind.Bolt: Bolt(ref part, ref random, scale); break;
            case PartKind.Nut: Nut(ref part, ref random, scale); break;
            case PartKind.Washer: Washer(ref part, ref random, scale); break;
            default: Gear(ref part, ref random, scale); break;
        }

        PartOutline.Measure(ref part);
        return part;
    }

    private static void Bolt(ref BeltPart part, ref BeltRandom random, float scale)
    {
        part.Radius = random.Between(27, 58) * scale;
        part.Root = Math.Max(4.5f * scale, part.Radius * random.Between(0.13f, 0.2f));
        part.Inner = part.Root * random.Between(1.65f, 2f);
        part.Middle = part.Root * random.Between(1.1f, 1.7f);
        part.Detail = Math.Max(3f, random.Between(3.4f, 5f) * scale);
        part.Count = random.Below(2);
    }

    private static void Nut(ref BeltPart part, ref BeltRandom random, float scale)
    {
        part.Radius = random.Between(12, 31) * scale;
        part.Inner = part.Radius * random.Between(0.5f, 0.64f);
    }

    private static void Washer(ref BeltPart part, ref BeltRandom random, float scale)
    {
        part.Radius = random.Between(12, 36) * scale;
        part.Inner = part.Radius * random.Between(0.38f, 0.62f);
        part.Root = random.Chance(0.2f) ? Math.Max(1.2f * scale, part.Radius * 0.06f) : 0;
    }

    private static void Gear(ref BeltPart part, ref BeltRandom random, float scale)
    {
        part.Radius = random.Between(25, 58) * scale;
        part.Count = 8 + random.Below(5) + (int)(part.Radius / scale / 9);
        part.Root = part.Radius * random.Between(0.76f, 0.84f);
        part.Inner = part.Radius * random.Between(0.16f, 0.3f);
        bool isLightened = part.Radius > 34 * scale && random.Chance(0.55f);
        part.HoleCount = isLightened ? 3 + random.Below(4) : 0;
        part.Middle = (part.Inner + part.Root) * 0.5f;
        float room = (part.Root - part.Inner) * random.Between(0.26f, 0.34f);
        part.Detail = Math.Min(room, part.Middle * 2.2f / Math.Max(3, part.HoleCount));
        for (int i = 0; i < part.HoleCount; i++)
        {
            (float sin, float cos) = PortableAngle.SinCos((double)i / part.HoleCount);
            part.Holes[i * 2] = cos * part.Middle;
            part.Holes[i * 2 + 1] = sin * part.Middle;
        }
    }
}
