namespace EdgeInfer.Fetching;

/// <summary>How to pull a model.</summary>
internal sealed record PullOptions
{
    /// <summary>The device's folder of models.</summary>
    public required string Store { get; init; }

    /// <summary>The model's name here; null for the one that its files or the reference give.</summary>
    public string? Name { get; init; }

    /// <summary>What the graph (of an OCI artifact: the manifest) must hash to, in lower case; null where the reference pins it.</summary>
    public string? Sha256 { get; init; }

    /// <summary>A <c>model.yaml</c> of this device to put beside the graph; null for none.</summary>
    public string? Contract { get; init; }

    /// <summary>A <c>labels.txt</c> of this device to put beside the graph; null for none.</summary>
    public string? Labels { get; init; }

    /// <summary>Bounds.</summary>
    public FetchLimits Limits { get; init; } = new();
}
