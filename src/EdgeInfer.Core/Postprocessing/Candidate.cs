namespace EdgeInfer.Postprocessing;

/// <summary>A box that a head proposes: corners in tensor pixels.</summary>
internal readonly record struct Candidate(int Class, float Score, float Left, float Top, float Right, float Bottom)
{
    /// <summary>In square tensor pixels.</summary>
    public float Area => (Right - Left) * (Bottom - Top);

    /// <summary>Whether it covers anything and all its corners are numbers.</summary>
    public bool IsBox => Right > Left && Bottom > Top && float.IsFinite(Right - Left) && float.IsFinite(Bottom - Top);

    /// <summary>From a centre and a size.</summary>
    public static Candidate Centred(int @class, float score, float x, float y, float width, float height)
        => new(@class, score, x - width / 2, y - height / 2, x + width / 2, y + height / 2);
}
