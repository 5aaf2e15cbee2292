using System.Numerics;

namespace EdgeInfer.Models.Onnx;

/// <summary>Inspects ValueInfoProto and TypeProto: what goes in and out, and in between where the exporter says it.</summary>
internal sealed class OnnxTypeInspection(OnnxInspection inspection)
{
    private readonly ProtobufReader _reader = inspection.Reader;

    /// <summary>Inspects a value.</summary>
    public void Value(long end)
    {
        uint seen = 0;
        while (OnnxMessage.Value.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            switch (field)
            {
                case 1: inspection.Pass(end, OnnxLimits.NameBytes); break;
                case 2: Type(_reader.ReadLength(end), 0); break;
                case 3: inspection.Pass(end, OnnxLimits.MetadataBytes); break;
                default: _reader.Skip(wire, end); break;
            }
        }
    }

    /// <summary>Inspects a type within <paramref name="depth"/> others.</summary>
    public void Type(long end, int depth)
    {
        if (depth > OnnxLimits.TypeDepth) throw inspection.Refused($"more than {OnnxLimits.TypeDepth} types within each other", OnnxInspection.ExportAgain);
        uint seen = 0;
        while (OnnxMessage.Type.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            const uint Denotation = 1u << 6;
            if (BitOperations.PopCount(seen & ~Denotation) > 1) throw inspection.Refused("a value of two types", OnnxInspection.ExportAgain);
            switch (field)
            {
                case 1 or 8: Tensor(_reader.ReadLength(end)); break;
                case 4 or 9: Inner(OnnxMessage.SequenceType, 1, _reader.ReadLength(end), depth); break;
                case 5: Inner(OnnxMessage.MapType, 2, _reader.ReadLength(end), depth); break;
                default: inspection.Pass(end, OnnxLimits.NameBytes); break;
            }
        }
    }

    private void Inner(OnnxMessage message, int typeField, long end, int depth)
    {
        uint seen = 0;
        while (message.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            if (field == typeField) Type(_reader.ReadLength(end), depth + 1);
            else _reader.Skip(wire, end);
        }
    }

    private void Tensor(long end)
    {
        ulong type = 0;
        List<long> shape = [];
        uint seen = 0;
        while (OnnxMessage.TensorType.Next(_reader, end, ref seen, out int field, out _))
        {
            if (field == 1) type = _reader.Varint(end);
            else Shape(_reader.ReadLength(end), shape);
        }

        // 0: between nodes some exporters leave the type open.
        if (type != 0 && !OnnxTypes.IsKnown((long)type)) throw inspection.Refused($"a value of type {type}, which ONNX does not have", OnnxInspection.ExportAgain);
        double bytes = OnnxTypes.ElementCount(shape.Where(static d => d > 0)) * Math.Max(1, OnnxTypes.BytesOf((int)type));
        if (bytes > OnnxLimits.TensorBytes)
            throw inspection.Refused($"a {OnnxTypes.NameOf((int)type)} value [{string.Join(", ", shape)}] cannot fit in memory (at most 2 GiB a tensor)", "export it for a smaller input");
    }

    private void Shape(long end, List<long> into)
    {
        uint seen = 0;
        while (OnnxMessage.Shape.Next(_reader, end, ref seen, out _, out _))
        {
            if (into.Count >= OnnxLimits.Rank) throw inspection.Refused($"a value of more than {OnnxLimits.Rank} dimensions", OnnxInspection.ExportAgain);
            into.Add(Dimension(_reader.ReadLength(end)));
        }
    }

    private long Dimension(long end)
    {
        long length = 0;
        uint seen = 0;
        while (OnnxMessage.Dimension.Next(_reader, end, ref seen, out int field, out _))
        {
            if (field == 1) length = (long)_reader.Varint(end);
            else inspection.Pass(end, OnnxLimits.NameBytes);
        }

        // 0 and -1: some exporters write them for a length that they do not know.
        return length >= -1 ? length : throw inspection.Refused($"a value has the negative dimension {length}", OnnxInspection.ExportAgain);
    }
}
