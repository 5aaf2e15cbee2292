using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// From a captured frame to a model's input tensor: decode, turn upright, scale, normalise, store, with nothing allocated for
/// JPEG (by libjpeg-turbo) and raw frames once the picture size is known. One pipeline's, used by one thread.
/// </summary>
public sealed unsafe partial class Preprocessor : IDisposable
{
    private readonly PictureInput _input;
    private readonly PreprocessorLimits _limits;
    private readonly TimeProvider _time;
    private readonly PictureDecoder _decoder;
    private readonly TensorWriter _writer;
    private readonly RowReader _rows = new();
    private ScalePlan? _plan;
    private PictureHead _head;

    /// <summary>Prepares the path to one model input.</summary>
    /// <param name="input">The model's input.</param>
    /// <param name="limits">What a picture may cost.</param>
    /// <param name="time">Clock of <see cref="StageTimes"/>.</param>
    /// <param name="logger">Says once where JPEG is not decoded by libjpeg-turbo.</param>
    public Preprocessor(PictureInput input, PreprocessorLimits limits, TimeProvider time, ILogger logger)
        : this(input, limits, time, logger, TurboJpegDecoder.TryCreate())
    {
    }

    internal Preprocessor(PictureInput input, PreprocessorLimits limits, TimeProvider time, ILogger logger, TurboJpegDecoder? turbo)
    {
        _input = input;
        _limits = limits;
        _time = time;
        _writer = TensorWriter.Create(input);
        _decoder = new PictureDecoder(limits, turbo);
        if (!_decoder.IsTurbo) LogSlowJpeg(logger);
    }

    /// <summary>Who decodes JPEG: <c>libjpeg-turbo</c>, or <c>ImageSharp</c> (five times slower, and allocating) where that is not installed.</summary>
    public string JpegDecoderName => _decoder.JpegDecoderName;

    /// <summary>Fills the tensor from a frame. The caller keeps the lease.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="tensor">Memory of exactly the input's type and shape; every element is written when the outcome is Ok, none otherwise.</param>
    /// <param name="geometry">Where the upright picture lies in the tensor.</param>
    /// <param name="times">Decode and preprocess times are set.</param>
    public DecodeOutcome Process(FrameLease frame, Span<byte> tensor, out PictureGeometry geometry, ref StageTimes times)
    {
        if (tensor.Length != _writer.LengthBytes)
            throw new ArgumentException($"the tensor has {tensor.Length} bytes, {_writer.LengthBytes} are needed", nameof(tensor));
        long start = _time.GetTimestamp();
        geometry = default;
        ReadOnlySpan<byte> data = frame.Data;
        DecodeOutcome outcome = _decoder.ReadHead(frame.Info, data, out _head);
        if (outcome != DecodeOutcome.Ok) return outcome;
        int width = _head.UprightWidth;
        int height = _head.UprightHeight;
        if (_input.Resize == ResizeMode.None && (width != _input.Width || height != _input.Height)) return DecodeOutcome.WrongSize;
        geometry = _plan is not null && _plan.Geometry.SourceWidth == width && _plan.Geometry.SourceHeight == height
            ? _plan.Geometry
            : Fit.Of(_input, width, height);
        outcome = _decoder.Decode(frame.Info, data, _head, Wish(geometry), out PictureView view);
        long decoded = _time.GetTimestamp();
        times.DecodeMilliseconds = _time.GetElapsedTime(start, decoded).TotalMilliseconds;
        if (outcome != DecodeOutcome.Ok) return outcome;
        Scale(view, geometry, tensor);
        times.PreprocessMilliseconds = _time.GetElapsedTime(decoded).TotalMilliseconds;
        return DecodeOutcome.Ok;
    }

    /// <summary>Decodes a frame at its full size, upright, for drawing on; allocates the copy it returns.</summary>
    public DecodeOutcome Decode(FrameLease frame, out DecodedPicture? picture)
    {
        picture = null;
        ReadOnlySpan<byte> data = frame.Data;
        DecodeOutcome outcome = _decoder.ReadHead(frame.Info, data, out _head);
        if (outcome != DecodeOutcome.Ok) return outcome;
        outcome = _decoder.Decode(frame.Info, data, _head, default, out PictureView view);
        if (outcome != DecodeOutcome.Ok) return outcome;
        _rows.Open(view);
        picture = DecodedPicture.Copy(_rows, view.Width, view.Height);
        return DecodeOutcome.Ok;
    }

    /// <summary>Says what was wrong with the last frame, and the cure. Allocates.</summary>
    /// <param name="outcome">What it ended with.</param>
    /// <param name="where">File, device or address.</param>
    public Fault Describe(DecodeOutcome outcome, string where)
    {
        string size = $"{_head.Width}x{_head.Height}";
        string said = _decoder.LastMessage();
        string detail = said.Length == 0 || said == "No error" ? "" : $" ({said})";
        (string what, string cure) = outcome switch
        {
            DecodeOutcome.Ok => ("the picture is whole", ""),
            DecodeOutcome.Empty => ("the picture has no bytes", "check what wrote it"),
            DecodeOutcome.NotAPicture => ("not a JPEG, PNG, BMP, WebP or GIF", "give a picture of one of these kinds"),
            DecodeOutcome.Truncated => ($"the picture ends too early{detail}", "copy or fetch it again, it was cut off"),
            DecodeOutcome.Unsupported => ($"a kind of picture that is not read here{detail}", "save it as baseline JPEG or PNG with 8 bits a channel"),
            DecodeOutcome.TooLarge => (
                $"{size} pixels are more than the {_limits.MaxPixels >> 20} megapixels or {_limits.MaxBytes >> 20} MiB allowed", "scale it down first"),
            DecodeOutcome.WrongSize => (
                $"the picture is {_head.UprightWidth}x{_head.UprightHeight}, the model takes {_input.Width}x{_input.Height} only (resize: none)",
                "give it that size, or set another input.resize in model.yaml"),
            _ => ($"the picture's data are damaged{detail}", "save or fetch it again"),
        };
        return new Fault(FaultKind.Data, where, what, cure);
    }

    /// <summary>Frees decoders and memory.</summary>
    public void Dispose()
    {
        _plan?.Dispose();
        _writer.Dispose();
        _rows.Dispose();
        _decoder.Dispose();
    }

    private DecodeWish Wish(in PictureGeometry geometry)
    {
        bool isFast = _input.Kernel == ResizeKernel.Fast;
        return new DecodeWish(
            _input.Channels == 1, IsSparse(geometry), isFast ? geometry.ScaledWidth : 0, isFast ? geometry.ScaledHeight : 0);
    }

    /// <summary>
    /// Whether so few rows are read that converting only these beats the decoder, which converts all. Measured per frame of
    /// 720p: 55 % of the rows (to 352) gains 5 %, all of them (to 640) loses 12 %.
    /// </summary>
    private bool IsSparse(in PictureGeometry geometry) => _input.Kernel switch
    {
        ResizeKernel.Nearest or ResizeKernel.Fast => true,
        ResizeKernel.Bilinear or ResizeKernel.BilinearTf => geometry.ScaledHeight * 2.5 < geometry.SourceHeight,
        _ => false,
    };

    private void Scale(in PictureView view, in PictureGeometry geometry, Span<byte> tensor)
    {
        _rows.Open(view);
        if (_plan is null || !_plan.Fits(view, geometry))
        {
            _plan?.Dispose();
            _plan = new ScalePlan(_input.Kernel, _rows, view, geometry);
        }

        fixed (byte* first = tensor) _plan.Write(_writer, _rows.IsBlueFirst, first);
    }

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning,
        Message = "libjpeg-turbo is not installed: JPEG is decoded by ImageSharp, five times slower; apt-get install libturbojpeg0 (Ubuntu: libturbojpeg)")]
    private static partial void LogSlowJpeg(ILogger logger);
}
