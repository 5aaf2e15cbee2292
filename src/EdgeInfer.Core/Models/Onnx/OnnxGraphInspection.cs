using System.Numerics;

namespace EdgeInfer.Models.Onnx;

/// <summary>Inspects GraphProto, NodeProto and AttributeProto, graphs within attributes included.</summary>
internal sealed class OnnxGraphInspection(OnnxInspection inspection, OnnxCalls calls)
{
    // Fields of an attribute of which one may be there: its value.
    private const uint ValueFields = (1u << 2) | (1u << 3) | (1u << 4) | (1u << 5) | (1u << 6) | (1u << 7) | (1u << 8) | (1u << 9) | (1u << 10) | (1u << 11)
        | (1u << 14) | (1u << 15) | (1u << 22) | (1u << 23);

    private readonly ProtobufReader _reader = inspection.Reader;
    private readonly OnnxTensorInspection _tensors = new(inspection);
    private readonly OnnxTypeInspection _types = new(inspection);

    /// <summary>Inspects a graph that is within <paramref name="depth"/> others.</summary>
    public void Graph(long end, int depth)
    {
        if (depth > OnnxLimits.GraphDepth) throw Refused($"more than {OnnxLimits.GraphDepth} graphs within each other");
        OnnxGraphScope scope = new(inspection);
        uint seen = 0;
        while (OnnxMessage.Graph.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            switch (field)
            {
                case 1: Node(_reader.ReadLength(end), depth, scope); break;
                case 2: inspection.Pass(end, OnnxLimits.NameBytes); break;
                case 5: scope.Add(_tensors.Tensor(_reader.ReadLength(end)), isValue: true); break;
                case 10: inspection.Pass(end, OnnxLimits.MetadataBytes); break;
                case 11 or 12 or 13: Value(_reader.ReadLength(end)); break;
                case 15: scope.Add(_tensors.Sparse(_reader.ReadLength(end)), isValue: false); break;
                default: _reader.Skip(wire, end); break;
            }
        }

        scope.Close();
    }

    /// <summary>Inspects a value of a function.</summary>
    public void Value(long end) => _types.Value(end);

    /// <summary>Inspects a node of a graph that is within <paramref name="depth"/> others.</summary>
    public void Node(long end, int depth, OnnxGraphScope scope)
    {
        OnnxNodePlace node = new(_reader.Position);
        inspection.Enter(node);
        OnnxNodePlaces places = default;
        OnnxTensorFacts? value = null;
        string domain = "", overload = "";
        int inputs = 0, outputs = 0, attributes = 0;
        uint seen = 0;
        while (OnnxMessage.Node.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            switch (field)
            {
                case 1: places = places.WithInput(inputs, inspection.NamePlace(end)); inputs++; break;
                case 2: places = places.WithOutput(outputs, inspection.NamePlace(end)); outputs++; break;
                case 3: node.Name = inspection.NamePlace(end); break;
                case 4: node.OpType = inspection.Text(end, OnnxLimits.OperatorBytes); break;
                case 5: value = Attribute(_reader.ReadLength(end), depth) ?? value; attributes++; break;
                case 6: inspection.Pass(end, OnnxLimits.MetadataBytes); break;
                case 7: domain = inspection.Text(end, OnnxLimits.OperatorBytes); break;
                case 8: overload = inspection.Text(end, OnnxLimits.OperatorBytes); break;
                default: _reader.Skip(wire, end); break;
            }

            if (Math.Max(inputs, outputs) > OnnxLimits.NodeArguments) throw Refused($"a node with more than {OnnxLimits.NodeArguments} inputs or outputs");
            if (attributes > OnnxLimits.NodeAttributes) throw Refused($"a node with more than {OnnxLimits.NodeAttributes} attributes");
        }

        if (node.OpType.Length == 0) throw Refused("a node without an operator");
        calls.Add(new(domain == "ai.onnx" ? "" : domain, node.OpType, overload), node);
        scope.Add(node, places, value);
        inspection.Leave();
    }

    /// <summary>Inspects an attribute.</summary>
    /// <returns>Its tensor where it is called <c>value</c>; null otherwise.</returns>
    public OnnxTensorFacts? Attribute(long end, int depth)
    {
        string name = "";
        OnnxTensorFacts? tensor = null;
        uint seen = 0;
        while (OnnxMessage.Attribute.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            if (BitOperations.PopCount(seen & ValueFields) > 1) throw Refused("an attribute with values of two kinds");
            switch (field)
            {
                case 1: name = inspection.Text(end, OnnxLimits.NameBytes); break;
                case 4 or 9 or 13: inspection.Pass(end, OnnxLimits.MetadataBytes); break;
                case 5: tensor = _tensors.Tensor(_reader.ReadLength(end)); break;
                case 6 or 11: Graph(_reader.ReadLength(end), depth + 1); break;
                case 10: _tensors.Tensor(_reader.ReadLength(end)); break;
                case 14 or 15: _types.Type(_reader.ReadLength(end), 0); break;
                case 21: inspection.Pass(end, OnnxLimits.NameBytes); break;
                case 22 or 23: _tensors.Sparse(_reader.ReadLength(end)); break;
                default: _reader.Skip(wire, end); break;
            }
        }

        return name == "value" ? tensor : null;
    }

    private Diagnostics.UpdateException Refused(string what) => inspection.Refused(what, OnnxInspection.ExportAgain);
}

/// <summary>Where the names stand that a graph's checks may need again.</summary>
internal readonly record struct OnnxNodePlaces(OnnxNamePlace Input0, OnnxNamePlace Input1, OnnxNamePlace Output0)
{
    /// <summary>With one more input.</summary>
    public OnnxNodePlaces WithInput(int index, OnnxNamePlace place) => index switch { 0 => this with { Input0 = place }, 1 => this with { Input1 = place }, _ => this };

    /// <summary>With one more output.</summary>
    public OnnxNodePlaces WithOutput(int index, OnnxNamePlace place) => index == 0 ? this with { Output0 = place } : this;
}
