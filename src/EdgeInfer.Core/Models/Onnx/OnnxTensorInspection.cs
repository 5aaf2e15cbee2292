using System.Globalization;

namespace EdgeInfer.Models.Onnx;

/// <summary>What a constant tensor turned out to be.</summary>
/// <param name="Name">Where its name stands.</param>
/// <param name="Type">ONNX's number of the element type.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="Elements">Their product.</param>
/// <param name="Data">Where its raw or packed values begin and end; both 0 where they are elsewhere.</param>
/// <param name="IsRaw">Whether those values are of fixed width.</param>
internal sealed record OnnxTensorFacts(OnnxNamePlace Name, int Type, IReadOnlyList<long> Shape, long Elements, (long Begin, long End) Data, bool IsRaw);

/// <summary>
/// Inspects TensorProto and SparseTensorProto: the values that are there must be those that shape and type ask for, neither more nor fewer,
/// in one form only. Raw values are passed over, packed integers are counted.
/// </summary>
internal sealed class OnnxTensorInspection(OnnxInspection inspection)
{
    private const int Int64 = 7;
    private const int TextType = 8;

    // An empty text in the runtime's memory (std::string of libstdc++).
    private const int TextBytes = 32;

    private readonly ProtobufReader _reader = inspection.Reader;

    /// <summary>Inspects one tensor that ends at <paramref name="end"/>.</summary>
    public OnnxTensorFacts Tensor(long end)
    {
        inspection.CountTensor();
        Draft draft = new();
        uint seen = 0;
        while (OnnxMessage.Tensor.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            switch (field)
            {
                case 1: Dimensions(wire, end, draft.Shape); break;
                case 2: draft.Type = _reader.Varint(end); break;
                case 8: draft.Name = inspection.NamePlace(end); break;
                case 4 or 5 or 6 or 7 or 10 or 11: Values(field, wire, end, draft); break;
                case 9: Raw(end, draft); break;
                case 12: inspection.Pass(end, OnnxLimits.MetadataBytes); break;
                case 13: Entry(_reader.ReadLength(end), draft.External); break;
                case 14: draft.Location = _reader.Varint(end); break;
                default: _reader.Skip(wire, end); break;
            }
        }

        return Check(draft);
    }

    /// <summary>Inspects one sparse tensor: its values, and that every index lies within its shape, because the runtime writes there.</summary>
    public OnnxTensorFacts Sparse(long end)
    {
        OnnxTensorFacts? values = null, indices = null;
        List<long> shape = [];
        uint seen = 0;
        while (OnnxMessage.SparseTensor.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            switch (field)
            {
                case 1: values = Tensor(_reader.ReadLength(end)); break;
                case 2: indices = Tensor(_reader.ReadLength(end)); break;
                default: Dimensions(wire, end, shape); break;
            }
        }

        if (values is null || indices is null || shape.Count == 0) throw Refused("a sparse tensor without values, indices or shape");
        long dense = Elements(shape, values.Type);
        if ((values.Type == TextType ? dense * TextBytes : Bytes(values.Type, dense)) > OnnxLimits.TensorBytes)
            throw Refused($"a sparse tensor {Text(shape)}, which the runtime would fill up to more than 2 GiB");
        bool isLinear = indices.Shape.Count == 1;
        bool isFit = values.Shape.Count == 1 && indices.Type == Int64 && indices.Shape.Count is 1 or 2 && indices.Shape[0] == values.Elements
            && (isLinear || indices.Shape[1] == shape.Count);
        if (!isFit) throw Refused("the indices of a sparse tensor do not fit its values");
        if (indices.Elements > 0) Indices(indices, isLinear ? [dense] : shape);
        return values;
    }

    /// <summary>The product of dimensions.</summary>
    /// <exception cref="Diagnostics.UpdateException">One is negative, or the product of those that are not 0 is too large.</exception>
    public long Elements(IReadOnlyList<long> shape, int type)
    {
        long product = 1;
        bool isEmpty = false;
        foreach (long dimension in shape)
        {
            if (dimension < 0) throw Refused($"a {OnnxTypes.NameOf(type)} tensor {Text(shape)} has a negative dimension");
            isEmpty |= dimension == 0;
            // A 0 must not hide what the runtime multiplies first.
            if (dimension > OnnxLimits.Elements / product) throw Refused($"a {OnnxTypes.NameOf(type)} tensor {Text(shape)} has more than 2^40 elements");
            product *= Math.Max(1, dimension);
        }

        return isEmpty ? 0 : product;
    }

    private void Dimensions(WireType wire, long end, List<long> into)
    {
        long last = wire == WireType.Bytes ? _reader.ReadLength(end) : end;
        do
        {
            if (wire == WireType.Bytes && _reader.Position >= last) return;
            if (into.Count >= OnnxLimits.Rank) throw Refused($"a tensor of more than {OnnxLimits.Rank} dimensions");
            into.Add((long)_reader.Varint(last));
        }
        while (wire == WireType.Bytes);
    }

    private void Values(int field, WireType wire, long end, Draft draft)
    {
        if (draft.Field != 0 && draft.Field != field) throw Refused("the values of a tensor are there in two forms");
        draft.Field = field;
        if (field == 6)
        {
            inspection.Pass(end, OnnxLimits.MetadataBytes);
            draft.Count++;
            return;
        }

        if (wire != WireType.Bytes)
        {
            _reader.Skip(wire, end);
            draft.Count++;
            return;
        }

        long last = _reader.ReadLength(end);
        long bytes = last - _reader.Position;
        if (draft.Count == 0) draft.Data = (_reader.Position, last);
        int width = field switch { 4 => 4, 10 => 8, _ => 0 };
        if (width > 0 && bytes % width != 0) throw Refused("the values of a tensor end amid one of them");
        draft.Count += width > 0 ? bytes / width : _reader.CountVarints(last);
        _reader.MoveTo(last);
    }

    private void Raw(long end, Draft draft)
    {
        long last = _reader.ReadLength(end);
        draft.RawBytes = last - _reader.Position;
        if (draft.RawBytes > 0) draft.Data = (_reader.Position, last);
        _reader.MoveTo(last);
    }

    private void Entry(long end, Dictionary<string, string> into)
    {
        string key = "", value = "";
        uint seen = 0;
        while (OnnxMessage.Entry.Next(_reader, end, ref seen, out int field, out _))
        {
            if (field == 1) key = inspection.Text(end, OnnxLimits.NameBytes);
            else value = inspection.Text(end, OnnxLimits.NameBytes);
        }

        if (key is not ("location" or "offset" or "length" or "checksum")) throw Refused($"{OnnxInspection.Quoted(key)} is nothing that says where weights are");
        if (!into.TryAdd(key, value)) throw Refused($"the {key} of weights is there twice");
    }

    private OnnxTensorFacts Check(Draft draft)
    {
        if (!OnnxTypes.IsKnown((long)draft.Type)) throw Refused($"a tensor of type {draft.Type}, which ONNX does not have");
        int type = (int)draft.Type;
        long elements = Elements(draft.Shape, type);
        if (draft.Location > 1) throw Refused($"the values of a tensor are at location {draft.Location}, which ONNX does not have");
        bool isExternal = draft.Location == 1;
        bool hasRaw = draft.RawBytes > 0;
        if ((hasRaw && draft.Field != 0) || (isExternal && (hasRaw || draft.Field != 0)) || (!isExternal && draft.External.Count > 0))
            throw Refused("the values of a tensor are in more than one place");
        if (isExternal) External(draft, type, elements);
        else if (draft.Field != 0) CheckCount(draft, type, elements);
        else CheckRaw(draft, type, elements);
        return new(draft.Name, type, draft.Shape, elements, draft.Data, hasRaw);
    }

    private void CheckRaw(Draft draft, int type, long elements)
    {
        if (elements == 0 && draft.RawBytes <= 0) return;
        if (type == TextType) throw Refused("texts are there as raw bytes, or not at all");
        long bytes = Bytes(type, elements);
        if (Math.Max(0, draft.RawBytes) != bytes)
            throw Refused($"a {OnnxTypes.NameOf(type)} tensor {Text(draft.Shape)} takes {bytes} bytes, but has {Math.Max(0, draft.RawBytes)}");
    }

    private void CheckCount(Draft draft, int type, long elements)
    {
        long expected = type switch
        {
            14 or 15 => 2 * elements,
            21 or 22 or 23 => (elements + 1) / 2,
            25 or 26 => (elements + 3) / 4,
            _ => elements,
        };
        int field = type switch { 1 or 14 => 4, 7 => 7, 8 => 6, 11 or 15 => 10, 12 or 13 => 11, _ => 5 };
        if (draft.Field != field) throw Refused($"{OnnxTypes.NameOf(type)} values are in field {draft.Field} of a tensor instead of {field}");
        if (draft.Count != expected) throw Refused($"a {OnnxTypes.NameOf(type)} tensor {Text(draft.Shape)} takes {expected} values, but has {draft.Count}");
    }

    private void External(Draft draft, int type, long elements)
    {
        if (type == TextType) throw Refused("texts are in a file of weights");
        long bytes = Bytes(type, elements);
        long offset = Number(draft.External, "offset") ?? 0;
        long length = Number(draft.External, "length") ?? bytes;
        if (length != bytes) throw Refused($"a {OnnxTypes.NameOf(type)} tensor {Text(draft.Shape)} takes {bytes} bytes, but has {length} in a file of weights");
        inspection.UseExternal(draft.External.GetValueOrDefault("location", ""), offset, bytes);
    }

    private long? Number(Dictionary<string, string> entries, string key)
    {
        if (!entries.TryGetValue(key, out string? text)) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number : throw Refused($"the {key} of weights is {OnnxInspection.Quoted(text)}, which is no whole number");
    }

    private void Indices(OnnxTensorFacts indices, IReadOnlyList<long> bounds)
    {
        if (indices.Data.End == 0) throw Refused("the indices of a sparse tensor are not beside its values");
        long back = _reader.Position;
        _reader.MoveTo(indices.Data.Begin);
        Span<byte> eight = stackalloc byte[8];
        for (long i = 0; i < indices.Elements; i++)
        {
            if (_reader.Position >= indices.Data.End) throw Refused("the indices of a sparse tensor are in pieces");
            if (indices.IsRaw) _reader.Read(eight);
            long index = indices.IsRaw ? System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(eight) : (long)_reader.Varint(indices.Data.End);
            if (index < 0 || index >= bounds[(int)(i % bounds.Count)]) throw Refused($"index {index} of a sparse tensor lies outside its shape");
        }

        _reader.MoveTo(back);
    }

    // At most 2^40 elements of 128 bits.
    private static long Bytes(int type, long elements) => ((elements * OnnxTypes.BitsOf(type)) + 7) / 8;

    private static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    private Diagnostics.UpdateException Refused(string what) => inspection.Refused(what, OnnxInspection.ExportAgain);

    private sealed class Draft
    {
        public OnnxNamePlace Name { get; set; }

        public ulong Type { get; set; }

        public List<long> Shape { get; } = [];

        public int Field { get; set; }

        public long Count { get; set; }

        public long RawBytes { get; set; } = -1;

        public ulong Location { get; set; }

        public (long Begin, long End) Data { get; set; }

        public Dictionary<string, string> External { get; } = [];
    }
}
