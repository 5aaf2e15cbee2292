using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>The whole way of one model's pictures: a decoder and what fits its pictures to the input.</summary>
internal sealed class PicturePath : IDisposable
{
    private readonly Preprocessor _preprocessor;

    /// <summary>Prepares the path.</summary>
    public PicturePath(PictureInput input, PictureTurn? turn = null)
        : this(input, new FrameDecoder([input], turn ?? PictureTurn.None, PreprocessorLimits.Default, TimeProvider.System, NullLogger.Instance))
    {
    }

    /// <summary>Takes the decoder over.</summary>
    public PicturePath(PictureInput input, FrameDecoder decoder)
    {
        Decoder = decoder;
        _preprocessor = new Preprocessor(input, TimeProvider.System);
    }

    /// <summary>The first half.</summary>
    public FrameDecoder Decoder { get; }

    /// <summary>Decodes and fills the tensor.</summary>
    public DecodeOutcome Process(FrameLease frame, Span<byte> tensor, out PictureGeometry geometry, ref StageTimes times)
    {
        geometry = default;
        DecodeOutcome outcome = Decoder.Decode(frame, ref times);
        return outcome == DecodeOutcome.Ok ? _preprocessor.Process(Decoder, tensor, out geometry, ref times) : outcome;
    }

    /// <summary>Decodes for drawing on.</summary>
    public DecodeOutcome Picture(FrameLease frame, out DecodedPicture? picture) => Decoder.Picture(frame, out picture);

    /// <summary>What was wrong with the last frame.</summary>
    public Fault Describe(DecodeOutcome outcome, string where) => Decoder.Describe(outcome, where);

    /// <inheritdoc/>
    public void Dispose()
    {
        _preprocessor.Dispose();
        Decoder.Dispose();
    }
}
