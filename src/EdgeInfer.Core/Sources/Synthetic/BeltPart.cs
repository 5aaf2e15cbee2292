using System.Runtime.CompilerServices;

namespace EdgeInfer.Sources.Synthetic;

/// <summary>The kinds of part, numbered as the bundled detector counts its classes.</summary>
internal enum PartKind
{
    /// <summary>A screw lying on its side: head, shank, thread.</summary>
    Bolt,

    /// <summary>A hexagon with a hole.</summary>
    Nut,

    /// <summary>A flat ring.</summary>
    Washer,

    /// <summary>A toothed wheel.</summary>
    Gear,
}

/// <summary>A colour, each channel 0 to 1.</summary>
internal readonly record struct Tint(float Red, float Green, float Blue)
{
    /// <summary>Every channel times <paramref name="factor"/>.</summary>
    public Tint Scaled(float factor) => new(Red * factor, Green * factor, Blue * factor);
}

/// <summary>
/// One part on the belt as one picture sees it. Lengths are picture pixels; the origin of its own axes is the centre of its outline.
/// </summary>
internal struct BeltPart
{
    /// <summary>What it is.</summary>
    public PartKind Kind;

    /// <summary>Its number along the belt; higher numbers lie on top.</summary>
    public long Number;

    /// <summary>Centre in picture pixels.</summary>
    public float CentreX, CentreY;

    /// <summary>Rotation.</summary>
    public float Sin, Cos;

    /// <summary>Half the size: circumradius of gear and washer, apothem of a nut, half the length of a bolt.</summary>
    public float Radius;

    /// <summary>Radius of the hole, 0 for none; half the head's width of a bolt.</summary>
    public float Inner;

    /// <summary>Root radius of a gear's teeth; half the shank's width of a bolt; half the gap of a split washer.</summary>
    public float Root;

    /// <summary>Length of a bolt's head; radius of the ring on which a gear's lightening holes lie.</summary>
    public float Middle;

    /// <summary>Pitch of a bolt's thread; radius of a gear's lightening holes.</summary>
    public float Detail;

    /// <summary>Teeth of a gear; 1 for a bolt with a round head.</summary>
    public int Count;

    /// <summary>Lightening holes of a gear.</summary>
    public int HoleCount;

    /// <summary>Width of the broken edge.</summary>
    public float Bevel;

    /// <summary>Colour of the metal.</summary>
    public Tint Metal;

    /// <summary>How strongly it mirrors, 0 to 1.</summary>
    public float Gloss;

    /// <summary>Where the lightening holes are.</summary>
    public HoleCentres Holes;

    /// <summary>The outline's extents on the picture's axes, relative to the centre.</summary>
    public float Left, Top, Right, Bottom;

    /// <summary>Centres of up to six lightening holes: x, y, x, y …</summary>
    [InlineArray(12)]
    public struct HoleCentres
    {
        private float _first;
    }
}
