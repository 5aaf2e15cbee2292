namespace EdgeInfer.Models.Onnx;

/// <summary>
/// What a graph may have at most. Each bound is far above any model that runs on a device (a 1 GB transformer has about 5000 nodes)
/// and low enough that a hostile file costs neither memory nor time.
/// </summary>
internal static class OnnxLimits
{
    /// <summary>Newest ONNX IR that ONNX Runtime 1.31.1 loads; 14 is refused ("max supported IR version: 13").</summary>
    public const long IrVersion = 13;

    /// <summary>Newest ai.onnx opset that ONNX Runtime 1.31.1 loads; 27 is refused.</summary>
    public const long Opset = 26;

    /// <summary>Newest ai.onnx.ml opset that ONNX Runtime 1.31.1 loads; 6 is refused.</summary>
    public const long MlOpset = 5;

    /// <summary>Graphs within graphs (If, Loop, Scan).</summary>
    public const int GraphDepth = 8;

    /// <summary>Fields of the whole file.</summary>
    public const long Fields = 20_000_000;

    /// <summary>Nodes, initialisers, inputs and outputs of the graph, each.</summary>
    public const int Items = 200_000;

    /// <summary>Inputs or outputs of one node.</summary>
    public const int NodeArguments = 4096;

    /// <summary>Attributes of one node.</summary>
    public const int NodeAttributes = 256;

    /// <summary>Metadata entries, opsets and external files, each.</summary>
    public const int Entries = 4096;

    /// <summary>Dimensions of one tensor.</summary>
    public const int Rank = 32;

    /// <summary>Bytes of one name.</summary>
    public const int NameBytes = 4096;

    /// <summary>Bytes of one metadata value (class names of a large vocabulary).</summary>
    public const int MetadataBytes = 1 << 20;

    /// <summary>Bytes of all names and values together.</summary>
    public const long TextBytes = 64 << 20;

    /// <summary>Elements of a tensor whose values are kept: scales, zero points, shapes, permutations.</summary>
    public const int SmallElements = 64;

    /// <summary>Elements of one tensor, so that no product of dimensions overflows, whatever is multiplied with it.</summary>
    public const long Elements = 1L << 40;

    /// <summary>Bytes of a whole file: protobuf has no longer messages.</summary>
    public const long FileBytes = int.MaxValue;

    /// <summary>Types within each other (a sequence of maps of tensors).</summary>
    public const int TypeDepth = 8;

    /// <summary>Bytes of an operator's name, domain or overload.</summary>
    public const int OperatorBytes = 256;

    /// <summary>Different operators and functions, those of each function counted anew.</summary>
    public const int Operators = 20_000;

    /// <summary>Functions that call each other.</summary>
    public const int CallDepth = 64;

    /// <summary>How many times over the bytes of files beside the graph may be named by its tensors; weights are shared by two, rarely more.</summary>
    public const int ExternalUses = 4;

    /// <summary>Bytes of one tensor of a fixed shape, the most that the agent's own buffers can address.</summary>
    public const long TensorBytes = int.MaxValue;
}
