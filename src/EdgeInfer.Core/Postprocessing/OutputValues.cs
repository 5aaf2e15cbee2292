using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>One output read as real numbers, whatever its type; keeps the memory for those that must be converted.</summary>
internal sealed class OutputValues
{
    private readonly float[] _byteTable = new float[256];
    private readonly float _scale;
    private readonly int _zeroPoint;
    private float[] _converted = [];

    /// <summary>Prepares to read an output.</summary>
    /// <param name="info">Its type and quantisation.</param>
    public OutputValues(TensorInfo info)
    {
        _scale = info.Quantisation?.Scale ?? 1;
        _zeroPoint = info.Quantisation?.ZeroPoint ?? 0;
        for (int i = 0; i < _byteTable.Length; i++)
        {
            int stored = info.Type == ElementType.Int8 ? (sbyte)i : i;
            _byteTable[i] = (stored - _zeroPoint) * _scale;
        }
    }

    /// <summary>The numbers, valid until the tensor is written or another is read here.</summary>
    public ReadOnlySpan<float> Read(TensorBuffer tensor)
    {
        if (tensor.Type == ElementType.Float32) return tensor.Elements<float>();
        // Only outputs of open shape ever grow.
        if (_converted.Length < tensor.ElementCount) _converted = new float[tensor.ElementCount];
        Span<float> values = _converted.AsSpan(0, tensor.ElementCount);
        switch (tensor.Type)
        {
            case ElementType.UInt8 or ElementType.Int8 or ElementType.Bool: FromBytes(tensor.Bytes, values); break;
            case ElementType.Float16: FromHalves(tensor.Elements<Half>(), values); break;
            case ElementType.Float64: FromDoubles(tensor.Elements<double>(), values); break;
            case ElementType.Int32: FromInts(tensor.Elements<int>(), values); break;
            case ElementType.Int64: FromLongs(tensor.Elements<long>(), values); break;
            default:
                throw FaultException.Of(
                FaultKind.Data, tensor.Name, $"outputs of type {tensor.Type} cannot be read", "export the model with float outputs");
        }

        return values;
    }

    // All 256 values are known beforehand: one look-up each, and exact.
    private void FromBytes(ReadOnlySpan<byte> stored, Span<float> values)
    {
        float[] table = _byteTable;
        for (int i = 0; i < stored.Length; i++) values[i] = table[stored[i]];
    }

    private static void FromHalves(ReadOnlySpan<Half> stored, Span<float> values)
    {
        for (int i = 0; i < stored.Length; i++) values[i] = (float)stored[i];
    }

    private static void FromDoubles(ReadOnlySpan<double> stored, Span<float> values)
    {
        for (int i = 0; i < stored.Length; i++) values[i] = (float)stored[i];
    }

    private void FromInts(ReadOnlySpan<int> stored, Span<float> values)
    {
        for (int i = 0; i < stored.Length; i++) values[i] = ((long)stored[i] - _zeroPoint) * _scale;
    }

    private void FromLongs(ReadOnlySpan<long> stored, Span<float> values)
    {
        for (int i = 0; i < stored.Length; i++) values[i] = (stored[i] - _zeroPoint) * _scale;
    }
}
