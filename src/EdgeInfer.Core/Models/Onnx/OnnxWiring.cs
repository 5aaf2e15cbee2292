namespace EdgeInfer.Models.Onnx;

/// <summary>Who makes and who takes each tensor of the main graph.</summary>
internal sealed class OnnxWiring
{
    private const int StepLimit = 16;

    private readonly OnnxFile _file;
    private readonly Dictionary<string, OnnxNode> _producers = [];
    private readonly Dictionary<string, List<OnnxNode>> _consumers = [];

    /// <summary>Indexes the nodes.</summary>
    public OnnxWiring(OnnxFile file)
    {
        _file = file;
        foreach (OnnxNode node in file.Nodes)
        {
            foreach (string output in node.Outputs) _producers[output] = node;
            foreach (string input in node.Inputs)
            {
                if (!_consumers.TryGetValue(input, out List<OnnxNode>? takers)) _consumers[input] = takers = [];
                takers.Add(node);
            }
        }
    }

    /// <summary>How a graph input is stored, from the DequantizeLinear that takes it; null where none does or its scale is not one constant.</summary>
    public Quantisation? QuantisationOfInput(string name)
    {
        foreach (OnnxNode node in Consumers(name))
            if (node.OpType == "DequantizeLinear" && node.Inputs[0] == name && Parameters(node) is { } quantisation) return quantisation;
        return null;
    }

    /// <summary>How a graph output is stored, from the QuantizeLinear that makes it; null where none does.</summary>
    public Quantisation? QuantisationOfOutput(string name)
    {
        for (int step = 0; step < StepLimit && _producers.TryGetValue(name, out OnnxNode? node) && node.Inputs.Count > 0; step++)
        {
            if (node.OpType == "QuantizeLinear") return Parameters(node);
            // These move stored values without changing them.
            if (node.OpType is not ("Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" or "Identity" or "Transpose")) return null;
            name = node.Inputs[0];
        }

        return null;
    }

    /// <summary>The operator that makes a tensor, looking through those that only store or reshape it.</summary>
    public OnnxNode? Maker(string name)
    {
        for (int step = 0; step < StepLimit && _producers.TryGetValue(name, out OnnxNode? node); step++)
        {
            if (node.Inputs.Count == 0 || !IsTransparent(node)) return node;
            name = node.Inputs[0];
        }

        return null;
    }

    /// <summary>
    /// Whether the picture's channels come last: its first convolution is behind a transpose that moves them, or takes it as it is.
    /// Null where the graph does not show it.
    /// </summary>
    public bool? IsChannelLast(string input)
    {
        for (int step = 0; step < StepLimit; step++)
        {
            if (Consumers(input) is not { Count: > 0 } takers) return null;
            OnnxNode node = takers[0];
            if (node.Is("Conv") && node.Inputs[0] == input) return false;
            if (node.Is("Transpose") && node.Integers.TryGetValue("perm", out IReadOnlyList<long>? perm)) return perm is [0, 3, 1, 2] ? true : null;
            bool isPointwise = node.OpType is "DequantizeLinear" or "QuantizeLinear" or "Cast" or "Identity" or "Sub" or "Div" or "Mul" or "Add";
            if (!isPointwise || node.Outputs.Count == 0) return null;
            input = node.Outputs[0];
        }

        return null;
    }

    private List<OnnxNode> Consumers(string name) => _consumers.TryGetValue(name, out List<OnnxNode>? takers) ? takers : [];

    private static bool IsTransparent(OnnxNode node)
        => node.OpType is "QuantizeLinear" or "DequantizeLinear" or "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" or "Identity" or "Cast" or "Transpose";

    private Quantisation? Parameters(OnnxNode node)
    {
        if (node.Inputs.Count < 2 || Single(node.Inputs[1]) is not { } scale || !(scale > 0) || !double.IsFinite(scale)) return null;
        if (node.Inputs.Count < 3 || node.Inputs[2].Length == 0) return new((float)scale, 0);
        return Single(node.Inputs[2]) is { } zeroPoint ? new((float)scale, (int)zeroPoint) : null;
    }

    private double? Single(string name) => _file.Tensors.TryGetValue(name, out OnnxTensor? tensor) && tensor.Values is [var value] ? value : null;
}
