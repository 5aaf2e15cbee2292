using System.Globalization;

namespace EdgeInfer.Configuration;

/// <summary>The notations of numbers, durations and sizes in configuration and model files.</summary>
public static class ScalarText
{
    private static readonly (string Suffix, double Milliseconds)[] s_durations =
        [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    private static readonly (string Suffix, long Bytes)[] s_sizes =
        [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1)];

    /// <summary>A finite number, or a fraction of two such as <c>1/255</c>.</summary>
    public static bool TryNumber(string text, out double value)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return TryFinite(text, out value);
        value = 0;
        if (!TryFinite(text[..slash], out double numerator) || !TryFinite(text[(slash + 1)..], out double denominator) || denominator == 0) return false;
        value = numerator / denominator;
        return double.IsFinite(value);
    }

    /// <summary>A duration with its unit: ms, s, m, h, d.</summary>
    public static bool TryDuration(string text, out TimeSpan value)
    {
        value = default;
        foreach ((string suffix, double milliseconds) in s_durations)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal) || !TryFinite(text[..^suffix.Length], out double number)) continue;
            double total = number * milliseconds;
            if (total < 0 || total > TimeSpan.MaxValue.TotalMilliseconds / 2) return false;
            value = TimeSpan.FromMilliseconds(total);
            return true;
        }

        return false;
    }

    /// <summary>A duration in its largest whole unit.</summary>
    public static string Duration(TimeSpan value)
    {
        for (int i = s_durations.Length - 1; i >= 0; i--)
        {
            double number = value.TotalMilliseconds / s_durations[i].Milliseconds;
            if (number >= 1 && number == Math.Floor(number)) return number.ToString(CultureInfo.InvariantCulture) + s_durations[i].Suffix;
        }

        return value.TotalMilliseconds.ToString(CultureInfo.InvariantCulture) + "ms";
    }

    /// <summary>A number of bytes with its unit: B, kB, MB, GB, KiB, MiB, GiB.</summary>
    public static bool TryBytes(string text, out long value)
    {
        value = 0;
        foreach ((string suffix, long bytes) in s_sizes)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal) || !TryFinite(text[..^suffix.Length], out double number)) continue;
            double total = number * bytes;
            if (total < 0 || total > long.MaxValue / 2) return false;
            value = (long)total;
            return true;
        }

        return false;
    }

    /// <summary>A picture size: width, <c>x</c>, height.</summary>
    public static bool TrySize(string text, out (int Width, int Height) value)
    {
        value = default;
        int x = text.IndexOf('x', StringComparison.Ordinal);
        if (x <= 0) return false;
        if (!int.TryParse(text.AsSpan(0, x), NumberStyles.None, CultureInfo.InvariantCulture, out int width)) return false;
        if (!int.TryParse(text.AsSpan(x + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int height)) return false;
        value = (width, height);
        return width is >= 1 and <= 65500 && height is >= 1 and <= 65500;
    }

    private static bool TryFinite(string text, out double value)
        => double.TryParse(text.AsSpan().Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
}
