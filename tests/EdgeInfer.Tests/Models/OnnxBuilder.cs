using System.Buffers.Binary;

namespace EdgeInfer.Tests.Models;

/// <summary>Builds an ONNX file as the exporters do: fields by number, so opsets and metadata come after the graph.</summary>
internal sealed class OnnxBuilder
{
    public const int Float = 1, UInt8 = 2, Int8 = 3, Int64 = 7, Text = 8, Half = 10, Double = 11;

    private readonly List<(int Field, ProtobufWriter Message)> _graph = [];
    private readonly List<(string Key, string Value)> _metadata = [];
    private readonly List<(string Domain, long Version)> _opsets = [];

    public long? IrVersion { get; set; } = 8;

    public long Opset { get; set; } = 17;

    public string Producer { get; set; } = "pytorch";

    public OnnxBuilder Input(string name, int type, params object[] shape) => Add(11, ValueInfo(name, type, shape));

    public OnnxBuilder Output(string name, int type, params object[] shape) => Add(12, ValueInfo(name, type, shape));

    public OnnxBuilder ValueInfoOf(string name, int type, params object[] shape) => Add(13, ValueInfo(name, type, shape));

    /// <summary>A sequence of maps, as scikit-learn's ZipMap gives it.</summary>
    public OnnxBuilder SequenceOutput(string name)
        => Add(12, new ProtobufWriter().Text(1, name).Message(2, new ProtobufWriter().Message(4, new ProtobufWriter())));

    public OnnxBuilder Node(string opType, string[] inputs, string[] outputs, params (string Name, long[] Values)[] attributes)
        => Add(1, NodeMessage(opType, inputs, outputs, attributes));

    public static ProtobufWriter NodeMessage(string opType, string[] inputs, string[] outputs, params (string Name, long[] Values)[] attributes)
    {
        ProtobufWriter node = new();
        foreach (string input in inputs) node.Text(1, input);
        foreach (string output in outputs) node.Text(2, output);
        node.Text(4, opType);
        foreach ((string name, long[] values) in attributes)
        {
            ProtobufWriter attribute = new ProtobufWriter().Text(1, name);
            foreach (long value in values) attribute.Varint(8, value);
            node.Message(5, attribute.Varint(20, 7));
        }

        return node;
    }

    public OnnxBuilder Graph(int field, ProtobufWriter message) => Add(field, message);

    public OnnxBuilder FloatConstant(string name, params float[] values)
    {
        byte[] raw = new byte[values.Length * 4];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * 4), values[i]);
        return Tensor(name, Float, values.Length == 1 ? [] : [values.Length], raw);
    }

    public OnnxBuilder ByteConstant(string name, int type, int value) => Tensor(name, type, [], [(byte)value]);

    public OnnxBuilder LongConstant(string name, params long[] values)
    {
        byte[] raw = new byte[values.Length * 8];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteInt64LittleEndian(raw.AsSpan(i * 8), values[i]);
        return Tensor(name, Int64, [values.Length], raw);
    }

    public OnnxBuilder Tensor(string name, int type, long[] shape, byte[] raw) => Add(5, TensorMessage(name, type, shape).Bytes(9, raw));

    public OnnxBuilder External(string name, string location, long offset, long length, params long[] shape)
    {
        ProtobufWriter tensor = TensorMessage(name, Float, shape);
        foreach ((string key, string value) in new[] { ("location", location), ("offset", $"{offset}"), ("length", $"{length}") })
            tensor.Message(13, new ProtobufWriter().Text(1, key).Text(2, value));
        return Add(5, tensor.Varint(14, 1));
    }

    public OnnxBuilder Metadata(string key, string value)
    {
        _metadata.Add((key, value));
        return this;
    }

    public OnnxBuilder Domain(string domain, long version)
    {
        _opsets.Add((domain, version));
        return this;
    }

    public byte[] ToArray()
    {
        ProtobufWriter model = new();
        if (IrVersion is { } version) model.Varint(1, version);
        model.Text(2, Producer).Text(3, "2.0");
        ProtobufWriter graph = new();
        foreach ((int field, ProtobufWriter message) in _graph.OrderBy(g => g.Field)) graph.Message(field, message);
        model.Message(7, graph);
        model.Message(8, new ProtobufWriter().Text(1, "").Varint(2, Opset));
        foreach ((string domain, long number) in _opsets) model.Message(8, new ProtobufWriter().Text(1, domain).Varint(2, number));
        foreach ((string key, string value) in _metadata) model.Message(14, new ProtobufWriter().Text(1, key).Text(2, value));
        return model.ToArray();
    }

    public static ProtobufWriter ValueInfo(string name, int type, params object[] shape)
    {
        ProtobufWriter dimensions = new();
        foreach (object dimension in shape)
            dimensions.Message(1, dimension is string text ? new ProtobufWriter().Text(2, text) : new ProtobufWriter().Varint(1, Convert.ToInt64(dimension)));
        return new ProtobufWriter().Text(1, name).Message(2, new ProtobufWriter().Message(1, new ProtobufWriter().Varint(1, type).Message(2, dimensions)));
    }

    public static ProtobufWriter TensorMessage(string name, int type, long[] shape)
    {
        ProtobufWriter tensor = new();
        foreach (long dimension in shape) tensor.Varint(1, dimension);
        return tensor.Varint(2, type).Text(8, name);
    }

    private OnnxBuilder Add(int field, ProtobufWriter message)
    {
        _graph.Add((field, message));
        return this;
    }
}
