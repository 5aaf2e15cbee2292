using System.Globalization;
using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Gate;

/// <summary>The least accuracy over inputs with ground truth.</summary>
/// <param name="Name">The metric: <c>map50</c>.</param>
/// <param name="Least">0 to 1.</param>
internal sealed record MetricGate(string Name, double Least)
{
    /// <summary>The metric that there is.</summary>
    public const string Map50 = "map50";
}

/// <summary>What a model must keep within in the probe: the release's demands, made tighter by the device's.</summary>
internal sealed record GateLimits
{
    /// <summary>How far results may be from those expected.</summary>
    public GoldenTolerance Tolerance { get; init; } = GoldenTolerance.Default;

    /// <summary>The least accuracy; null for none demanded.</summary>
    public MetricGate? Metric { get; init; }

    /// <summary>Most milliseconds that 95 of 100 frames may take from pixels to results; null for no limit.</summary>
    public double? P95Milliseconds { get; init; }

    /// <summary>Most resident memory of the probe in bytes; null for no limit.</summary>
    public long? RssBytes { get; init; }

    /// <summary>What a release demands.</summary>
    /// <param name="gate">As signed.</param>
    /// <param name="where">The target that it stands in.</param>
    /// <exception cref="UpdateException">AgentTooOld: a metric that this version does not know.</exception>
    public static GateLimits Of(ReleaseGate gate, string where) => new()
    {
        Metric = gate.Metric is { } metric ? metric.Name == MetricGate.Map50 ? new(metric.Name, (double)metric.Least) : throw TooOld($"the metric '{Plain(metric.Name)}'", where) : null,
        P95Milliseconds = gate.P95Milliseconds,
        RssBytes = gate.RssBytes,
    };

    /// <summary>What a device demands.</summary>
    public static GateLimits Of(GateOptions gate) => new()
    {
        Metric = gate.Map50 is { } least ? new(MetricGate.Map50, least) : null,
        P95Milliseconds = gate.P95?.TotalMilliseconds,
        RssBytes = gate.MemoryBytes,
    };

    /// <summary>A device's demands that allow more than the release does, in words: they have no effect.</summary>
    /// <param name="device">What the device demands.</param>
    public IReadOnlyList<string> Looser(GateLimits device)
    {
        List<string> looser = [];
        if (device.P95Milliseconds > P95Milliseconds) looser.Add(string.Create(CultureInfo.InvariantCulture, $"p95: {device.P95Milliseconds:0.##}ms (the release demands {P95Milliseconds:0.##} ms)"));
        if (device.RssBytes > RssBytes) looser.Add($"memory: {ProbeMemory.Size(device.RssBytes.Value)} (the release demands {ProbeMemory.Size(RssBytes.Value)})");
        if (device.Metric?.Least < Metric?.Least) looser.Add(string.Create(CultureInfo.InvariantCulture, $"{device.Metric!.Name}: {device.Metric.Least:0.####} (the release demands {Metric!.Least:0.####})"));
        return looser;
    }

    /// <summary>Of each demand the harder one.</summary>
    public GateLimits Tightened(GateLimits by) => new()
    {
        Tolerance = Tolerance.Tightened(by.Tolerance),
        Metric = Metric is null || by.Metric?.Least > Metric.Least ? by.Metric ?? Metric : Metric,
        P95Milliseconds = Least(P95Milliseconds, by.P95Milliseconds),
        RssBytes = Least(RssBytes, by.RssBytes),
    };

    private static UpdateException TooOld(string what, string where)
        => UpdateException.Of(UpdateCode.AgentTooOld, where, $"this version does not know {Plain(what)}, which the release demands", "update EdgeInfer");

    private static string Plain(string text) => new([.. text.Take(64).Select(static c => char.IsControl(c) ? '?' : c)]);

    private static T? Least<T>(T? one, T? other)
        where T : struct, IComparable<T> => one is null || (other is { } b && b.CompareTo(one.Value) < 0) ? other : one;
}
