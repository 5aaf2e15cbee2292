using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// From a decoded picture to one model's input tensor: scale, normalise, store. Nothing is allocated once the picture size is
/// known. One pipeline's, used by one thread; several may share a <see cref="FrameDecoder"/>.
/// </summary>
public sealed unsafe class Preprocessor : IDisposable
{
    private readonly PictureInput _input;
    private readonly TimeProvider _time;
    private readonly TensorWriter _writer;
    private readonly RowReader _rows = new();
    private ScalePlan? _plan;

    /// <summary>Prepares the path to one model input.</summary>
    /// <param name="input">The model's input.</param>
    /// <param name="time">Clock of <see cref="StageTimes"/>.</param>
    public Preprocessor(PictureInput input, TimeProvider time)
    {
        _input = input;
        _time = time;
        _writer = TensorWriter.Create(input);
    }

    /// <summary>Fills the tensor from the picture that the decoder holds. The frame's lease is still out.</summary>
    /// <param name="decoder">What decoded the frame; its inputs include this one.</param>
    /// <param name="tensor">Memory of exactly the input's type and shape; every element is written when the outcome is Ok, none otherwise.</param>
    /// <param name="geometry">Where the upright picture lies in the tensor.</param>
    /// <param name="times">The preprocess time is set.</param>
    /// <returns>Ok, or WrongSize where the input takes one size only and the picture has another.</returns>
    public DecodeOutcome Process(FrameDecoder decoder, Span<byte> tensor, out PictureGeometry geometry, ref StageTimes times)
    {
        if (tensor.Length != _writer.LengthBytes)
            throw new ArgumentException($"the tensor has {tensor.Length} bytes, {_writer.LengthBytes} are needed", nameof(tensor));
        long start = _time.GetTimestamp();
        geometry = default;
        int width = decoder.Width;
        int height = decoder.Height;
        if (!Fit.Takes(_input, width, height)) return DecodeOutcome.WrongSize;
        geometry = _plan is not null && _plan.Geometry.SourceWidth == width && _plan.Geometry.SourceHeight == height
            ? _plan.Geometry
            : Fit.Of(_input, width, height);
        Scale(decoder.View, geometry, tensor);
        times.PreprocessMilliseconds = _time.GetElapsedTime(start).TotalMilliseconds;
        return DecodeOutcome.Ok;
    }

    /// <summary>Frees tables and memory.</summary>
    public void Dispose()
    {
        _plan?.Dispose();
        _writer.Dispose();
        _rows.Dispose();
    }

    private void Scale(in PictureView view, in PictureGeometry geometry, Span<byte> tensor)
    {
        _rows.Open(view);
        if (_plan is null || !_plan.Fits(view, geometry))
        {
            _plan?.Dispose();
            _plan = new ScalePlan(_input, _rows, view, geometry);
        }

        fixed (byte* first = tensor) _plan.Write(_writer, _rows.IsBlueFirst, first);
    }
}
