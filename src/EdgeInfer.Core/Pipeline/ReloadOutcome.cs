using EdgeInfer.Diagnostics;

namespace EdgeInfer.Pipeline;

/// <summary>What became of a reload.</summary>
internal sealed record ReloadOutcome
{
    /// <summary>Why nothing was changed; empty where the configuration was applied.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>Pipelines that are new.</summary>
    public IReadOnlyList<string> Added { get; init; } = [];

    /// <summary>Pipelines that were started anew.</summary>
    public IReadOnlyList<string> Restarted { get; init; } = [];

    /// <summary>Pipelines that are gone.</summary>
    public IReadOnlyList<string> Removed { get; init; } = [];

    /// <summary>Pipelines that were not touched.</summary>
    public IReadOnlyList<string> Unchanged { get; init; } = [];

    /// <summary>Whether the broker's session is another.</summary>
    public bool IsBrokerChanged { get; init; }

    /// <summary>Whether the configuration was applied.</summary>
    public bool IsApplied => Faults.Count == 0;

    /// <summary>What a change of pipelines amounts to.</summary>
    public static ReloadOutcome Of(PipelineChange change, bool isBrokerChanged)
    {
        HashSet<string> stopped = [.. change.Stopped.Select(static p => p.Name)];
        HashSet<string> started = [.. change.Started.Select(static p => p.Name)];
        return new()
        {
            Added = [.. started.Where(name => !stopped.Contains(name))],
            Restarted = [.. started.Where(stopped.Contains)],
            Removed = [.. stopped.Where(name => !started.Contains(name))],
            Unchanged = [.. change.Kept.Select(static p => p.Name)],
            IsBrokerChanged = isBrokerChanged,
        };
    }

    /// <summary>One line: <c>belt restarted, exit added, 2 unchanged</c>.</summary>
    public override string ToString()
    {
        if (!IsApplied) return "nothing was changed";
        List<string> parts = [];
        Add(Restarted, "restarted");
        Add(Added, "added");
        Add(Removed, "removed");
        if (IsBrokerChanged) parts.Add("broker session replaced");
        if (Unchanged.Count > 0) parts.Add($"{Unchanged.Count} unchanged");
        return string.Join(", ", parts);

        void Add(IReadOnlyList<string> names, string what)
        {
            if (names.Count > 0) parts.Add($"{string.Join(" and ", names)} {what}");
        }
    }
}
