using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// From a captured frame to a picture in memory, once for all models that look at it: one pipeline's, used by one thread.
/// Nothing is allocated for JPEG (by libjpeg-turbo) and raw frames once the picture size is known.
/// </summary>
public sealed partial class FrameDecoder : IDisposable
{
    private readonly IReadOnlyList<PictureInput> _inputs;
    private readonly PreprocessorLimits _limits;
    private readonly TimeProvider _time;
    private readonly PictureDecoder _decoder;
    private readonly RowReader _rows = new();
    private readonly PictureOrientation _turn;
    private readonly CropBox? _crop;
    private PictureHead _head;
    private PictureView _view;
    private DecodeWish _wish;
    private PicturePose _pose;
    private (int Width, int Height, PicturePose Pose) _wishedFor;

    /// <summary>Prepares the decoders; no picture memory is taken yet.</summary>
    /// <param name="inputs">The model inputs that the pictures go to: what none of them needs is left out.</param>
    /// <param name="turn">How the source's pictures become upright.</param>
    /// <param name="limits">What a picture may cost.</param>
    /// <param name="time">Clock of <see cref="StageTimes"/>.</param>
    /// <param name="logger">Says once where JPEG is not decoded by libjpeg-turbo.</param>
    public FrameDecoder(IReadOnlyList<PictureInput> inputs, PictureTurn turn, PreprocessorLimits limits, TimeProvider time, ILogger logger)
        : this(inputs, turn, limits, time, logger, TurboJpegDecoder.TryCreate())
    {
    }

    internal FrameDecoder(
        IReadOnlyList<PictureInput> inputs, PictureTurn turn, PreprocessorLimits limits, TimeProvider time, ILogger logger, TurboJpegDecoder? turbo)
    {
        _turn = PictureOrientation.Of(turn);
        _crop = turn.Crop;
        _inputs = inputs;
        _limits = limits;
        _time = time;
        _decoder = new PictureDecoder(limits, turbo);
        if (!_decoder.IsTurbo) LogSlowJpeg(logger);
    }

    /// <summary>Who decodes JPEG: <c>libjpeg-turbo</c>, or <c>ImageSharp</c> (five times slower, and allocating) where that is not installed.</summary>
    public string JpegDecoderName => _decoder.JpegDecoderName;

    /// <summary>The picture of the last frame whose outcome was Ok; valid until the next frame or until its lease is returned.</summary>
    internal ref readonly PictureView View => ref _view;

    /// <summary>Columns of the last frame's upright picture.</summary>
    public int Width => _pose.Width;

    /// <summary>Rows of the last frame's upright picture.</summary>
    public int Height => _pose.Height;

    /// <summary>Decodes a frame for the inputs. The caller keeps the lease until the tensors are filled: the picture may lie in the frame's own bytes.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="times">The decode time is set where the outcome is Ok.</param>
    /// <returns>WrongSize only where no input takes the picture's size.</returns>
    public DecodeOutcome Decode(FrameLease frame, ref StageTimes times)
    {
        long start = _time.GetTimestamp();
        ReadOnlySpan<byte> data = frame.Data;
        DecodeOutcome outcome = ReadHead(frame.Info, data);
        if (outcome != DecodeOutcome.Ok) return outcome;
        if (!IsTaken()) return DecodeOutcome.WrongSize;
        outcome = _decoder.Decode(frame.Info, data, _head, Wish(), out _view);
        _view.Pose = _pose;
        times.DecodeMilliseconds = _time.GetElapsedTime(start).TotalMilliseconds;
        return outcome;
    }

    /// <summary>Decodes a frame at its full size, upright, for drawing on; allocates the copy it returns.</summary>
    public DecodeOutcome Picture(FrameLease frame, out DecodedPicture? picture)
    {
        picture = null;
        ReadOnlySpan<byte> data = frame.Data;
        DecodeOutcome outcome = ReadHead(frame.Info, data);
        if (outcome != DecodeOutcome.Ok) return outcome;
        outcome = _decoder.Decode(frame.Info, data, _head, default, out _view);
        if (outcome != DecodeOutcome.Ok) return outcome;
        _view.Pose = _pose;
        _rows.Open(_view);
        picture = DecodedPicture.Copy(_rows, _pose);
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
                $"the picture is {Width}x{Height}, the model takes {Refusing()} only (resize: none)",
                "give it that size, or set another input.resize in model.yaml"),
            _ => ($"the picture's data are damaged{detail}", "save or fetch it again"),
        };
        return new Fault(FaultKind.Data, where, what, cure);
    }

    /// <summary>Frees decoders and memory.</summary>
    public void Dispose()
    {
        _rows.Dispose();
        _decoder.Dispose();
    }

    private DecodeOutcome ReadHead(in FrameInfo info, ReadOnlySpan<byte> data)
    {
        DecodeOutcome outcome = _decoder.ReadHead(info, data, out _head);
        if (outcome == DecodeOutcome.Ok) _pose = PicturePose.Of(_head, _turn, _crop);
        return outcome;
    }

    private bool IsTaken()
    {
        for (int i = 0; i < _inputs.Count; i++)
        {
            if (Fit.Takes(_inputs[i], Width, Height)) return true;
        }

        return false;
    }

    private string Refusing()
    {
        PictureInput input = _inputs.First(i => !Fit.Takes(i, Width, Height));
        return $"{input.Width}x{input.Height}";
    }

    private DecodeWish Wish()
    {
        if (_wishedFor == (_head.Width, _head.Height, _pose)) return _wish;
        _wish = DecodeWish.Of(_inputs, _head, _pose);
        _wishedFor = (_head.Width, _head.Height, _pose);
        return _wish;
    }

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning,
        Message = "libjpeg-turbo is not installed: JPEG is decoded by ImageSharp, five times slower; apt-get install libturbojpeg0 (Ubuntu: libturbojpeg)")]
    private static partial void LogSlowJpeg(ILogger logger);
}
