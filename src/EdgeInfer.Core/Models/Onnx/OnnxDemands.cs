namespace EdgeInfer.Models.Onnx;

/// <summary>What a graph that comes as an update must keep to on this device.</summary>
internal sealed record OnnxDemands
{
    /// <summary>Domains whose operators ONNX Runtime itself has; <c>""</c> and <c>ai.onnx</c> are one.</summary>
    public static readonly IReadOnlySet<string> RuntimeDomains = new HashSet<string>(StringComparer.Ordinal) { "", "ai.onnx", "ai.onnx.ml", "com.microsoft" };

    /// <summary>Further domains that the device allows: those of an operator library that it loads.</summary>
    public IReadOnlySet<string> MoreDomains { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Newest IR version that the runtime in place serves.</summary>
    public long IrVersion { get; init; } = OnnxLimits.IrVersion;

    /// <summary>Newest ai.onnx opset that the runtime in place serves.</summary>
    public long Opset { get; init; } = OnnxLimits.Opset;

    /// <summary>Newest ai.onnx.ml opset that the runtime in place serves.</summary>
    public long MlOpset { get; init; } = OnnxLimits.MlOpset;

    /// <summary>Nodes of the whole file, and of its main graph once every call of a function has become the function's nodes.</summary>
    public long Nodes { get; init; } = OnnxLimits.Items;

    /// <summary>Tensors of the whole file.</summary>
    public long Tensors { get; init; } = OnnxLimits.Items;

    /// <summary>Whether operators of a domain may be used.</summary>
    public bool Allows(string domain) => RuntimeDomains.Contains(domain) || MoreDomains.Contains(domain);
}

/// <summary>What was found in a graph that may come in.</summary>
/// <param name="IrVersion">Version of the format.</param>
/// <param name="Opset">Version of ai.onnx; 0 where only other operator sets are used.</param>
/// <param name="Nodes">Nodes once every call of a function has become the function's nodes.</param>
/// <param name="Tensors">Constant tensors, of inner graphs and attributes too.</param>
/// <param name="ExternalFiles">Names of the files with weights, in the order found.</param>
internal sealed record OnnxAdmitted(long IrVersion, long Opset, long Nodes, long Tensors, IReadOnlyList<string> ExternalFiles);
