using EdgeInfer.Posix;
using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Children;

/// <summary>What reading a raw frame came to.</summary>
internal enum RawFrameOutcome
{
    /// <summary>A whole frame.</summary>
    Frame,

    /// <summary>A whole frame, read and thrown away because all buffers are held.</summary>
    NoBuffer,

    /// <summary>The child's output has ended.</summary>
    End,

    /// <summary>It ended within a frame.</summary>
    EndWithin,

    /// <summary>No whole frame came in time.</summary>
    TimedOut,

    /// <summary>The child was woken: a stop.</summary>
    Woken,

    /// <summary>The picture has changed its size.</summary>
    Resized,

    /// <summary>The child wrote something without having said what.</summary>
    Unknown,

    /// <summary>The frames are larger than the pool's limit.</summary>
    TooLarge,
}

/// <summary>Reads what ffmpeg writes straight into the memory of a pool, frame by frame. Nothing is allocated per frame.</summary>
/// <param name="child">It runs.</param>
/// <param name="log">Hears the child's standard error.</param>
/// <param name="pool">Where frames go.</param>
/// <param name="time">Clock.</param>
internal sealed class RawFrameReader(ChildProcess child, FfmpegLog log, FramePool pool, TimeProvider time)
{
    private readonly byte[] _scratch = new byte[64 << 10];
    private int _headLength;

    /// <summary>What comes; known from the first frame on.</summary>
    public RawPictures Pictures { get; private set; }

    /// <summary>Reads the next frame.</summary>
    /// <param name="limit">The longest wait for the whole of it.</param>
    /// <param name="frame">A rented frame whose info has format, size, colour and time of arrival; null unless the outcome is a frame.</param>
    public RawFrameOutcome Read(TimeSpan limit, out Frame? frame)
    {
        frame = null;
        long since = time.GetTimestamp();
        if (Pictures.Bytes == 0 && ReadHead(limit) is var head and not RawFrameOutcome.Frame) return head;
        int bytes = (int)Pictures.Bytes;
        Frame? rented = pool.Rent();
        RawFrameOutcome outcome = Fill(rented, bytes, since, limit, out long arrived);
        if (outcome == RawFrameOutcome.Frame)
        {
            // A changed size is announced before the first byte of the first frame that was squeezed: none of those may pass.
            child.ReadErrors();
            if (log.HasResized) outcome = RawFrameOutcome.Resized;
        }

        if (rented is null) return outcome == RawFrameOutcome.Frame ? RawFrameOutcome.NoBuffer : outcome;
        if (outcome != RawFrameOutcome.Frame)
        {
            pool.Abandon(rented);
            return outcome;
        }

        rented.Info = new FrameInfo
        {
            Format = Pictures.Format,
            WidthPixels = Pictures.Width,
            HeightPixels = Pictures.Height,
            Colour = Pictures.Colour,
            CapturedTimestamp = arrived,
            CapturedAt = time.GetUtcNow() - time.GetElapsedTime(arrived),
        };
        frame = rented;
        return outcome;
    }

    /// <summary>The first bytes: by now ffmpeg has said what they are.</summary>
    private RawFrameOutcome ReadHead(TimeSpan limit)
    {
        RawFrameOutcome outcome = ReadSome(_scratch.AsSpan(0, 64), limit, out _headLength);
        if (outcome != RawFrameOutcome.Frame) return outcome == RawFrameOutcome.EndWithin ? RawFrameOutcome.End : outcome;
        child.ReadErrors();
        if (log.Output is not { } pictures || pictures.Bytes < _headLength) return RawFrameOutcome.Unknown;
        if (pictures.Bytes > pool.LimitBytes) return RawFrameOutcome.TooLarge;
        Pictures = pictures;
        return RawFrameOutcome.Frame;
    }

    private RawFrameOutcome Fill(Frame? frame, int bytes, long since, TimeSpan limit, out long arrived)
    {
        arrived = time.GetTimestamp();
        int filled = _headLength;
        if (frame is not null) _scratch.AsSpan(0, filled).CopyTo(pool.Memory(frame, bytes));
        _headLength = 0;
        while (filled < bytes)
        {
            int wanted = bytes - filled;
            Span<byte> into = frame is null ? _scratch.AsSpan(0, Math.Min(wanted, _scratch.Length)) : pool.Memory(frame, bytes).Slice(filled, wanted);
            RawFrameOutcome outcome = ReadSome(into, limit - time.GetElapsedTime(since), out int count);
            if (outcome == RawFrameOutcome.EndWithin && filled == 0) return RawFrameOutcome.End;
            if (outcome != RawFrameOutcome.Frame) return outcome;
            if (filled == 0) arrived = time.GetTimestamp();
            filled += count;
        }

        return RawFrameOutcome.Frame;
    }

    private RawFrameOutcome ReadSome(Span<byte> into, TimeSpan limit, out int count) => child.Read(into, limit, out count) switch
    {
        ChildRead.Bytes => RawFrameOutcome.Frame,
        ChildRead.End => RawFrameOutcome.EndWithin,
        ChildRead.Woken => RawFrameOutcome.Woken,
        _ => RawFrameOutcome.TimedOut,
    };
}
