using EdgeInfer.Signals;

namespace EdgeInfer.Models.Onnx;

/// <summary>What an ONNX file says about itself, without its weights.</summary>
internal sealed record OnnxFile
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Version of the ONNX format.</summary>
    public required long IrVersion { get; init; }

    /// <summary>Operator sets by domain; <c>ai.onnx</c> stands for the default one.</summary>
    public required IReadOnlyDictionary<string, long> Opsets { get; init; }

    /// <summary>The exporter; empty where it does not say.</summary>
    public required string Producer { get; init; }

    /// <summary>The exporter's version; empty where it does not say.</summary>
    public required string ProducerVersion { get; init; }

    /// <summary><c>metadata_props</c>.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>Inputs that are not initialisers, in graph order.</summary>
    public required IReadOnlyList<OnnxValue> Inputs { get; init; }

    /// <summary>Outputs in graph order.</summary>
    public required IReadOnlyList<OnnxValue> Outputs { get; init; }

    /// <summary>Nodes of the main graph, in file order.</summary>
    public required IReadOnlyList<OnnxNode> Nodes { get; init; }

    /// <summary>Initialisers and constants of the main graph by name; values only where they are few.</summary>
    public required IReadOnlyDictionary<string, OnnxTensor> Tensors { get; init; }

    /// <summary>Where weights lie outside the file.</summary>
    public required IReadOnlyList<OnnxExternalData> ExternalData { get; init; }

    /// <summary>Fixed shapes too large for memory: name and bytes.</summary>
    public required IReadOnlyList<OnnxHugeTensor> HugeTensors { get; init; }
}

/// <summary>An input or output.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">In words, what it is where it is no tensor (a sequence, a map); null for a tensor.</param>
/// <param name="OnnxType">ONNX's number of the element type.</param>
/// <param name="Dimensions">The shape; null where the graph leaves even the rank open.</param>
internal sealed record OnnxValue(string Name, string? Kind, int OnnxType, IReadOnlyList<OnnxDimension>? Dimensions)
{
    /// <summary>The element type.</summary>
    public ElementType Type => OnnxTypes.ElementTypeOf(OnnxType);

    /// <summary>Dimensions with −1 for a dynamic one; empty where the rank is open.</summary>
    public long[] Shape => Dimensions is null ? [] : [.. Dimensions.Select(d => d.Value)];

    /// <summary>As in <c>float32 [1, 3, height, 416]</c>.</summary>
    public override string ToString()
        => Kind ?? $"{OnnxTypes.NameOf(OnnxType)} {(Dimensions is null ? "of open rank" : $"[{string.Join(", ", Dimensions)}]")}";
}

/// <summary>A dimension: a length, or −1 with the exporter's name for it.</summary>
internal readonly record struct OnnxDimension(long Value, string Name)
{
    /// <summary>Whether the length is open.</summary>
    public bool IsDynamic => Value < 0;

    /// <summary>The length, the name, or a question mark.</summary>
    public override string ToString()
        => !IsDynamic ? Value.ToString(System.Globalization.CultureInfo.InvariantCulture) : Name.Length > 0 ? Name : "?";
}

/// <summary>One operator.</summary>
internal sealed record OnnxNode(
    string OpType, string Domain, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyDictionary<string, IReadOnlyList<long>> Integers)
{
    /// <summary>Whether it is this operator of the default domain.</summary>
    public bool Is(string opType) => OpType == opType && (Domain is "" or "ai.onnx");
}

/// <summary>A constant tensor.</summary>
/// <param name="Shape">Dimensions.</param>
/// <param name="OnnxType">ONNX's number of the element type.</param>
/// <param name="Values">Its elements where they are few; null otherwise.</param>
internal sealed record OnnxTensor(IReadOnlyList<long> Shape, int OnnxType, IReadOnlyList<double>? Values);

/// <summary>Weights in another file.</summary>
/// <param name="Tensor">The tensor.</param>
/// <param name="Location">As the graph gives it.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes; −1 where the graph does not say.</param>
internal sealed record OnnxExternalData(string Tensor, string Location, long Offset, long Length);

/// <summary>A tensor of fixed shape that no memory holds.</summary>
internal sealed record OnnxHugeTensor(string Name, string Shape, double Bytes);
