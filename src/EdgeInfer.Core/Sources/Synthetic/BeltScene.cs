namespace EdgeInfer.Sources.Synthetic;

/// <summary>
/// The world of one seed: an endless belt with parts on it, and where they are in each picture. A pure function of seed, size,
/// rate and picture number; the belt is measured in pixels of the picture, 480 rows of which show its whole width.
/// </summary>
internal sealed class BeltScene
{
    /// <summary>The most parts one picture can show: room for any sensible picture; a wider one shows no more.</summary>
    public const int MaxParts = 256;

    private const float PlacePixels = 80;
    private const float RailFraction = 0.07f;
    private const float LargestPartPixels = 64;

    private readonly int _seed;

    /// <summary>Sets up the world.</summary>
    /// <param name="size">Picture size, 64 to 8192 pixels each way.</param>
    /// <param name="framesPerSecond">Pictures a second.</param>
    /// <param name="seed">Same seed, same world.</param>
    public BeltScene((int Width, int Height) size, double framesPerSecond, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(size.Width, size.Height), 64, nameof(size));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Math.Max(size.Width, size.Height), 8192, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(framesPerSecond);
        Width = size.Width;
        Height = size.Height;
        _seed = seed;
        Scale = size.Height / 480f;
        Look = new BeltLook(seed, Scale);
        PixelsPerFrame = Look.PixelsPerSecond / framesPerSecond;
        RailPixels = (int)(Height * RailFraction);
    }

    /// <summary>Picture width.</summary>
    public int Width { get; }

    /// <summary>Picture height.</summary>
    public int Height { get; }

    /// <summary>The seed.</summary>
    public int Seed => _seed;

    /// <summary>Picture pixels to one pixel of a picture 480 pixels high.</summary>
    public float Scale { get; }

    /// <summary>Height of the rail at the top and at the bottom.</summary>
    public int RailPixels { get; }

    /// <summary>What it looks like.</summary>
    public BeltLook Look { get; }

    /// <summary>How far the belt moves from one picture to the next; parts move to the right.</summary>
    public double PixelsPerFrame { get; }

    /// <summary>How far the belt has moved since picture 0.</summary>
    public double Travelled(long frame) => frame * PixelsPerFrame;

    /// <summary>The parts that a picture shows or whose shadows it shows, lowest first.</summary>
    /// <returns>How many were written.</returns>
    public int Parts(long frame, Span<BeltPart> parts)
    {
        double place = PlacePixels * Scale;
        double reach = (LargestPartPixels + 32) * Scale;
        double travelled = Travelled(frame);
        // Place k lies at travelled − k · place: the next ones come in from the left.
        long first = (long)Math.Ceiling((travelled - Width - reach) / place);
        long last = (long)Math.Floor((travelled + reach) / place);
        int count = 0;
        for (long number = first; number <= last && count < parts.Length; number++)
        {
            BeltRandom random = BeltRandom.For(_seed, 2, number);
            if (!random.Chance(Look.Density)) continue;
            ref BeltPart part = ref parts[count];
            part = PartMaker.Make(ref random, number, Scale);
            part.CentreX = (float)(travelled - number * place + random.Between(-24, 24) * Scale);
            part.CentreY = Lane(number) + random.Between(-46, 46) * Scale;
            KeepOffTheRails(ref part);
            if (part.CentreX > -reach && part.CentreX < Width + reach) count++;
        }

        return count;
    }

    // Three lanes, each taken once in three places, so that most parts have room and some touch or overlap.
    private float Lane(long number)
    {
        long group = Math.DivRem(number, 3, out long within);
        if (within < 0)
        {
            within += 3;
            group--;
        }

        BeltRandom random = BeltRandom.For(_seed, 3, group);
        int start = random.Below(3);
        int step = random.Chance(0.5f) ? 1 : 2;
        int lane = (int)((start + within * step) % 3);
        return Height * 0.5f + (lane - 1) * 118 * Scale;
    }

    private void KeepOffTheRails(ref BeltPart part)
    {
        float low = RailPixels + 4 * Scale - part.Top;
        float high = Height - RailPixels - 4 * Scale - part.Bottom;
        part.CentreY = Math.Clamp(part.CentreY, low, high);
    }
}
