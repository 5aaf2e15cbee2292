using EdgeInfer.Signals;

namespace EdgeInfer.Models.Onnx;

/// <summary>ONNX's element types (TensorProto.DataType).</summary>
internal static class OnnxTypes
{
    /// <summary>IEEE 754 binary32.</summary>
    public const int Float = 1;

    /// <summary>The agent's name for it; <see cref="ElementType.Unknown"/> for those it has no buffers for.</summary>
    public static ElementType ElementTypeOf(int onnxType) => onnxType switch
    {
        1 => ElementType.Float32,
        2 => ElementType.UInt8,
        3 => ElementType.Int8,
        6 => ElementType.Int32,
        7 => ElementType.Int64,
        9 => ElementType.Bool,
        10 => ElementType.Float16,
        11 => ElementType.Float64,
        _ => ElementType.Unknown,
    };

    /// <summary>ONNX's own name, in lower case.</summary>
    public static string NameOf(int onnxType) => onnxType switch
    {
        1 => "float32",
        2 => "uint8",
        3 => "int8",
        4 => "uint16",
        5 => "int16",
        6 => "int32",
        7 => "int64",
        8 => "string",
        9 => "bool",
        10 => "float16",
        11 => "float64",
        12 => "uint32",
        13 => "uint64",
        14 => "complex64",
        15 => "complex128",
        16 => "bfloat16",
        17 => "float8e4m3fn",
        18 => "float8e4m3fnuz",
        19 => "float8e5m2",
        20 => "float8e5m2fnuz",
        21 => "uint4",
        22 => "int4",
        23 => "float4e2m1",
        24 => "float8e8m0",
        25 => "uint2",
        26 => "int2",
        _ => $"type {onnxType}",
    };

    /// <summary>Bits of an element in raw data, where those of less than a byte stand side by side; 0 for text and for numbers that ONNX has no type for.</summary>
    public static int BitsOf(int onnxType) => onnxType switch
    {
        14 => 64,
        15 => 128,
        21 or 22 or 23 => 4,
        24 => 8,
        25 or 26 => 2,
        _ => 8 * BytesOf(onnxType),
    };

    /// <summary>Whether ONNX has a type of this number (1 to 26 as of IR 13).</summary>
    public static bool IsKnown(long onnxType) => onnxType is >= 1 and <= 26;

    /// <summary>Bytes of an element in raw data; 0 where an element is no whole number of bytes or unknown.</summary>
    public static int BytesOf(int onnxType) => onnxType switch
    {
        2 or 3 or 9 or 17 or 18 or 19 or 20 => 1,
        4 or 5 or 10 or 16 => 2,
        1 or 6 or 12 => 4,
        7 or 11 or 13 => 8,
        _ => 0,
    };

    /// <summary>Product of the dimensions as a real number, so that nothing overflows; −1 where one is dynamic.</summary>
    public static double ElementCount(IEnumerable<long> shape)
    {
        double count = 1;
        foreach (long dimension in shape)
        {
            if (dimension < 0) return -1;
            count *= dimension;
        }

        return count;
    }
}
