using System.Text.Json;
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

    /// <summary>Reads <c>gate</c> of a release: what a version does not know it must not pass over.</summary>
    /// <param name="gate">The object; null for no demands.</param>
    /// <param name="where">The target that it stands in.</param>
    /// <exception cref="UpdateException">AgentTooOld for a demand that this version does not know, Contract for one that is none.</exception>
    public static GateLimits Read(JsonElement? gate, string where)
    {
        GateLimits limits = new();
        if (gate is not { } given) return limits;
        foreach (JsonProperty demand in Members(given, "gate", where))
        {
            limits = demand.Name switch
            {
                "metric" => limits with { Metric = ReadMetric(demand.Value, where) },
                "p95_ms" => limits with { P95Milliseconds = Number(demand, 0, 3_600_000, where) },
                "rss" => limits with { RssBytes = (long)Number(demand, 1, 1L << 50, where) },
                _ => throw TooOld($"gate.{demand.Name}", where),
            };
        }

        return limits;
    }

    /// <summary>Of each demand the harder one.</summary>
    public GateLimits Tightened(GateLimits by) => new()
    {
        Tolerance = Tolerance.Tightened(by.Tolerance),
        Metric = Metric is null || by.Metric?.Least > Metric.Least ? by.Metric ?? Metric : Metric,
        P95Milliseconds = Least(P95Milliseconds, by.P95Milliseconds),
        RssBytes = Least(RssBytes, by.RssBytes),
    };

    private static MetricGate ReadMetric(JsonElement metric, string where)
    {
        string? name = null;
        double? least = null;
        foreach (JsonProperty member in Members(metric, "gate.metric", where))
        {
            if (member is { Name: "name", Value.ValueKind: JsonValueKind.String }) name = member.Value.GetString();
            else if (member.Name == "min") least = Number(member, 0, 1, where);
            else throw TooOld($"gate.metric.{member.Name}", where);
        }

        if (name is null || least is null) throw UpdateException.Of(UpdateCode.Contract, where, "gate.metric lacks name or min", "publish it as { name: map50, min: 0.85 }");
        return name == MetricGate.Map50 ? new(name, least.Value) : throw TooOld($"the metric '{Plain(name)}'", where);
    }

    private static JsonElement.ObjectEnumerator Members(JsonElement of, string name, string where)
        => of.ValueKind == JsonValueKind.Object ? of.EnumerateObject() : throw UpdateException.Of(UpdateCode.Contract, where, $"{name} is no object", "publish the release again");

    private static double Number(JsonProperty demand, double least, double most, string where)
        => demand.Value.ValueKind == JsonValueKind.Number && demand.Value.TryGetDouble(out double value) && value >= least && value <= most
            ? value : throw UpdateException.Of(UpdateCode.Contract, where, $"gate: {Plain(demand.Name)} is no number from {least} to {most}", "publish the release again");

    private static UpdateException TooOld(string what, string where)
        => UpdateException.Of(UpdateCode.AgentTooOld, where, $"this version does not know {Plain(what)}, which the release demands", "update EdgeInfer");

    private static string Plain(string text) => new([.. text.Take(64).Select(static c => char.IsControl(c) ? '?' : c)]);

    private static T? Least<T>(T? one, T? other)
        where T : struct, IComparable<T> => one is null || (other is { } b && b.CompareTo(one.Value) < 0) ? other : one;
}
