using System.Globalization;
using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Admission;

/// <summary>What a release demands of a device. Whatever is null is not demanded.</summary>
internal sealed record ReleaseRequirements
{
    /// <summary>Processor architectures, <c>x64</c> or <c>arm64</c>; one of them.</summary>
    public IReadOnlyList<string>? Architectures { get; init; }

    /// <summary>An execution provider by the configuration's name for it.</summary>
    public string? Provider { get; init; }

    /// <summary>Memory of the device, in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The oldest EdgeInfer.</summary>
    public SemanticVersion? Agent { get; init; }
}

/// <summary>The least accuracy on the golden inputs.</summary>
/// <param name="Name">What is measured: <c>map50</c>.</param>
/// <param name="Least">Below it the release is not taken.</param>
internal sealed record GateMetric(string Name, decimal Least);

/// <summary>What a release must reach on the device. Whatever is null is not demanded.</summary>
internal sealed record ReleaseGate
{
    /// <summary>Accuracy.</summary>
    public GateMetric? Metric { get; init; }

    /// <summary>The 95th percentile of inference times, in milliseconds, at most.</summary>
    public long? P95Milliseconds { get; init; }

    /// <summary>Resident memory of the probe, in bytes, at most.</summary>
    public long? RssBytes { get; init; }
}

/// <summary>
/// What signed metadata say of a release beside its digest: the member <c>edgeinfer</c> of the target's <c>custom</c>. Signed metadata hold
/// no fractions (canonical JSON has none), so the least accuracy is written as text: <c>"0.85"</c>.
/// </summary>
/// <param name="Sequence">Counts the model's releases, from 1 on.</param>
internal sealed record ReleaseCustom(long Sequence)
{
    /// <summary>The member of <c>custom</c>.</summary>
    public const string Member = "edgeinfer";

    private const int VersionLength = 64;
    private const int MostArchitectures = 8;
    private const int NameLength = 32;
    private const long MostMilliseconds = 3_600_000;
    private const NumberStyles Fraction = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;

    /// <summary>The model's own version; null where it has none.</summary>
    public string? Version { get; init; }

    /// <summary>What it demands of a device.</summary>
    public ReleaseRequirements Requires { get; init; } = new();

    /// <summary>Releases of this model with a smaller number are revoked; null where none is.</summary>
    public long? RevokedBelow { get; init; }

    /// <summary>What it must reach on the device.</summary>
    public ReleaseGate Gate { get; init; } = new();

    /// <summary>Reads the <c>custom</c> of a target. Members that this program does not know are passed over, but not within <c>requires</c> and
    /// <c>gate</c>: there each is a demand.</summary>
    /// <param name="custom">The object; null where the target has none.</param>
    /// <param name="path">The target, whose number it must have.</param>
    /// <exception cref="UpdateException">It is not in this form (<see cref="UpdateCode.Signature"/>), or demands what this program does not know
    /// (<see cref="UpdateCode.AgentTooOld"/>).</exception>
    public static ReleaseCustom Read(JsonElement? custom, ReleasePath path)
    {
        string where = path.ToString();
        if (custom is not { } found) throw UpdateException.Of(UpdateCode.Signature, where, "the signed metadata have no 'custom' for it", "publish it with 'edgeinfer release publish'");
        StrictMembers members = new StrictMembers(found, UpdateCode.Signature, where, "custom").Object(Member);
        long sequence = members.Integer("seq", 1);
        if (sequence != path.Sequence) throw members.Refused($"has the number {sequence} in 'seq', but the release's path has {path.Sequence}");
        return new(sequence)
        {
            Version = members.OptionalText("version", VersionLength),
            Requires = members.OptionalObject("requires") is { } requires ? ReadRequires(requires) : new(),
            RevokedBelow = members.OptionalInteger("revoked_below", 1),
            Gate = members.OptionalObject("gate") is { } gate ? ReadGate(gate) : new(),
        };
    }

    /// <summary>The object to be signed as the target's <c>custom</c>.</summary>
    public JsonElement Write()
    {
        using JsonDocument document = JsonDocument.Parse(CanonicalJson.Text(Write));
        return document.RootElement.Clone();
    }

    private static ReleaseRequirements ReadRequires(StrictMembers members)
    {
        IReadOnlyList<string>? architectures = members.OptionalList("arch", 1, MostArchitectures) is { } list ? [.. list.Select(a => members.TextOf(a, "arch", NameLength))] : null;
        string? agent = members.OptionalText("agent", 128);
        ReleaseRequirements requires = new()
        {
            Architectures = architectures,
            Provider = members.OptionalText("provider", NameLength),
            MemoryBytes = members.OptionalInteger("memory", 0),
            Agent = agent is null ? null : SemanticVersion.Parse(agent) ?? throw members.Refused($"has {StrictMembers.Quoted(agent)} in 'agent', which is no version like 0.2.0"),
        };
        members.Close();
        return requires;
    }

    private static ReleaseGate ReadGate(StrictMembers members)
    {
        ReleaseGate gate = new()
        {
            Metric = members.OptionalObject("metric") is { } metric ? ReadMetric(metric) : null,
            P95Milliseconds = members.OptionalInteger("p95_ms", 1, MostMilliseconds),
            RssBytes = members.OptionalInteger("rss", 1),
        };
        members.Close();
        return gate;
    }

    private static GateMetric ReadMetric(StrictMembers members)
    {
        string name = members.Text("name", NameLength);
        JsonElement least = members.Required("min");
        string text = least.ValueKind == JsonValueKind.Number ? least.GetRawText() : members.TextOf(least, "min", NameLength);
        if (!decimal.TryParse(text, Fraction, CultureInfo.InvariantCulture, out decimal number)) throw members.Refused($"has {StrictMembers.Quoted(text)} in 'min', which is no number like 0.85");
        members.Close();
        return new(name, number);
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject(Member);
        WriteGate(writer);
        WriteRequires(writer);
        if (RevokedBelow is { } revoked) writer.WriteNumber("revoked_below", revoked);
        writer.WriteNumber("seq", Sequence);
        if (Version is { } version) writer.WriteString("version", version);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteGate(Utf8JsonWriter writer)
    {
        if (Gate == new ReleaseGate()) return;
        writer.WriteStartObject("gate");
        if (Gate.Metric is { } metric)
        {
            writer.WriteStartObject("metric");
            writer.WriteString("min", metric.Least.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("name", metric.Name);
            writer.WriteEndObject();
        }

        if (Gate.P95Milliseconds is { } latency) writer.WriteNumber("p95_ms", latency);
        if (Gate.RssBytes is { } memory) writer.WriteNumber("rss", memory);
        writer.WriteEndObject();
    }

    private void WriteRequires(Utf8JsonWriter writer)
    {
        if (Requires == new ReleaseRequirements()) return;
        writer.WriteStartObject("requires");
        if (Requires.Agent is { } agent) writer.WriteString("agent", agent.ToString());
        if (Requires.Architectures is { } architectures)
        {
            writer.WriteStartArray("arch");
            foreach (string architecture in architectures) writer.WriteStringValue(architecture);
            writer.WriteEndArray();
        }

        if (Requires.MemoryBytes is { } memory) writer.WriteNumber("memory", memory);
        if (Requires.Provider is { } provider) writer.WriteString("provider", provider);
        writer.WriteEndObject();
    }
}
