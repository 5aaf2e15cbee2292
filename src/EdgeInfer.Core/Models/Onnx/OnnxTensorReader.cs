using System.Buffers.Binary;
using System.Globalization;

namespace EdgeInfer.Models.Onnx;

/// <summary>Reads TensorProto: shape, type, external location, and the elements where they are few.</summary>
internal sealed class OnnxTensorReader(ProtobufReader reader)
{
    private const int SmallBytes = OnnxLimits.SmallElements * 8;

    /// <summary>Weights outside the file, of every tensor read.</summary>
    public List<OnnxExternalData> ExternalData { get; } = [];

    /// <summary>Reads one tensor that ends at <paramref name="end"/>.</summary>
    public (string Name, OnnxTensor Tensor) Read(long end)
    {
        string name = "";
        int type = 0;
        List<long> shape = [];
        List<double> numbers = [];
        byte[]? raw = null;
        long rawBytes = -1;
        Dictionary<string, string> external = [];
        bool isExternal = false;
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            switch (field, wire)
            {
                case (1, _): Integers(wire, end, shape, OnnxLimits.Rank); break;
                case (2, WireType.Varint): type = (int)reader.Varint(end); break;
                case (4, _): Floats(wire, end, numbers); break;
                case (5 or 7 or 11, _): Numbers(wire, end, numbers); break;
                case (8, WireType.Bytes): name = reader.Text(end, OnnxLimits.NameBytes); break;
                case (9, WireType.Bytes): raw = Raw(end, out rawBytes); break;
                case (10, _): Doubles(wire, end, numbers); break;
                case (13, WireType.Bytes): Entry(reader.ReadLength(end), external); break;
                case (14, WireType.Varint): isExternal = reader.Varint(end) == 1; break;
                default: reader.Skip(wire, end); break;
            }
        }

        double elements = OnnxTypes.ElementCount(shape);
        if (elements < 0) throw reader.Damaged($"tensor '{name}' has a negative dimension");
        if (isExternal) AddExternal(name, external);
        else if (rawBytes >= 0) CheckRaw(name, type, elements, rawBytes);
        return (name, new(shape, type, Values(type, elements, raw, numbers)));
    }

    /// <summary>Reads a name and value pair (StringStringEntryProto).</summary>
    public void Entry(long end, Dictionary<string, string> entries)
    {
        string key = "", value = "";
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            if (field == 1 && wire == WireType.Bytes) key = reader.Text(end, OnnxLimits.NameBytes);
            else if (field == 2 && wire == WireType.Bytes) value = reader.Text(end, OnnxLimits.MetadataBytes);
            else reader.Skip(wire, end);
        }

        if (entries.Count >= OnnxLimits.Entries) throw reader.Damaged($"more than {OnnxLimits.Entries} entries");
        entries[key] = value;
    }

    /// <summary>Reads integers, packed or one by one.</summary>
    public void Integers(WireType wire, long end, List<long> into, int limit)
    {
        if (wire == WireType.Varint)
        {
            Add((long)reader.Varint(end));
            return;
        }

        if (wire != WireType.Bytes) throw reader.Damaged("integers of a wrong wire type");
        long packedEnd = reader.ReadLength(end);
        while (reader.Position < packedEnd) Add((long)reader.Varint(packedEnd));

        void Add(long value)
        {
            if (into.Count >= limit) throw reader.Damaged($"more than {limit} dimensions or integers");
            into.Add(value);
        }
    }

    // The first few integers of a tensor; the rest is passed over.
    private void Numbers(WireType wire, long end, List<double> into)
    {
        if (wire != WireType.Bytes)
        {
            if (wire == WireType.Varint && into.Count <= OnnxLimits.SmallElements) into.Add((long)reader.Varint(end));
            else reader.Skip(wire, end);
            return;
        }

        long packedEnd = reader.ReadLength(end);
        while (reader.Position < packedEnd && into.Count <= OnnxLimits.SmallElements) into.Add((long)reader.Varint(packedEnd));
        reader.MoveTo(packedEnd);
    }

    private void Floats(WireType wire, long end, List<double> into)
    {
        if (wire != WireType.Bytes)
        {
            if (wire == WireType.Fixed32 && into.Count <= OnnxLimits.SmallElements) into.Add(reader.Fixed32(end));
            else reader.Skip(wire, end);
            return;
        }

        long packedEnd = reader.ReadLength(end);
        while (reader.Position < packedEnd && into.Count <= OnnxLimits.SmallElements) into.Add(reader.Fixed32(packedEnd));
        reader.MoveTo(packedEnd);
    }

    private void Doubles(WireType wire, long end, List<double> into)
    {
        if (wire != WireType.Bytes)
        {
            if (wire == WireType.Fixed64 && into.Count <= OnnxLimits.SmallElements) into.Add(reader.Fixed64(end));
            else reader.Skip(wire, end);
            return;
        }

        long packedEnd = reader.ReadLength(end);
        while (reader.Position < packedEnd && into.Count <= OnnxLimits.SmallElements) into.Add(reader.Fixed64(packedEnd));
        reader.MoveTo(packedEnd);
    }

    private byte[]? Raw(long end, out long count)
    {
        long rawEnd = reader.ReadLength(end);
        count = rawEnd - reader.Position;
        if (count <= SmallBytes) return reader.Block((int)count);
        reader.MoveTo(rawEnd);
        return null;
    }

    private void CheckRaw(string name, int type, double elements, long rawBytes)
    {
        int size = OnnxTypes.BytesOf(type);
        if (size == 0 || elements * size == rawBytes) return;
        throw reader.Damaged(string.Create(CultureInfo.InvariantCulture, $"tensor '{name}' has {elements} {OnnxTypes.NameOf(type)} elements but {rawBytes} bytes"));
    }

    private void AddExternal(string name, Dictionary<string, string> entries)
    {
        if (ExternalData.Count >= OnnxLimits.Items) throw reader.Damaged($"more than {OnnxLimits.Items} external tensors");
        ExternalData.Add(new(name, entries.GetValueOrDefault("location", ""), Number("offset", 0), Number("length", -1)));

        long Number(string key, long absent)
        {
            if (!entries.TryGetValue(key, out string? text)) return absent;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)) return value;
            throw reader.Damaged($"the {key} '{text}' of the external tensor '{name}' is no whole number");
        }
    }

    private static List<double>? Values(int type, double elements, byte[]? raw, List<double> numbers)
    {
        if (elements > OnnxLimits.SmallElements) return null;
        if (raw is null && numbers.Count != elements) return null;
        // Half floats stand among the integers as their bits.
        if (raw is null) return type == 10 ? [.. numbers.Select(n => (double)BitConverter.UInt16BitsToHalf((ushort)n))] : numbers;
        int size = OnnxTypes.BytesOf(type);
        if (size == 0) return null;
        List<double> values = new((int)elements);
        for (int at = 0; at + size <= raw.Length; at += size)
        {
            if (Element(type, raw.AsSpan(at, size)) is not { } value) return null;
            values.Add(value);
        }

        return values;
    }

    private static double? Element(int type, ReadOnlySpan<byte> bytes) => type switch
    {
        1 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        2 or 9 => bytes[0],
        3 => (sbyte)bytes[0],
        4 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        5 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        6 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        7 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        10 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        11 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        12 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ => null,
    };
}
