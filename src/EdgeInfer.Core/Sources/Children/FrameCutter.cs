using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Children;

/// <summary>What the bytes so far came to.</summary>
internal enum CutOutcome
{
    /// <summary>More bytes are needed.</summary>
    More,

    /// <summary>A frame.</summary>
    Frame,

    /// <summary>A frame that had to be dropped, since all buffers are held.</summary>
    NoBuffer,

    /// <summary>Bytes of a frame that is not whole.</summary>
    Corrupt,

    /// <summary>A frame of more bytes than are allowed.</summary>
    TooLarge,
}

/// <summary>
/// Cuts a stream of bytes into frames. They are read straight into the memory of the frame they will be; only what was read beyond a
/// frame's end is copied, to the start of the next. Nothing is allocated per frame.
/// </summary>
/// <param name="pool">Where frames come from; one is always in hand.</param>
/// <param name="time">Clock.</param>
internal abstract unsafe class FrameCutter(FramePool pool, TimeProvider time) : IDisposable
{
    private Frame? _frame = pool.Rent();
    private long _beganTimestamp;
    private DateTimeOffset _beganAt;

    /// <summary>Counts the frames of the source, from what it was before this child.</summary>
    public long Sequence { get; set; }

    /// <summary>Bytes that have arrived of a frame that is not whole yet.</summary>
    public abstract int PendingBytes { get; }

    /// <summary>Bytes since the last whole frame that belong to none.</summary>
    public long WastedBytes { get; protected set; }

    /// <summary>How many bytes lie in the frame in hand.</summary>
    protected int Filled { get; private set; }

    /// <summary>The most bytes of a frame.</summary>
    protected int LimitBytes => pool.LimitBytes;

    /// <summary>The bytes in hand.</summary>
    protected ReadOnlySpan<byte> Arrived => pool.Memory(InHand, 0)[..Filled];

    private Frame InHand => _frame ?? throw new InvalidOperationException("no frame was free to read into");

    /// <summary>Where the next bytes are to be read; never empty.</summary>
    public abstract Span<byte> Room();

    /// <summary>Takes note of bytes that were read into <see cref="Room"/>.</summary>
    public void Add(int bytes)
    {
        if (Filled == 0) Stamp();
        Filled += bytes;
    }

    /// <summary>Cuts the next frame off; to be called until it wants more.</summary>
    /// <param name="frame">The frame, where the outcome is <see cref="CutOutcome.Frame"/>.</param>
    public abstract CutOutcome Next(out FrameLease frame);

    /// <summary>Gives the frame in hand back.</summary>
    public void Dispose()
    {
        if (_frame is { } frame) pool.Abandon(frame);
        _frame = null;
    }

    /// <summary>The memory behind what has arrived, up to an index.</summary>
    protected Span<byte> RoomUpTo(int end) => pool.Memory(InHand, end)[Filled..end];

    /// <summary>Hands out bytes of the frame in hand; those behind them become the start of the next.</summary>
    protected CutOutcome HandOver(FrameInfo info, int start, int end, out FrameLease frame)
    {
        frame = default;
        WastedBytes = 0;
        info.Sequence = ++Sequence;
        if (pool.Rent() is not { } next)
        {
            Drop(end);
            return CutOutcome.NoBuffer;
        }

        info.CapturedTimestamp = _beganTimestamp;
        info.CapturedAt = _beganAt;
        ReadOnlySpan<byte> surplus = Arrived[end..];
        surplus.CopyTo(pool.Memory(next, surplus.Length));
        Frame done = InHand;
        fixed (byte* bytes = Arrived[start..end]) done.Point(bytes, end - start);
        done.Info = info;
        frame = done.Lease();
        _frame = next;
        Filled = surplus.Length;
        Stamp();
        return CutOutcome.Frame;
    }

    /// <summary>Forgets the first bytes.</summary>
    protected void Drop(int count)
    {
        Span<byte> memory = pool.Memory(InHand, 0);
        memory[count..Filled].CopyTo(memory);
        Filled -= count;
        Stamp();
    }

    private void Stamp()
    {
        _beganTimestamp = time.GetTimestamp();
        _beganAt = time.GetUtcNow();
    }
}
