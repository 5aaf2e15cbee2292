using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Releasing;

/// <summary>What is to be packed, and for whom.</summary>
/// <param name="Model">A model's folder, or an .onnx file that says all by itself.</param>
/// <param name="Name">What devices call it.</param>
internal sealed record PackOptions(string Model, string Name)
{
    private static readonly string[] s_architectures = ["x64", "arm64"];
    private static readonly string[] s_metrics = ["map50"];

    /// <summary>Its number; null for the next.</summary>
    public long? Seq { get; init; }

    /// <summary>One of several with the same number; null for the only one.</summary>
    public string? Variant { get; init; }

    /// <summary>Processors that it is for; empty for all.</summary>
    public IReadOnlyList<string> Arch { get; init; } = [];

    /// <summary>Execution provider that it is for; null for any.</summary>
    public string? Provider { get; init; }

    /// <summary>Memory that a device must have; null for any.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Oldest EdgeInfer that can serve it; null for any.</summary>
    public string? Agent { get; init; }

    /// <summary>Least accuracy on the golden inputs; null for none.</summary>
    public (string Name, decimal Min)? Metric { get; init; }

    /// <summary>Slowest 95th percentile on the device, from pixels to results; null for none.</summary>
    public int? P95Milliseconds { get; init; }

    /// <summary>Most memory that the model may take on the device; null for none.</summary>
    public long? RssBytes { get; init; }

    /// <summary>What signed metadata will say of it.</summary>
    /// <param name="seq">Its number.</param>
    /// <param name="version">The model's version, as its author writes it.</param>
    public ReleaseCustom Custom(long seq, string version) => new(seq)
    {
        Version = version,
        Requires = new()
        {
            Architectures = Arch.Count == 0 ? null : Arch,
            Provider = Provider,
            MemoryBytes = MemoryBytes,
            Agent = Agent is null ? null : SemanticVersion.Parse(Agent),
        },
        Gate = new() { Metric = Metric is { } metric ? new(metric.Name, metric.Min) : null, P95Milliseconds = P95Milliseconds, RssBytes = RssBytes },
    };

    /// <summary>Refuses what no device would understand.</summary>
    /// <exception cref="FaultException">Everything that is wrong, at once.</exception>
    public void Check()
    {
        FaultList faults = new();
        if (!ModelName.IsValid(Name)) Wrong("--name", Name, "no name of a model", ModelName.Rule);
        if (Seq is < 1 or > StrictMembers.MaxInteger) Wrong("--seq", $"{Seq}", "no number of a release", "give 1 or more");
        if (Variant is not null && !ReleasePath.IsVariant(Variant)) Wrong("--variant", Variant, "no name of a variant", "give 1 to 32 letters, digits, '.', '-' or '_'");
        foreach (string arch in Arch.Except(s_architectures)) Wrong("--requires-arch", arch, "no processor that EdgeInfer runs on", "give x64, arm64 or both: x64,arm64");
        if (Provider is { Length: 0 or > 32 }) Wrong("--requires-provider", Provider, "no execution provider", "give one as in runtime.providers: cpu, cuda, tensorrt");
        if (Agent is not null && SemanticVersion.Parse(Agent) is null) Wrong("--requires-agent", Agent, "no version", "give one such as 0.2.0");
        if (Metric is { } metric && !s_metrics.Contains(metric.Name)) Wrong("--metric", metric.Name, "no metric that devices measure", $"there is {string.Join(", ", s_metrics)}");
        if (P95Milliseconds is < 1 or > 3_600_000) Wrong("--p95-ms", $"{P95Milliseconds}", "no time", "give milliseconds, at least 1");
        faults.ThrowIfAny();

        void Wrong(string option, string found, string what, string cure) => faults.Add(FaultKind.Usage, option, $"{Quoted.Text(found)} is {what}", cure);
    }
}
