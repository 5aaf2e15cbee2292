using System.Globalization;

namespace EdgeInfer.Models.Onnx;

/// <summary>Reads GraphProto: what goes in and out, the nodes, and the constants that are small.</summary>
internal sealed class OnnxGraphReader(ProtobufReader reader)
{
    private readonly OnnxTensorReader _tensors = new(reader);
    private readonly List<OnnxValue> _inputs = [];
    private readonly List<OnnxValue> _outputs = [];
    private readonly List<OnnxNode> _nodes = [];
    private readonly Dictionary<string, OnnxTensor> _constants = [];
    private readonly List<OnnxHugeTensor> _huge = [];

    /// <summary>Inputs that are not initialisers.</summary>
    public IReadOnlyList<OnnxValue> Inputs => [.. _inputs.Where(input => !_constants.ContainsKey(input.Name))];

    /// <summary>Outputs.</summary>
    public IReadOnlyList<OnnxValue> Outputs => _outputs;

    /// <summary>Nodes of the main graph.</summary>
    public IReadOnlyList<OnnxNode> Nodes => _nodes;

    /// <summary>Constants of the main graph.</summary>
    public IReadOnlyDictionary<string, OnnxTensor> Constants => _constants;

    /// <summary>Weights outside the file, of inner graphs too.</summary>
    public IReadOnlyList<OnnxExternalData> ExternalData => _tensors.ExternalData;

    /// <summary>Tensors that no memory holds; at most a few are kept.</summary>
    public IReadOnlyList<OnnxHugeTensor> HugeTensors => _huge;

    /// <summary>Reads the main graph (depth 0) or one within a node; of the latter only what concerns the whole file is kept.</summary>
    public void Read(long end, int depth)
    {
        if (depth > OnnxLimits.GraphDepth) throw reader.Damaged($"more than {OnnxLimits.GraphDepth} graphs within each other");
        bool isMain = depth == 0;
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            switch (field, wire)
            {
                case (1, WireType.Bytes): Node(reader.ReadLength(end), depth); break;
                case (5, WireType.Bytes): Constant(_tensors.Read(reader.ReadLength(end)), isMain); break;
                case (11, WireType.Bytes): Keep(_inputs, Value(reader.ReadLength(end)), isMain); break;
                case (12, WireType.Bytes): Keep(_outputs, Value(reader.ReadLength(end)), isMain); break;
                case (13, WireType.Bytes): Value(reader.ReadLength(end)); break;
                case (15, WireType.Bytes): SparseConstant(reader.ReadLength(end), isMain); break;
                default: reader.Skip(wire, end); break;
            }
        }

        if (isMain) foreach (OnnxNode node in _nodes) CheckConstantOfShape(node);
    }

    private void Node(long end, int depth)
    {
        string opType = "", domain = "";
        List<string> inputs = [], outputs = [];
        Dictionary<string, IReadOnlyList<long>> integers = [];
        OnnxTensor? value = null;
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            switch (field, wire)
            {
                case (1, WireType.Bytes): Argument(inputs, end); break;
                case (2, WireType.Bytes): Argument(outputs, end); break;
                case (4, WireType.Bytes): opType = reader.Text(end, OnnxLimits.NameBytes); break;
                case (5, WireType.Bytes): Attribute(reader.ReadLength(end), depth, integers, ref value); break;
                case (7, WireType.Bytes): domain = reader.Text(end, OnnxLimits.NameBytes); break;
                default: reader.Skip(wire, end); break;
            }
        }

        if (depth > 0) return;
        if (_nodes.Count >= OnnxLimits.Items) throw reader.Damaged($"more than {OnnxLimits.Items} nodes");
        _nodes.Add(new(opType, domain, inputs, outputs, integers));
        if (opType == "Constant" && value is not null && outputs.Count == 1) Constant((outputs[0], value), isMain: true);
    }

    private void Argument(List<string> arguments, long end)
    {
        if (arguments.Count >= OnnxLimits.NodeArguments) throw reader.Damaged($"a node with more than {OnnxLimits.NodeArguments} inputs or outputs");
        arguments.Add(reader.Text(end, OnnxLimits.NameBytes));
    }

    private void Attribute(long end, int depth, Dictionary<string, IReadOnlyList<long>> integers, ref OnnxTensor? value)
    {
        string name = "";
        List<long> numbers = [];
        double? single = null;
        OnnxTensor? tensor = null;
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            switch (field, wire)
            {
                case (1, WireType.Bytes): name = reader.Text(end, OnnxLimits.NameBytes); break;
                case (2, WireType.Fixed32): single = reader.Fixed32(end); break;
                case (3, WireType.Varint): numbers.Add((long)reader.Varint(end)); break;
                case (5 or 10, WireType.Bytes): tensor = _tensors.Read(reader.ReadLength(end)).Tensor; break;
                case (6 or 11, WireType.Bytes): Read(reader.ReadLength(end), depth + 1); break;
                case (8, WireType.Varint or WireType.Bytes): _tensors.Integers(wire, end, numbers, OnnxLimits.Items); break;
                default: reader.Skip(wire, end); break;
            }
        }

        if (integers.Count >= OnnxLimits.NodeAttributes) throw reader.Damaged($"a node with more than {OnnxLimits.NodeAttributes} attributes");
        if (numbers.Count is > 0 and <= OnnxLimits.SmallElements) integers[name] = numbers;
        value ??= name switch
        {
            "value" => tensor,
            "value_float" when single is { } number => new([], OnnxTypes.Float, [number]),
            "value_int" when numbers.Count == 1 => new([], 7, [numbers[0]]),
            "value_ints" => new([numbers.Count], 7, [.. numbers.Select(n => (double)n)]),
            _ => null,
        };
    }

    private void Constant((string Name, OnnxTensor Tensor) constant, bool isMain)
    {
        if (!isMain) return;
        if (_constants.Count >= OnnxLimits.Items) throw reader.Damaged($"more than {OnnxLimits.Items} initialisers");
        _constants[constant.Name] = constant.Tensor;
    }

    private void SparseConstant(long end, bool isMain)
    {
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            if (field is 1 or 2 && wire == WireType.Bytes)
            {
                (string Name, OnnxTensor Tensor) part = _tensors.Read(reader.ReadLength(end));
                if (field == 1) Constant((part.Name, part.Tensor with { Values = null }), isMain);
            }
            else
            {
                reader.Skip(wire, end);
            }
        }
    }

    private void Keep(List<OnnxValue> values, OnnxValue value, bool isMain)
    {
        if (!isMain) return;
        if (values.Count >= OnnxLimits.Items) throw reader.Damaged($"more than {OnnxLimits.Items} inputs or outputs");
        values.Add(value);
    }

    private OnnxValue Value(long end)
    {
        string name = "";
        OnnxValue type = new("", "of no type", 0, null);
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            if (field == 1 && wire == WireType.Bytes) name = reader.Text(end, OnnxLimits.NameBytes);
            else if (field == 2 && wire == WireType.Bytes) type = Type(reader.ReadLength(end));
            else reader.Skip(wire, end);
        }

        CheckSize(name, type.OnnxType, type.Shape, $"[{string.Join(", ", type.Shape)}]");
        return type with { Name = name };
    }

    private OnnxValue Type(long end)
    {
        OnnxValue type = new("", "of no type", 0, null);
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            if (wire != WireType.Bytes)
            {
                reader.Skip(wire, end);
                continue;
            }

            long innerEnd = reader.ReadLength(end);
            if (field == 1) type = TensorType(innerEnd);
            else if (OtherKind(field) is { } kind) type = new("", kind, 0, null);
            reader.MoveTo(innerEnd);
        }

        return type;
    }

    private static string? OtherKind(int field) => field switch
    {
        4 => "a sequence",
        5 => "a map",
        7 => "an opaque value",
        8 => "a sparse tensor",
        9 => "an optional",
        _ => null,
    };

    private OnnxValue TensorType(long end)
    {
        int elementType = 0;
        List<OnnxDimension>? dimensions = null;
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            if (field == 1 && wire == WireType.Varint) elementType = (int)reader.Varint(end);
            else if (field == 2 && wire == WireType.Bytes) dimensions = Shape(reader.ReadLength(end));
            else reader.Skip(wire, end);
        }

        return new("", null, elementType, dimensions);
    }

    private List<OnnxDimension> Shape(long end)
    {
        List<OnnxDimension> dimensions = [];
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            if (field != 1 || wire != WireType.Bytes)
            {
                reader.Skip(wire, end);
                continue;
            }

            if (dimensions.Count >= OnnxLimits.Rank) throw reader.Damaged($"a tensor of more than {OnnxLimits.Rank} dimensions");
            dimensions.Add(Dimension(reader.ReadLength(end)));
        }

        return dimensions;
    }

    // Some exporters write 0 for a dimension they do not know.
    private OnnxDimension Dimension(long end)
    {
        OnnxDimension dimension = new(-1, "");
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            if (field == 1 && wire == WireType.Varint) dimension = (long)reader.Varint(end) is var value and > 0 ? new(value, "") : new(-1, "");
            else if (field == 2 && wire == WireType.Bytes) dimension = new(-1, reader.Text(end, OnnxLimits.NameBytes));
            else reader.Skip(wire, end);
        }

        return dimension;
    }

    // The one operator that makes a tensor of any size from a few bytes of file.
    private void CheckConstantOfShape(OnnxNode node)
    {
        if (!node.Is("ConstantOfShape") || node.Inputs.Count != 1) return;
        if (!_constants.TryGetValue(node.Inputs[0], out OnnxTensor? shape) || shape.Values is not { } values) return;
        string text = $"[{string.Join(", ", values.Select(v => v.ToString(CultureInfo.InvariantCulture)))}]";
        CheckSize(node.Outputs.Count > 0 ? node.Outputs[0] : "", OnnxTypes.Float, values.Select(v => (long)v), text);
    }

    private void CheckSize(string name, int onnxType, IEnumerable<long> shape, string text)
    {
        double bytes = OnnxTypes.ElementCount(shape) * Math.Max(1, OnnxTypes.BytesOf(onnxType));
        if (bytes > OnnxLimits.TensorBytes && _huge.Count < 16) _huge.Add(new(name, text, bytes));
    }
}
