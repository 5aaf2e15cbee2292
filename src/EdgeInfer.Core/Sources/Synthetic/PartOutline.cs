namespace EdgeInfer.Sources.Synthetic;

/// <summary>
/// The shapes themselves: how far a point is from a part's outline (negative inside, in pixels) and how high the part is there,
/// from which its light and shade follow. Distances are exact near the outline and bounds further away.
/// </summary>
internal static class PartOutline
{
    /// <summary>Width of a gear's tooth, as a fraction of the pitch, at its tip and its root.</summary>
    private const float TipWidth = 0.36f, RootWidth = 0.64f;

    /// <summary>The chamfer at a bolt's end, as a fraction of half the shank's width.</summary>
    private const float TipChamfer = 0.45f;

    /// <summary>Distance of a point from the outline; the point is relative to the part's centre, on the picture's axes.</summary>
    public static float Distance(in BeltPart part, float dx, float dy)
    {
        float u = dx * part.Cos + dy * part.Sin;
        float v = dy * part.Cos - dx * part.Sin;
        return part.Kind switch
        {
            PartKind.Bolt => BoltDistance(part, u, v),
            PartKind.Nut => NutDistance(part, u, v),
            PartKind.Washer => WasherDistance(part, u, v),
            _ => GearDistance(part, u, v),
        };
    }

    /// <summary>Height above the belt at a point whose distance is known, in pixels; outside it falls on below 0.</summary>
    public static float Height(in BeltPart part, float dx, float dy, float distance)
    {
        float edge = Math.Max(-1.5f, Math.Min(-distance, part.Bevel));
        if (distance > 1.5f) return edge;
        float u = dx * part.Cos + dy * part.Sin;
        float v = dy * part.Cos - dx * part.Sin;
        switch (part.Kind)
        {
            case PartKind.Bolt:
                return BoltHeight(part, u, v, distance);
            case PartKind.Nut:
                // A turned chamfer takes the corners' top off; inside, the thread's countersink.
                float r = MathF.Sqrt(u * u + v * v);
                float chamfer = (part.Radius * 1.04f - r) * 0.55f + part.Bevel * 0.5f;
                float sink = (r - part.Inner) * 0.8f;
                return Math.Min(part.Bevel, Math.Min(edge + part.Bevel * 0.4f, Math.Min(chamfer, sink)));
            case PartKind.Washer:
                return edge * 0.8f;
            default:
                return edge + GearRelief(part, MathF.Sqrt(u * u + v * v));
        }
    }

    /// <summary>Sets the half extents of the outline on the picture's axes, exactly.</summary>
    public static void Measure(ref BeltPart part)
    {
        switch (part.Kind)
        {
            case PartKind.Washer:
                (part.Left, part.Top, part.Right, part.Bottom) = (-part.Radius, -part.Radius, part.Radius, part.Radius);
                break;
            case PartKind.Nut:
                for (int i = 0; i < 6; i++)
                {
                    (float sin, float cos) = PortableAngle.SinCos(i / 6.0);
                    float corner = part.Radius * 1.1547005f;
                    Include(ref part, cos * corner, sin * corner);
                }

                break;
            case PartKind.Gear:
                MeasureGear(ref part);
                break;
            default:
                float chamfer = part.Root * TipChamfer;
                Include(ref part, -part.Radius, part.Inner);
                Include(ref part, -part.Radius, -part.Inner);
                Include(ref part, -part.Radius + part.Middle, part.Inner);
                Include(ref part, -part.Radius + part.Middle, -part.Inner);
                Include(ref part, part.Radius - chamfer, part.Root);
                Include(ref part, part.Radius - chamfer, -part.Root);
                Include(ref part, part.Radius, part.Root - chamfer);
                Include(ref part, part.Radius, chamfer - part.Root);
                break;
        }
    }

    private static void MeasureGear(ref BeltPart part)
    {
        for (int tooth = 0; tooth < part.Count; tooth++)
        {
            // The tip is an arc: nine points on it are exact to a few thousandths of a pixel.
            for (int i = -4; i <= 4; i++)
            {
                (float sin, float cos) = PortableAngle.SinCos((tooth + 0.5 + i * (TipWidth / 8.0)) / part.Count);
                Include(ref part, cos * part.Radius, sin * part.Radius);
            }
        }
    }

    private static void Include(ref BeltPart part, float u, float v)
    {
        float x = u * part.Cos - v * part.Sin;
        float y = u * part.Sin + v * part.Cos;
        part.Left = Math.Min(part.Left, x);
        part.Top = Math.Min(part.Top, y);
        part.Right = Math.Max(part.Right, x);
        part.Bottom = Math.Max(part.Bottom, y);
    }

    private static float BoltDistance(in BeltPart part, float u, float v)
    {
        float av = MathF.Abs(v);
        float headCentre = part.Middle * 0.5f - part.Radius;
        float head = Box(MathF.Abs(u - headCentre) - part.Middle * 0.5f, av - part.Inner);
        float from = part.Middle - part.Radius;
        float half = (part.Radius - from) * 0.5f;
        float shank = Box(MathF.Abs(u - from - half) - half, av - part.Root);
        float tip = (u + av - (part.Radius + part.Root * (1 - TipChamfer))) * 0.70710678f;
        return Math.Min(head, Math.Max(shank, tip));
    }

    private static float BoltHeight(in BeltPart part, float u, float v, float distance)
    {
        float av = MathF.Abs(v);
        float neck = part.Middle - part.Radius;
        if (u > neck)
        {
            float round = MathF.Sqrt(Math.Max(0.02f, 1 - av * av / (part.Root * part.Root))) * part.Root * 0.8f;
            float along = (u - neck - part.Root) / part.Detail + v / part.Root * 0.3f;
            float ridge = along - MathF.Floor(along) - 0.5f;
            return along > 0 ? round + MathF.Abs(ridge) * part.Detail * 0.7f : round;
        }

        float top = part.Inner * 0.85f;
        float head = part.Count == 1
            ? MathF.Sqrt(Math.Max(0.02f, 1 - av * av / (part.Inner * part.Inner))) * top
            : Math.Min(top, top + (part.Inner * 0.48f - av) * 1.1f);
        return Math.Max(-1.5f, Math.Min(head, -distance * 1.2f + part.Inner * 0.3f));
    }

    private static float NutDistance(in BeltPart part, float u, float v)
    {
        float px = MathF.Abs(u), py = MathF.Abs(v);
        // Corners lie on the u axis. Beyond a corner this bound is a little short, which only sharpens it.
        float flat = Math.Max(py, px * 0.8660254f + py * 0.5f) - part.Radius;
        return Math.Max(flat, part.Inner - MathF.Sqrt(u * u + v * v));
    }

    private static float WasherDistance(in BeltPart part, float u, float v)
    {
        float r = MathF.Sqrt(u * u + v * v);
        float ring = Math.Max(r - part.Radius, part.Inner - r);
        return part.Root > 0 && u > 0 ? Math.Max(ring, part.Root - MathF.Abs(v)) : ring;
    }

    private static float GearDistance(in BeltPart part, float u, float v)
    {
        float r = MathF.Sqrt(u * u + v * v);
        float d = r - part.Root;
        if (d > -2)
        {
            float pitch = PortableAngle.Atan2(v, u) * part.Count;
            float offCentre = MathF.Abs(pitch - MathF.Floor(pitch) - 0.5f) * 2;
            float width = RootWidth + (TipWidth - RootWidth) * d / (part.Radius - part.Root);
            float flank = (offCentre - width) * 3.1415927f * r / part.Count;
            d = Math.Min(d, Math.Max(r - part.Radius, flank));
        }

        d = Math.Max(d, part.Inner - r);
        for (int i = 0; i < part.HoleCount; i++)
        {
            float hx = u - part.Holes[i * 2], hy = v - part.Holes[i * 2 + 1];
            float squared = hx * hx + hy * hy;
            float reach = part.Detail + 4;
            if (squared < reach * reach) d = Math.Max(d, part.Detail - MathF.Sqrt(squared));
        }

        return d;
    }

    // A turned-down web between hub and rim.
    private static float GearRelief(in BeltPart part, float r)
    {
        float fromHub = r - part.Inner * 1.7f, fromRim = part.Root * 0.86f - r;
        float inside = Math.Min(fromHub, fromRim);
        return -Math.Clamp(inside, 0, part.Bevel * 1.3f);
    }

    private static float Box(float x, float y)
    {
        if (x <= 0 || y <= 0) return Math.Max(x, y);
        return MathF.Sqrt(x * x + y * y);
    }
}
