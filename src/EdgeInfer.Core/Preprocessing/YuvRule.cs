using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// How luma and chroma become red, green and blue, in fixed point: luma in 13 bits after <paramref name="Black"/> was taken off, chroma
/// in 12 after 128 was.
/// </summary>
/// <param name="Black">The luma of black.</param>
/// <param name="Luma">The factor of luma.</param>
/// <param name="RedFromV">What the red difference adds to red.</param>
/// <param name="GreenFromV">What the red difference adds to green.</param>
/// <param name="GreenFromU">What the blue difference adds to green.</param>
/// <param name="BlueFromU">What the blue difference adds to blue.</param>
internal readonly record struct YuvRule(short Black, short Luma, short RedFromV, short GreenFromV, short GreenFromU, short BlueFromU)
{
    // The shares of red and blue in luma (ITU-R BT.601-7, 2.5.1; BT.709-6, 3.2); green has the rest.
    private const double Red601 = 0.299;
    private const double Blue601 = 0.114;
    private const double Red709 = 0.2126;
    private const double Blue709 = 0.0722;

    private static readonly YuvRule[] s_rules =
    [
        Derive(Red601, Blue601, isLimited: true),
        Derive(Red601, Blue601, isLimited: false),
        Derive(Red709, Blue709, isLimited: true),
        Derive(Red709, Blue709, isLimited: false),
    ];

    /// <summary>The rule of a name.</summary>
    public static ref readonly YuvRule Of(YuvColour colour) => ref s_rules[(int)colour];

    private static YuvRule Derive(double red, double blue, bool isLimited)
    {
        // Luma of 8 bits has 219 steps and chroma 224 where the range is limited (BT.601-7, 2.5.3).
        double luma = isLimited ? 255.0 / 219 : 1;
        double chroma = isLimited ? 255.0 / 224 : 1;
        double green = 1 - red - blue;
        return new(
            isLimited ? (short)16 : (short)0,
            Fixed(luma, 13),
            Fixed(2 * (1 - red) * chroma, 12),
            Fixed(-2 * red * (1 - red) / green * chroma, 12),
            Fixed(-2 * blue * (1 - blue) / green * chroma, 12),
            Fixed(2 * (1 - blue) * chroma, 12));
    }

    private static short Fixed(double value, int bits) => (short)Math.Round(value * (1 << bits));
}
