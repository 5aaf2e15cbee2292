using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EdgeInfer.Posix;
using EdgeInfer.Serving;
using EdgeInfer.Tests.Architecture;

namespace EdgeInfer.Tests.Serving;

/// <summary>The alert rules, the dashboard and the documentation name metrics that there are, and the documentation all of them.</summary>
public sealed partial class PackagedRulesTests
{
    [Theory]
    [InlineData("packaging/prometheus-alerts.yml")]
    [InlineData("packaging/grafana-dashboard.json")]
    [InlineData("docs/metrics.md")]
    public void Every_metric_that_is_named_exists(string file) => Assert.Empty(Named(file).Except(Metrics()));

    [Fact]
    public void The_documentation_names_every_metric()
    {
        string[] bare = [.. Metrics().Select(m => HistogramSuffix().Replace(m, "")).Distinct()];
        Assert.Empty(bare.Except(Named("docs/metrics.md")));
    }

    [Fact]
    public void The_dashboard_is_JSON_whose_panels_each_have_a_title_a_place_and_a_query()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryFolder.Root, "packaging", "grafana-dashboard.json")));
        JsonElement[] panels = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()];
        Assert.Distinct(panels.Select(p => p.GetProperty("id").GetInt32()));
        Assert.Distinct(panels.Select(p => p.GetProperty("title").GetString()));
        Assert.Distinct(panels.Select(p => p.GetProperty("gridPos").ToString()));
        Assert.All(panels, p => Assert.All(p.GetProperty("targets").EnumerateArray(), t => Assert.NotEmpty(t.GetProperty("expr").GetString()!)));
    }

    private static HashSet<string> Named(string file)
    {
        string text = File.ReadAllText(Path.Combine(RepositoryFolder.Root, file));
        return [.. MetricName().Matches(text).Select(m => m.Value)];
    }

    /// <summary>Every name that a sample or a family of the page has.</summary>
    private static HashSet<string> Metrics()
    {
        ArrayBufferWriter<byte> bytes = new();
        ProcessReadings process = new("1", 1, 1, TimeSpan.Zero, new GroupMemory(1, 1, 1));
        MetricsPage.Write(new(bytes, MetricsFormat.Prometheus), process, SampleReadings.Agent(), isReady: true);
        Exposition read = Exposition.Read(Encoding.UTF8.GetString(bytes.WrittenSpan), isOpenMetrics: false);
        return [.. read.Samples.Keys.Select(s => s.Split('{')[0]), .. read.Types.Keys];
    }

    [GeneratedRegex(@"edgeinfer_[a-z0-9_]+")]
    private static partial Regex MetricName();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramSuffix();
}
