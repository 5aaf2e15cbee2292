using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Children;

/// <summary>Cuts a stream of JPEG pictures, one after the other; foreign bytes between them are passed over and counted.</summary>
internal sealed class JpegCutter(FramePool pool, TimeProvider time) : FrameCutter(pool, time)
{
    /// <summary>What is read at once where nothing is known of the pictures' size: a pipe's whole buffer.</summary>
    private const int ChunkBytes = 64 << 10;

    private JpegScan _scan;

    /// <inheritdoc/>
    public override int PendingBytes => _scan.IsStarted ? Filled - _scan.Start : 0;

    /// <inheritdoc/>
    public override Span<byte> Room() => RoomUpTo(Math.Min(LimitBytes, Filled + ChunkBytes));

    /// <inheritdoc/>
    public override CutOutcome Next(out FrameLease frame)
    {
        frame = default;
        JpegProgress progress = _scan.Advance(Arrived);
        JpegScan found = _scan;
        if (progress == JpegProgress.More)
        {
            if (!found.IsStarted && found.Start > 0)
            {
                Waste(found.Start);
                return CutOutcome.More;
            }

            return Filled < LimitBytes ? CutOutcome.More : CutOutcome.TooLarge;
        }

        _scan = default;
        if (progress == JpegProgress.Whole) return HandOver(new() { Format = PixelFormat.Jpeg }, found.Start, found.End, out frame);
        Waste(Math.Max(found.End, found.Start + 2));
        Sequence++;
        return CutOutcome.Corrupt;
    }

    private void Waste(int bytes)
    {
        WastedBytes += bytes;
        Drop(bytes);
        _scan = default;
    }
}
