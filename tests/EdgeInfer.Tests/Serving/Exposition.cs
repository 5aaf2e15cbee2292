using System.Globalization;
using System.Text.RegularExpressions;

namespace EdgeInfer.Tests.Serving;

/// <summary>
/// Reads metrics as the rules of Prometheus' exposition format 0.0.4 and of OpenMetrics 1.0.0 say, and fails where one is broken.
/// Written from the two documents, for the kinds that are used here.
/// </summary>
internal sealed partial class Exposition
{
    private static readonly Dictionary<string, string[]> s_openSuffixes = new()
    {
        ["gauge"] = [""],
        ["counter"] = ["_total"],
        ["info"] = ["_info"],
        ["histogram"] = ["_bucket", "_sum", "_count"],
    };

    private readonly bool _isOpen;
    private readonly HashSet<string> _families = [];
    private string _family = "";
    private string _type = "";
    private bool _hasSamples;

    private Exposition(bool isOpen) => _isOpen = isOpen;

    /// <summary>Every sample by its name and labels as written.</summary>
    public Dictionary<string, double> Samples { get; } = [];

    /// <summary>Every family with its type.</summary>
    public Dictionary<string, string> Types { get; } = [];

    /// <summary>The names of all labels but <c>le</c>.</summary>
    public HashSet<string> Labels { get; } = [];

    /// <summary>Reads a text; fails where it breaks a rule.</summary>
    public static Exposition Read(string text, bool isOpenMetrics)
    {
        Exposition read = new(isOpenMetrics);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\r", text, StringComparison.Ordinal);
        string[] lines = text[..^1].Split('\n');
        if (isOpenMetrics) Assert.Equal("# EOF", lines[^1]);
        foreach (string line in isOpenMetrics ? lines[..^1] : lines)
        {
            Assert.NotEmpty(line);
            if (line[0] == '#') read.Comment(line);
            else read.Sample(line);
        }

        read.Histograms();
        return read;
    }

    private void Comment(string line)
    {
        string[] words = line.Split(' ', 4);
        Assert.True(words.Length == 4 && words[1] is "HELP" or "TYPE" or "UNIT", line);
        Assert.Matches(MetricName(), words[2]);
        if (words[1] == "HELP")
        {
            // Once a family, and all of a family together.
            Assert.True(_families.Add(words[2]), line);
            (_family, _type, _hasSamples) = (words[2], "", false);
            Assert.NotEmpty(words[3]);
            return;
        }

        Assert.Equal(_family, words[2]);
        Assert.False(_hasSamples, line);
        if (words[1] == "UNIT")
        {
            Assert.True(_isOpen, line);
            Assert.EndsWith("_" + words[3], _family, StringComparison.Ordinal);
            return;
        }

        Assert.Empty(_type);
        _type = words[3];
        Assert.Contains(_type, _isOpen ? s_openSuffixes.Keys : ["gauge", "counter", "histogram", "summary", "untyped"]);
        Types.Add(_family, _type);
        bool isTotal = _family.EndsWith("_total", StringComparison.Ordinal);
        Assert.Equal(!_isOpen && _type == "counter", isTotal);
    }

    private void Sample(string line)
    {
        Match sample = SampleLine().Match(line);
        Assert.True(sample.Success, line);
        _hasSamples = true;
        string name = sample.Groups["name"].Value;
        string[] suffixes = _isOpen || _type == "histogram" ? s_openSuffixes[_type] : [""];
        Assert.Contains(name, suffixes.Select(s => _family + s));
        double value = Number(sample.Groups["value"].Value);
        Assert.True(_type == "gauge" || value >= 0, line);
        if (_type == "info") Assert.Equal(1, value);
        List<string> names = [];
        foreach (Match label in Label().Matches(sample.Groups["labels"].Value))
        {
            names.Add(label.Groups["name"].Value);
            if (label.Groups["name"].Value == "le") Assert.Matches(_isOpen ? CanonicalBound() : AnyNumber(), label.Groups["value"].Value);
            else Labels.Add(label.Groups["name"].Value);
        }

        Assert.Distinct(names);
        Assert.Equal(name.EndsWith("_bucket", StringComparison.Ordinal), names.Contains("le"));
        Assert.True(Samples.TryAdd(line[..line.LastIndexOf(' ')], value), $"twice: {line}");
    }

    private void Histograms()
    {
        foreach (string family in Types.Where(static t => t.Value == "histogram").Select(static t => t.Key))
        {
            foreach ((string series, double count) in Samples.Where(s => s.Key.StartsWith(family + "_count", StringComparison.Ordinal)))
            {
                string labels = series[(family + "_count").Length..].Trim('{', '}');
                string start = labels.Length == 0 ? $"{family}_bucket{{le=\"" : $"{family}_bucket{{{labels},le=\"";
                (double Bound, double Count)[] buckets = [.. Samples.Where(s => s.Key.StartsWith(start, StringComparison.Ordinal)).Select(s => (Number(s.Key[start.Length..^2]), s.Value))];
                Assert.Equal(buckets.Select(b => b.Bound).Order(), buckets.Select(b => b.Bound));
                Assert.Equal(buckets.Select(b => b.Count).Order(), buckets.Select(b => b.Count));
                Assert.Equal((double.PositiveInfinity, count), buckets[^1]);
                Assert.True(Samples.ContainsKey($"{family}_sum{(labels.Length == 0 ? "" : $"{{{labels}}}")}"), series);
            }
        }
    }

    private static double Number(string text) => text == "+Inf" ? double.PositiveInfinity : double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    [GeneratedRegex("^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
    private static partial Regex MetricName();

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*",?)+)\})? (?<value>[-+]?([0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|Inf)|NaN)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>([^"\\\n]|\\["\\n])*)"(,|$)""")]
    private static partial Regex Label();

    [GeneratedRegex(@"^(\+Inf|[0-9]+\.[0-9]+)$")]
    private static partial Regex CanonicalBound();

    [GeneratedRegex(@"^(\+Inf|[0-9]+(\.[0-9]+)?)$")]
    private static partial Regex AnyNumber();
}
