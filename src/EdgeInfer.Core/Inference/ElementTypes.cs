using EdgeInfer.Signals;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeInfer.Inference;

/// <summary>Our element types and ONNX Runtime's.</summary>
internal static class ElementTypes
{
    /// <summary>Ours for ONNX Runtime's; <see cref="ElementType.Unknown"/> for text, complex numbers and the like.</summary>
    public static ElementType From(TensorElementType type) => type switch
    {
        TensorElementType.Float => ElementType.Float32,
        TensorElementType.Float16 => ElementType.Float16,
        TensorElementType.UInt8 => ElementType.UInt8,
        TensorElementType.Int8 => ElementType.Int8,
        TensorElementType.Int32 => ElementType.Int32,
        TensorElementType.Int64 => ElementType.Int64,
        TensorElementType.Double => ElementType.Float64,
        TensorElementType.Bool => ElementType.Bool,
        _ => ElementType.Unknown,
    };

    /// <summary>ONNX Runtime's for ours.</summary>
    public static TensorElementType To(ElementType type) => type switch
    {
        ElementType.Float32 => TensorElementType.Float,
        ElementType.Float16 => TensorElementType.Float16,
        ElementType.UInt8 => TensorElementType.UInt8,
        ElementType.Int8 => TensorElementType.Int8,
        ElementType.Int32 => TensorElementType.Int32,
        ElementType.Int64 => TensorElementType.Int64,
        ElementType.Float64 => TensorElementType.Double,
        ElementType.Bool => TensorElementType.Bool,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no tensor type"),
    };
}
