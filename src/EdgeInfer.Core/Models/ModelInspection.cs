using EdgeInfer.Diagnostics;

namespace EdgeInfer.Models;

/// <summary>A contract value that nothing states and that matters: it must be chosen.</summary>
/// <param name="Key">The key of <c>model.yaml</c>, dotted.</param>
/// <param name="Choices">The words that may stand there, or one description where they cannot be listed.</param>
/// <param name="Why">Why it cannot be known from the files.</param>
public sealed record MissingValue(string Key, IReadOnlyList<string> Choices, string Why)
{
    /// <summary>The fault that stands for it when the model is to be served.</summary>
    public Fault ToFault(ModelInspection inspection)
    {
        string where = File.Exists(inspection.Path) ? inspection.Path : System.IO.Path.Combine(inspection.Path, ModelFolder.YamlName);
        string cure = $"write in model.yaml one of {string.Join(" | ", Choices)}; 'edgeinfer model inspect --write DIR' prepares the file";
        return new(FaultKind.Data, where, $"{Key} is stated nowhere: {Why}", cure);
    }
}

/// <summary>Everything that could be found out about a model, whether or not it can be served.</summary>
public sealed record ModelInspection
{
    /// <summary>The folder or the .onnx file.</summary>
    public required string Path { get; init; }

    /// <summary>The model; null where something is missing or wrong.</summary>
    public required Model? Model { get; init; }

    /// <summary>What is known, with its origin, in the order of <c>model.yaml</c>.</summary>
    public required IReadOnlyList<ContractValue> Values { get; init; }

    /// <summary>The labels as far as they are settled; empty where they are not.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>What nothing states and must be chosen.</summary>
    public required IReadOnlyList<MissingValue> Missing { get; init; }

    /// <summary>What is wrong.</summary>
    public required IReadOnlyList<Fault> Faults { get; init; }

    /// <summary>What works but deserves a look.</summary>
    public required IReadOnlyList<Fault> Warnings { get; init; }
}
