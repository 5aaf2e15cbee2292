using System.Buffers.Binary;
using System.Text;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>Changes a graph that is there, field by field: as a conversion or an export that went wrong would have written it.</summary>
internal sealed class OnnxEdit
{
    private const int Graph = 7, Node = 1, Initialiser = 5, OutputOfNode = 2, NameOfTensor = 8, RawOfTensor = 9;

    private readonly List<(int Field, byte[] Bytes)> _model;
    private readonly List<(int Field, byte[] Bytes)> _graph;

    private OnnxEdit(byte[] file)
    {
        _model = Fields(file);
        _graph = Fields(_model.Single(static f => f.Field == Graph).Bytes);
    }

    /// <summary>Opens a file's bytes.</summary>
    public static OnnxEdit Of(byte[] file) => new(file);

    /// <summary>Gives the value that a node makes another name, so that something can be put behind it.</summary>
    public OnnxEdit Rename(string output, string name)
    {
        int at = _graph.FindIndex(f => f.Field == Node && Fields(f.Bytes).Any(n => n.Field == OutputOfNode && Text(n.Bytes) == output));
        ProtobufWriter node = new();
        foreach ((int field, byte[] bytes) in Fields(_graph[at].Bytes))
            node.Bytes(field, field == OutputOfNode && Text(bytes) == output ? Encoding.UTF8.GetBytes(name) : bytes);
        _graph[at] = (Node, node.ToArray());
        return this;
    }

    /// <summary>Puts a node behind all others.</summary>
    public OnnxEdit Add(ProtobufWriter node)
    {
        _graph.Insert(_graph.FindLastIndex(static f => f.Field == Node) + 1, (Node, node.ToArray()));
        return this;
    }

    /// <summary>Adds an initialiser.</summary>
    public OnnxEdit Tensor(string name, int type, long[] shape, byte[] raw)
    {
        _graph.Insert(_graph.FindLastIndex(static f => f.Field == Initialiser) + 1, (Initialiser, OnnxBuilder.TensorMessage(name, type, shape).Bytes(RawOfTensor, raw).ToArray()));
        return this;
    }

    /// <summary>Adds an initialiser of whole numbers.</summary>
    public OnnxEdit Longs(string name, params long[] values)
    {
        byte[] raw = new byte[values.Length * sizeof(long)];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteInt64LittleEndian(raw.AsSpan(i * sizeof(long)), values[i]);
        return Tensor(name, OnnxBuilder.Int64, [values.Length], raw);
    }

    /// <summary>Adds an initialiser of one number.</summary>
    public OnnxEdit Float(string name, float value, params long[] shape)
    {
        byte[] raw = new byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(raw, value);
        return Tensor(name, OnnxBuilder.Float, shape, raw);
    }

    /// <summary>Multiplies a float initialiser of one number.</summary>
    public OnnxEdit Scale(string initialiser, float factor)
    {
        int at = _graph.FindIndex(f => f.Field == Initialiser && Fields(f.Bytes).Any(t => t.Field == NameOfTensor && Text(t.Bytes) == initialiser));
        Span<byte> tensor = _graph[at].Bytes;
        int raw = tensor.IndexOf(Fields(_graph[at].Bytes).Single(static t => t.Field == RawOfTensor).Bytes);
        BinaryPrimitives.WriteSingleLittleEndian(tensor[raw..], BinaryPrimitives.ReadSingleLittleEndian(tensor[raw..]) * factor);
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToArray()
    {
        ProtobufWriter graph = new(), model = new();
        foreach ((int field, byte[] bytes) in _graph) graph.Bytes(field, bytes);
        foreach ((int field, byte[] bytes) in _model)
        {
            if (field == Graph) model.Message(Graph, graph);
            else if (bytes.Length == sizeof(long) && field == 1) model.Varint(field, BinaryPrimitives.ReadInt64LittleEndian(bytes));
            else model.Bytes(field, bytes);
        }

        return model.ToArray();
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    // Of a model, a graph and a node; numbers (of which these have one, the model's first field) as eight bytes.
    private static List<(int Field, byte[] Bytes)> Fields(ReadOnlySpan<byte> message)
    {
        List<(int, byte[])> fields = [];
        while (message.Length > 0)
        {
            ulong tag = Varint(ref message), value = Varint(ref message);
            if ((tag & 7) == 0)
            {
                byte[] number = new byte[sizeof(long)];
                BinaryPrimitives.WriteUInt64LittleEndian(number, value);
                fields.Add(((int)(tag >> 3), number));
                continue;
            }

            if ((tag & 7) != 2) throw new InvalidDataException($"a field of wire type {tag & 7}");
            fields.Add(((int)(tag >> 3), message[..(int)value].ToArray()));
            message = message[(int)value..];
        }

        return fields;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = message[0];
            message = message[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }
}
