namespace EdgeInfer.Inference;

/// <summary>A provider that was asked for and not taken.</summary>
/// <param name="Provider">As the configuration names it.</param>
/// <param name="Why">What it said.</param>
internal sealed record ProviderRefusal(string Provider, string Why);

/// <summary>Graph nodes that one provider runs.</summary>
/// <param name="Provider">As the configuration names it, or ONNX Runtime's own name for others.</param>
/// <param name="Nodes">Nodes given to it, after basic optimisation; from a cached graph, after all of it.</param>
internal sealed record ProviderNodes(string Provider, int Nodes);

/// <summary>What runs a model, beside what was asked for.</summary>
/// <param name="Requested">Providers in the order asked for.</param>
/// <param name="Used">The one that the session was made with.</param>
/// <param name="Refused">Those tried before it, each with its reason.</param>
/// <param name="Nodes">Graph nodes per provider, most first; empty where the library does not tell.</param>
internal sealed record ProviderReport(
    IReadOnlyList<string> Requested, string Used, IReadOnlyList<ProviderRefusal> Refused, IReadOnlyList<ProviderNodes> Nodes)
{
    /// <summary>Whether the first one asked for was taken.</summary>
    public bool IsFirstChoice => Requested[0] == Used;

    /// <inheritdoc/>
    public override string ToString()
    {
        string nodes = Nodes.Count == 0 ? "" : $" ({string.Join(", ", Nodes.Select(static n => $"{n.Nodes} node{(n.Nodes == 1 ? "" : "s")} on {n.Provider}"))})";
        return Refused.Count == 0 ? Used + nodes : $"{Used}{nodes}; not {string.Join("; not ", Refused.Select(static r => $"{r.Provider}: {r.Why}"))}";
    }
}
