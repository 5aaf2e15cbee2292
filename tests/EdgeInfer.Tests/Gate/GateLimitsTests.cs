using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;

namespace EdgeInfer.Tests.Gate;

public sealed class GateLimitsTests
{
    [Fact]
    public void The_demands_of_a_release_are_taken_over()
    {
        GateLimits limits = GateLimits.Of(new() { Metric = new("map50", 0.85m), P95Milliseconds = 80, RssBytes = 314572800 }, "models/parts/12");
        Assert.Equal(new MetricGate("map50", 0.85), limits.Metric);
        Assert.Equal(80, limits.P95Milliseconds);
        Assert.Equal(314572800, limits.RssBytes);
        Assert.Equal(new GateLimits(), GateLimits.Of(new(), "models/parts/12"));
    }

    [Fact]
    public void A_metric_that_this_version_cannot_measure_is_never_passed_over()
    {
        UpdateException e = Assert.Throws<UpdateException>(() => GateLimits.Of(new() { Metric = new("recall", 0.85m) }, "models/parts/12"));
        Assert.Equal(UpdateCode.AgentTooOld, e.Code);
        Assert.Contains("the metric 'recall'", e.Fault.What, StringComparison.Ordinal);
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

    [Fact]
    public void What_a_device_demands_in_vain_is_named()
    {
        GateLimits release = new() { Metric = new("map50", 0.85), P95Milliseconds = 80, RssBytes = 300 << 20 };
        Assert.Equal(
            ["p95: 800ms (the release demands 80 ms)", "memory: 400 MiB (the release demands 300 MiB)", "map50: 0.5 (the release demands 0.85)"],
            release.Looser(GateLimits.Of(new() { P95 = TimeSpan.FromMilliseconds(800), MemoryBytes = 400 << 20, Map50 = 0.5 })));
        Assert.Empty(release.Looser(release));
        Assert.Empty(release.Looser(new()));
        Assert.Empty(new GateLimits().Looser(release));
    }
}
