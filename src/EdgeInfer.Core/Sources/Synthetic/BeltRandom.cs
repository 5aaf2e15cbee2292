namespace EdgeInfer.Sources.Synthetic;

/// <summary>
/// A small generator (SplitMix64) of this folder's own, so that one seed draws the same pictures on every machine and runtime:
/// <see cref="Random"/> promises no sequence across versions.
/// </summary>
internal struct BeltRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A generator for one thing of a scene: the same numbers always give the same generator.</summary>
    public static BeltRandom For(long seed, long kind, long number)
    {
        ulong mixed = Mix((ulong)seed * 0x9E3779B97F4A7C15UL + (ulong)kind);
        return new(Mix(mixed + (ulong)number * 0xD1B54A32D192ED03UL));
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15UL;
        return Mix(_state);
    }

    /// <summary>0 up to, not including, 1, in steps of 2⁻²⁴.</summary>
    public float Next() => (NextBits() >> 40) * (1f / 16777216f);

    /// <summary><paramref name="low"/> up to <paramref name="high"/>.</summary>
    public float Between(float low, float high) => low + (high - low) * Next();

    /// <summary>0 up to, not including, <paramref name="count"/>.</summary>
    public int Below(int count) => (int)(NextBits() % (ulong)count);

    /// <summary>True with the given chance.</summary>
    public bool Chance(float chance) => Next() < chance;

    private static ulong Mix(ulong bits)
    {
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9UL;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBUL;
        return bits ^ (bits >> 31);
    }
}
