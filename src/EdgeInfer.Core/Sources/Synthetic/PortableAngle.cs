namespace EdgeInfer.Sources.Synthetic;

/// <summary>
/// Trigonometry in whole turns from additions and multiplications alone: the C library's functions differ in the last bit
/// between machines, and then the same seed would not draw the same bytes.
/// </summary>
internal static class PortableAngle
{
    private const double RadiansPerTurn = 6.283185307179586;

    /// <summary>Sine and cosine of an angle in turns, to about 1e-8.</summary>
    public static (float Sin, float Cos) SinCos(double turns)
    {
        double quarters = turns * 4;
        double nearest = Math.Floor(quarters + 0.5);
        double x = (quarters - nearest) * (RadiansPerTurn / 4);
        double x2 = x * x;
        double sin = x * (1 + x2 * (-1.0 / 6 + x2 * (1.0 / 120 + x2 * (-1.0 / 5040 + x2 * (1.0 / 362880)))));
        double cos = 1 + x2 * (-0.5 + x2 * (1.0 / 24 + x2 * (-1.0 / 720 + x2 * (1.0 / 40320 - x2 * (1.0 / 3628800)))));
        return ((long)nearest & 3) switch
        {
            0 => ((float)sin, (float)cos),
            1 => ((float)cos, (float)-sin),
            2 => ((float)-sin, (float)-cos),
            _ => ((float)-cos, (float)sin),
        };
    }

    /// <summary>The angle of a vector in turns, −0.5 to 0.5, to about 2e-6.</summary>
    public static float Atan2(float y, float x)
    {
        float ax = MathF.Abs(x), ay = MathF.Abs(y);
        float larger = MathF.Max(ax, ay);
        if (larger == 0) return 0;
        float a = MathF.Min(ax, ay) / larger;
        float a2 = a * a;
        float turns = a * (0.15915132f + a2 * (-0.05293867f + a2 * (0.03080340f + a2 * (-0.01853087f + a2 * (0.00838004f + a2 * -0.00186549f)))));
        if (ay > ax) turns = 0.25f - turns;
        if (x < 0) turns = 0.5f - turns;
        return y < 0 ? -turns : turns;
    }
}
