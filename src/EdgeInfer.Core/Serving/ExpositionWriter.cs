using System.Buffers;
using System.Globalization;
using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Serving;

/// <summary>What a metric is.</summary>
internal enum MetricKind
{
    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Only goes up, from 0 at a start.</summary>
    Counter,

    /// <summary>Says something in its labels; always 1.</summary>
    Info,

    /// <summary>Counts by bounds.</summary>
    Histogram,
}

/// <summary>
/// Writes metrics in Prometheus' text format 0.0.4 or in OpenMetrics 1.0.0, family by family: a family is opened once, and its samples
/// follow it. Both forms give each sample the same name and the same labels.
/// </summary>
/// <param name="output">Receives UTF-8.</param>
/// <param name="format">Which form.</param>
internal sealed class ExpositionWriter(IBufferWriter<byte> output, MetricsFormat format)
{
    private string _sample = "";

    /// <summary>Begins a family.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="name">Its name, with its unit at the end, without <c>_total</c> or <c>_info</c>.</param>
    /// <param name="help">One line.</param>
    /// <param name="unit">The unit that the name ends with; empty for none.</param>
    public void Family(MetricKind kind, string name, string help, string unit = "")
    {
        _sample = kind switch
        {
            MetricKind.Counter => name + "_total",
            MetricKind.Info => name + "_info",
            _ => name,
        };

        // OpenMetrics names the family, Prometheus' own format what its samples are called, and knows no info.
        bool isOpen = format == MetricsFormat.OpenMetrics;
        string family = isOpen ? name : _sample;
        Line("# HELP ", family, " ", Escaped(help, isOpen));
        Line("# TYPE ", family, " ", Word(kind, isOpen));
        if (isOpen && unit.Length > 0) Line("# UNIT ", family, " ", unit);
    }

    /// <summary>A sample of the open family.</summary>
    public void Sample(double value, params ReadOnlySpan<(string Name, string Value)> labels) => Write("", labels, null, value);

    /// <summary>A truth of the open family: 1 or 0.</summary>
    public void Sample(bool value, params ReadOnlySpan<(string Name, string Value)> labels) => Write("", labels, null, value ? 1 : 0);

    /// <summary>A histogram of the open family: its buckets, their sum and their count.</summary>
    public void Histogram(DurationReading reading, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        for (int i = 0; i < reading.BoundsSeconds.Length; i++) Write("_bucket", labels, Bound(reading.BoundsSeconds[i]), reading.Cumulative[i]);
        Write("_bucket", labels, "+Inf", reading.Count);
        Write("_sum", labels, null, reading.SumSeconds);
        Write("_count", labels, null, reading.Count);
    }

    /// <summary>Ends the whole.</summary>
    public void End()
    {
        if (format == MetricsFormat.OpenMetrics) Line("# EOF");
    }

    private void Write(string suffix, ReadOnlySpan<(string Name, string Value)> labels, string? bound, double value)
    {
        Put(_sample);
        Put(suffix);
        char before = '{';
        foreach ((string name, string text) in labels) Label(ref before, name, Escaped(text, isQuoted: true));
        if (bound is not null) Label(ref before, "le", bound);
        Put(before == '{' ? " " : "} ");
        Put(Number(value));
        Put("\n");
    }

    private void Label(ref char before, string name, string value)
    {
        Put(before == '{' ? "{" : ",");
        Put(name);
        Put("=\"");
        Put(value);
        Put("\"");
        before = ',';
    }

    private static string Word(MetricKind kind, bool isOpen) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Histogram => "histogram",
        MetricKind.Info when isOpen => "info",
        _ => "gauge",
    };

    // Of one form in both formats, or a series would change its name with the client's wish: OpenMetrics has 1.0, never 1.
    private static string Bound(double seconds)
    {
        string text = seconds.ToString("0.################", CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ when Math.Abs(value) < 1L << 53 && value == Math.Truncate(value) => ((long)value).ToString(CultureInfo.InvariantCulture),
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Escaped(string text, bool isQuoted)
    {
        if (text.AsSpan().IndexOfAny('\\', '\n', '"') < 0) return text;
        string escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return isQuoted ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private void Line(params ReadOnlySpan<string> parts)
    {
        foreach (string part in parts) Put(part);
        Put("\n");
    }

    private void Put(string text) => Encoding.UTF8.GetBytes(text, output);
}
