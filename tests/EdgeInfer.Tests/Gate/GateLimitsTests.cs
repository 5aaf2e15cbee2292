using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;

namespace EdgeInfer.Tests.Gate;

public sealed class GateLimitsTests
{
    [Fact]
    public void The_demands_of_a_release_are_read()
    {
        GateLimits limits = Read("""{"metric":{"name":"map50","min":0.85},"p95_ms":80,"rss":314572800}""");
        Assert.Equal(new MetricGate("map50", 0.85), limits.Metric);
        Assert.Equal(80, limits.P95Milliseconds);
        Assert.Equal(314572800, limits.RssBytes);
        Assert.Equal(new GateLimits(), GateLimits.Read(null, "t"));
    }

    [Theory]
    [InlineData("""{"metric":{"name":"recall","min":0.85}}""", UpdateCode.AgentTooOld, "the metric 'recall'")]
    [InlineData("""{"metric":{"name":"map50","min":0.85,"classes":["bolt"]}}""", UpdateCode.AgentTooOld, "gate.metric.classes")]
    [InlineData("""{"p99_ms":80}""", UpdateCode.AgentTooOld, "gate.p99_ms")]
    [InlineData("""{"metric":{"name":"map50"}}""", UpdateCode.Contract, "lacks name or min")]
    [InlineData("""{"metric":{"name":"map50","min":85}}""", UpdateCode.Contract, "min is no number from 0 to 1")]
    [InlineData("""{"p95_ms":"80"}""", UpdateCode.Contract, "p95_ms is no number")]
    [InlineData("""{"p95_ms":-1}""", UpdateCode.Contract, "p95_ms is no number")]
    [InlineData("""{"rss":1e999}""", UpdateCode.Contract, "rss is no number")]
    [InlineData("""{"metric":0.85}""", UpdateCode.Contract, "gate.metric is no object")]
    [InlineData("[]", UpdateCode.Contract, "gate is no object")]
    public void A_demand_that_cannot_be_held_is_never_passed_over(string gate, UpdateCode code, string what)
    {
        UpdateException e = Assert.Throws<UpdateException>(() => Read(gate));
        Assert.Equal(code, e.Code);
        Assert.Contains(what, e.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_makes_the_gate_tighter_and_never_looser()
    {
        GateLimits release = new() { Metric = new("map50", 0.85), P95Milliseconds = 80, RssBytes = 300 };
        GateLimits tighter = new() { Metric = new("map50", 0.9), P95Milliseconds = 40, RssBytes = 200 };
        Assert.Equal(tighter, release.Tightened(tighter));
        Assert.Equal(tighter, new GateLimits().Tightened(tighter));
        Assert.Equal(release, release.Tightened(new() { Metric = new("map50", 0.1), P95Milliseconds = 800, RssBytes = 3000 }));
        Assert.Equal(release, release.Tightened(new()));
    }

    private static GateLimits Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return GateLimits.Read(document.RootElement, "models/parts/12");
    }
}
