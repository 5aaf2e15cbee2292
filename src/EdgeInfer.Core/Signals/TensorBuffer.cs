using System.Runtime.InteropServices;

namespace EdgeInfer.Signals;

/// <summary>Tensor element types, named as ONNX names them.</summary>
public enum ElementType : byte
{
    /// <summary>Not one of the types below.</summary>
    Unknown,

    /// <summary>IEEE 754 binary32.</summary>
    Float32,

    /// <summary>IEEE 754 binary16.</summary>
    Float16,

    /// <summary>Unsigned byte.</summary>
    UInt8,

    /// <summary>Signed byte.</summary>
    Int8,

    /// <summary>32-bit signed integer.</summary>
    Int32,

    /// <summary>64-bit signed integer.</summary>
    Int64,

    /// <summary>IEEE 754 binary64.</summary>
    Float64,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,
}

/// <summary>
/// One model input or output: native memory of exactly its type and shape that the runtime is bound to once.
/// The session that made it owns it. An output is overwritten by the next run.
/// </summary>
public sealed unsafe class TensorBuffer : IDisposable
{
    private byte* _data;

    /// <summary>Takes zeroed memory for a tensor.</summary>
    /// <param name="name">The graph's name for it.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Every dimension at least 1.</param>
    public TensorBuffer(string name, ElementType type, ReadOnlySpan<long> shape)
    {
        Name = name;
        Type = type;
        Shape = shape.ToArray();
        long count = 1;
        foreach (long dimension in shape) count = checked(count * dimension);
        ElementCount = checked((int)count);
        LengthBytes = checked(ElementCount * SizeOf(type));
        _data = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(64, LengthBytes), 64);
        NativeMemory.Clear(_data, (nuint)LengthBytes);
    }

    /// <summary>The graph's name for it.</summary>
    public string Name { get; }

    /// <summary>Element type.</summary>
    public ElementType Type { get; }

    /// <summary>Dimensions, outermost first.</summary>
    public long[] Shape { get; }

    /// <summary>Product of the dimensions.</summary>
    public int ElementCount { get; }

    /// <summary>Size in bytes.</summary>
    public int LengthBytes { get; }

    /// <summary>The address of the first element; valid until disposed.</summary>
    public nint Address => (nint)_data;

    /// <summary>The raw bytes.</summary>
    public Span<byte> Bytes => new(_data, LengthBytes);

    /// <summary>The elements.</summary>
    public Span<T> Elements<T>()
        where T : unmanaged => new(_data, ElementCount);

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(ElementType type) => type switch
    {
        ElementType.Float32 or ElementType.Int32 => 4,
        ElementType.Float16 => 2,
        ElementType.UInt8 or ElementType.Int8 or ElementType.Bool => 1,
        ElementType.Int64 or ElementType.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no fixed size"),
    };

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
