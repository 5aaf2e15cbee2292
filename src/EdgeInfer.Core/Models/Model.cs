namespace EdgeInfer.Models;

/// <summary>What a model does.</summary>
public enum ModelTask
{
    /// <summary>One picture, scores per class.</summary>
    Classify,

    /// <summary>Boxes with class and score.</summary>
    Detect,

    /// <summary>Outputs passed on as numbers.</summary>
    Raw,
}

/// <summary>Where a contract value comes from, strongest first.</summary>
public enum ContractOrigin
{
    /// <summary><c>model.yaml</c>.</summary>
    ModelYaml,

    /// <summary>Another file of the model's folder: its name, <c>labels.txt</c>.</summary>
    Folder,

    /// <summary>The graph's shapes, types and Q/DQ nodes.</summary>
    Graph,

    /// <summary>The graph's metadata.</summary>
    Metadata,

    /// <summary>The documented preprocessing of the recognised exporter or head.</summary>
    DecoderFamily,

    /// <summary>The documented default of the key.</summary>
    Default,
}

/// <summary>One contract value with its origin, as <c>model inspect</c> prints it.</summary>
public sealed record ContractValue(string Key, string Value, ContractOrigin Origin, string Detail);

/// <summary>A model that is fully described: nothing about it is guessed.</summary>
public sealed record Model
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its version, as its author writes it; <c>0</c> where none is given.</summary>
    public required string Version { get; init; }

    /// <summary>What it does.</summary>
    public required ModelTask Task { get; init; }

    /// <summary>The graph file.</summary>
    public required string OnnxPath { get; init; }

    /// <summary>The folder, or the graph file itself for a bare .onnx.</summary>
    public required string Path { get; init; }

    /// <summary>sha256 of the canonical manifest of the folder, 64 hexadecimal digits.</summary>
    public required string Digest { get; init; }

    /// <summary>The picture input.</summary>
    public required PictureInput Input { get; init; }

    /// <summary>The outputs.</summary>
    public required OutputContract Output { get; init; }

    /// <summary>One label per class of the class dimension (the background class included); empty for <see cref="ModelTask.Raw"/>.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>The class that stands for nothing, or −1.</summary>
    public int BackgroundClass { get; init; } = -1;

    /// <summary>The labels that a result can have, in the classes' order: all but that of <see cref="BackgroundClass"/>.</summary>
    public IEnumerable<string> ReportableLabels => Labels.Where((_, index) => index != BackgroundClass);

    /// <summary>Scores below it are not results.</summary>
    public float Threshold { get; init; } = 0.25f;

    /// <summary>Inputs with what the model must make of them.</summary>
    public IReadOnlyList<GoldenFiles> Golden { get; init; } = [];

    /// <summary>Every value with its origin.</summary>
    public required IReadOnlyList<ContractValue> Origins { get; init; }
}
