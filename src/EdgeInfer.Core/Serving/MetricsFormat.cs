using System.Globalization;

namespace EdgeInfer.Serving;

/// <summary>A text form of metrics.</summary>
internal enum MetricsFormat
{
    /// <summary>Prometheus' text exposition format 0.0.4.</summary>
    Prometheus,

    /// <summary>OpenMetrics 1.0.0.</summary>
    OpenMetrics,
}

/// <summary>Which form a client gets.</summary>
internal static class MetricsNegotiation
{
    /// <summary>The media type of a form.</summary>
    public static string ContentType(MetricsFormat format) => format == MetricsFormat.OpenMetrics
        ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>
    /// The form for an <c>Accept</c> header (RFC 9110, 12.5.1): OpenMetrics where it is asked for by name, in a version that is written
    /// here, and wanted no less than plain text; otherwise Prometheus' own, which every reader of metrics knows.
    /// </summary>
    /// <param name="accept">The header; null or empty where there is none.</param>
    public static MetricsFormat Choose(string? accept)
    {
        double open = 0, plain = 0;
        foreach (string range in (accept ?? "").Split(','))
        {
            string[] parts = range.Split(';', StringSplitOptions.TrimEntries);
            double quality = 1;
            string? version = null;
            foreach (string parameter in parts.AsSpan(1))
            {
                if (parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)) quality = Quality(parameter.AsSpan(2));
                else if (parameter.StartsWith("version=", StringComparison.OrdinalIgnoreCase)) version = parameter["version=".Length..].Trim('"');
            }

            switch (parts[0].ToLowerInvariant())
            {
                case "application/openmetrics-text" when version is null or "1.0.0":
                    open = Math.Max(open, quality);
                    break;
                case "text/plain" when version is null or "0.0.4":
                    plain = Math.Max(plain, quality);
                    break;
            }
        }

        return open > 0 && open >= plain ? MetricsFormat.OpenMetrics : MetricsFormat.Prometheus;
    }

    // What is no number counts as refused: the form that everybody reads is the safe one.
    private static double Quality(ReadOnlySpan<char> text)
        => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double quality) ? Math.Clamp(quality, 0, 1) : 0;
}
