using EdgeInfer.Signals;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>Tensors in native memory with ONNX Runtime's views on them, made and freed together.</summary>
internal sealed class TensorSet : IDisposable
{
    private readonly TensorBuffer[] _buffers;
    private readonly OrtValue?[] _values;

    /// <summary>Takes zeroed memory; a slot without a shape gets an empty tensor and no view.</summary>
    public TensorSet(IReadOnlyList<BindingSlot> slots)
    {
        _buffers = new TensorBuffer[slots.Count];
        _values = new OrtValue?[slots.Count];
        for (int i = 0; i < slots.Count; i++)
        {
            BindingSlot slot = slots[i];
            _buffers[i] = new TensorBuffer(slot.Name, slot.Type, slot.Shape ?? [0]);
            if (slot.Shape is not null) _values[i] = View(_buffers[i]);
        }
    }

    /// <summary>The tensors, in the order of the slots.</summary>
    public IReadOnlyList<TensorBuffer> Buffers => _buffers;

    /// <summary>One of the tensors.</summary>
    public TensorBuffer this[int index] => _buffers[index];

    /// <summary>Binds every tensor as an input.</summary>
    public void BindAsInputs(OrtIoBinding binding)
    {
        for (int i = 0; i < _buffers.Length; i++) binding.BindInput(_buffers[i].Name, _values[i]);
    }

    /// <summary>Binds every tensor as an output; those of unknown shape are left to ONNX Runtime's own memory.</summary>
    public void BindAsOutputs(OrtIoBinding binding)
    {
        for (int i = 0; i < _buffers.Length; i++)
        {
            if (_values[i] is { } value) binding.BindOutput(_buffers[i].Name, value);
            else binding.BindOutputToDevice(_buffers[i].Name, OrtMemoryInfo.DefaultInstance);
        }
    }

    /// <summary>Whether a tensor has no fixed shape.</summary>
    public bool IsOpen(int index) => _values[index] is null;

    /// <summary>Gives up a tensor's fixed shape.</summary>
    public void Open(int index)
    {
        _values[index]?.Dispose();
        _values[index] = null;
    }

    /// <summary>Copies a result of open shape into a tensor, which is replaced where the shape has changed.</summary>
    public void CopyFrom(int index, OrtValue result)
    {
        long[] shape = result.GetTensorTypeAndShape().Shape;
        TensorBuffer buffer = _buffers[index];
        if (!buffer.Shape.AsSpan().SequenceEqual(shape))
        {
            _buffers[index] = new TensorBuffer(buffer.Name, buffer.Type, shape);
            buffer.Dispose();
            buffer = _buffers[index];
        }

        if (buffer.LengthBytes > 0) result.GetTensorMutableRawData().CopyTo(buffer.Bytes);
    }

    /// <summary>Frees the memory. The binding and session must be done with it.</summary>
    public void Dispose()
    {
        foreach (OrtValue? value in _values) value?.Dispose();
        foreach (TensorBuffer buffer in _buffers) buffer.Dispose();
    }

    private static OrtValue View(TensorBuffer buffer) => OrtValue.CreateTensorValueWithData(
        OrtMemoryInfo.DefaultInstance, ElementTypes.To(buffer.Type), buffer.Shape, buffer.Address, buffer.LengthBytes);
}
