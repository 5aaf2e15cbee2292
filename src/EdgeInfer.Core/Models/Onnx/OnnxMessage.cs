namespace EdgeInfer.Models.Onnx;

/// <summary>How a field of a message may be written, and how often.</summary>
internal enum FieldForm : byte
{
    /// <summary>The message has no such field.</summary>
    Unknown,

    /// <summary>One integer.</summary>
    Varint,

    /// <summary>One number of four bytes.</summary>
    Fixed32,

    /// <summary>One text, or one message.</summary>
    Bytes,

    /// <summary>Texts or messages.</summary>
    Many,

    /// <summary>Integers, one by one or packed.</summary>
    Varints,

    /// <summary>Numbers of four bytes, one by one or packed.</summary>
    Floats,

    /// <summary>Numbers of eight bytes, one by one or packed.</summary>
    Doubles,
}

/// <summary>
/// The fields that a message of ONNX has as of IR 13, by number. A field that is unknown, of another wire type, or there twice where it may
/// be there once is refused: protobuf would pass over the first two and merge the last, and what is inspected must be what is then served.
/// </summary>
internal sealed class OnnxMessage
{
    /// <summary>ModelProto.</summary>
    public static readonly OnnxMessage Model = new(
        "a model", (1, FieldForm.Varint), (2, FieldForm.Bytes), (3, FieldForm.Bytes), (4, FieldForm.Bytes), (5, FieldForm.Varint), (6, FieldForm.Bytes),
        (7, FieldForm.Bytes), (8, FieldForm.Many), (14, FieldForm.Many), (20, FieldForm.Many), (25, FieldForm.Many), (26, FieldForm.Many));

    /// <summary>FunctionProto.</summary>
    public static readonly OnnxMessage Function = new(
        "a function", (1, FieldForm.Bytes), (4, FieldForm.Many), (5, FieldForm.Many), (6, FieldForm.Many), (7, FieldForm.Many), (8, FieldForm.Bytes),
        (9, FieldForm.Many), (10, FieldForm.Bytes), (11, FieldForm.Many), (12, FieldForm.Many), (13, FieldForm.Bytes), (14, FieldForm.Many));

    /// <summary>OperatorSetIdProto.</summary>
    public static readonly OnnxMessage OperatorSet = new("an operator set", (1, FieldForm.Bytes), (2, FieldForm.Varint));

    /// <summary>GraphProto.</summary>
    public static readonly OnnxMessage Graph = new(
        "a graph", (1, FieldForm.Many), (2, FieldForm.Bytes), (5, FieldForm.Many), (10, FieldForm.Bytes), (11, FieldForm.Many), (12, FieldForm.Many),
        (13, FieldForm.Many), (14, FieldForm.Many), (15, FieldForm.Many), (16, FieldForm.Many));

    /// <summary>NodeProto.</summary>
    public static readonly OnnxMessage Node = new(
        "a node", (1, FieldForm.Many), (2, FieldForm.Many), (3, FieldForm.Bytes), (4, FieldForm.Bytes), (5, FieldForm.Many), (6, FieldForm.Bytes),
        (7, FieldForm.Bytes), (8, FieldForm.Bytes), (9, FieldForm.Many), (10, FieldForm.Many));

    /// <summary>AttributeProto.</summary>
    public static readonly OnnxMessage Attribute = new(
        "an attribute", (1, FieldForm.Bytes), (2, FieldForm.Fixed32), (3, FieldForm.Varint), (4, FieldForm.Bytes), (5, FieldForm.Bytes), (6, FieldForm.Bytes),
        (7, FieldForm.Floats), (8, FieldForm.Varints), (9, FieldForm.Many), (10, FieldForm.Many), (11, FieldForm.Many), (13, FieldForm.Bytes),
        (14, FieldForm.Bytes), (15, FieldForm.Many), (20, FieldForm.Varint), (21, FieldForm.Bytes), (22, FieldForm.Bytes), (23, FieldForm.Many));

    /// <summary>TensorProto; its segments (3) are left out, no runtime reads them.</summary>
    public static readonly OnnxMessage Tensor = new(
        "a tensor", (1, FieldForm.Varints), (2, FieldForm.Varint), (4, FieldForm.Floats), (5, FieldForm.Varints), (6, FieldForm.Many), (7, FieldForm.Varints),
        (8, FieldForm.Bytes), (9, FieldForm.Bytes), (10, FieldForm.Doubles), (11, FieldForm.Varints), (12, FieldForm.Bytes), (13, FieldForm.Many),
        (14, FieldForm.Varint), (16, FieldForm.Many));

    /// <summary>SparseTensorProto.</summary>
    public static readonly OnnxMessage SparseTensor = new("a sparse tensor", (1, FieldForm.Bytes), (2, FieldForm.Bytes), (3, FieldForm.Varints));

    /// <summary>StringStringEntryProto.</summary>
    public static readonly OnnxMessage Entry = new("an entry", (1, FieldForm.Bytes), (2, FieldForm.Bytes));

    /// <summary>ValueInfoProto.</summary>
    public static readonly OnnxMessage Value = new("a value", (1, FieldForm.Bytes), (2, FieldForm.Bytes), (3, FieldForm.Bytes), (4, FieldForm.Many));

    /// <summary>TypeProto.</summary>
    public static readonly OnnxMessage Type = new(
        "a type", (1, FieldForm.Bytes), (4, FieldForm.Bytes), (5, FieldForm.Bytes), (6, FieldForm.Bytes), (7, FieldForm.Bytes), (8, FieldForm.Bytes), (9, FieldForm.Bytes));

    /// <summary>TypeProto.Tensor and TypeProto.SparseTensor.</summary>
    public static readonly OnnxMessage TensorType = new("a tensor type", (1, FieldForm.Varint), (2, FieldForm.Bytes));

    /// <summary>TypeProto.Sequence and TypeProto.Optional.</summary>
    public static readonly OnnxMessage SequenceType = new("a sequence type", (1, FieldForm.Bytes));

    /// <summary>TypeProto.Map.</summary>
    public static readonly OnnxMessage MapType = new("a map type", (1, FieldForm.Varint), (2, FieldForm.Bytes));

    /// <summary>TensorShapeProto.</summary>
    public static readonly OnnxMessage Shape = new("a shape", (1, FieldForm.Many));

    /// <summary>TensorShapeProto.Dimension.</summary>
    public static readonly OnnxMessage Dimension = new("a dimension", (1, FieldForm.Varint), (2, FieldForm.Bytes), (3, FieldForm.Bytes));

    private readonly string _name;
    private readonly FieldForm[] _forms = new FieldForm[32];

    private OnnxMessage(string name, params ReadOnlySpan<(int Field, FieldForm Form)> fields)
    {
        _name = name;
        foreach ((int field, FieldForm form) in fields) _forms[field] = form;
    }

    /// <summary>Reads the head of the next field.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="end">Where the message ends.</param>
    /// <param name="seen">The fields that were there already, one bit each; 0 at the beginning.</param>
    /// <param name="field">The field's number.</param>
    /// <param name="wire">How its bytes are laid out.</param>
    /// <returns>False at the end of the message.</returns>
    public bool Next(ProtobufReader reader, long end, ref uint seen, out int field, out WireType wire)
    {
        if (!reader.TryReadTag(end, out field, out wire)) return false;
        FieldForm form = field < _forms.Length ? _forms[field] : FieldForm.Unknown;
        if (form == FieldForm.Unknown) throw reader.Damaged($"{_name} has no field {field} as of IR version {OnnxLimits.IrVersion}");
        if (!IsWrittenAs(form, wire)) throw reader.Damaged($"field {field} of {_name} cannot be {wire}");
        uint bit = 1u << field;
        if ((seen & bit) != 0 && form <= FieldForm.Bytes) throw reader.Damaged($"field {field} of {_name} is there twice");
        seen |= bit;
        return true;
    }

    private static bool IsWrittenAs(FieldForm form, WireType wire) => form switch
    {
        FieldForm.Varint => wire == WireType.Varint,
        FieldForm.Fixed32 => wire == WireType.Fixed32,
        FieldForm.Varints => wire is WireType.Varint or WireType.Bytes,
        FieldForm.Floats => wire is WireType.Fixed32 or WireType.Bytes,
        FieldForm.Doubles => wire is WireType.Fixed64 or WireType.Bytes,
        _ => wire == WireType.Bytes,
    };
}
