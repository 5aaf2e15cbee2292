using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Streams;

/// <summary>
/// Cuts a multipart stream into frames. Bytes are read straight into the memory of the frame they will be; only what was read beyond a
/// part's end is copied, to the start of the next frame. Nothing is allocated per part.
/// </summary>
/// <param name="stream">The body of the response; read until it ends.</param>
/// <param name="pool">Where frames come from; one is always in hand.</param>
/// <param name="boundary">What the content type names; null takes the first line of the stream that begins with two dashes.</param>
/// <param name="longestWait">The longest time from one whole part to the next.</param>
/// <param name="time">Clock.</param>
internal sealed unsafe class MultipartReader(Stream stream, FramePool pool, Boundary? boundary, TimeSpan longestWait, TimeProvider time) : IDisposable
{
    /// <summary>The most bytes of one part's header, and of the text before the first part.</summary>
    internal const int HeaderLimitBytes = 16 << 10;

    /// <summary>What is read at once where nothing is known of the part's size.</summary>
    private const int ChunkBytes = 32 << 10;

    /// <summary>Read beyond the expected end: the next boundary and header often come with the last bytes, and copying them is cheap.</summary>
    private const int SlackBytes = 512;

    private Frame? _frame = pool.Rent();
    private Boundary? _boundary = boundary;
    private int _position;
    private int _filled;
    private int _expectedBytes = ChunkBytes;
    private long _sequence;
    private long _waitingSince = time.GetTimestamp();
    private bool _isPastPreamble;

    private Frame InHand => _frame ?? throw new InvalidOperationException("no frame was free to read into");

    private ReadOnlySpan<byte> Arrived => pool.Memory(InHand, 0)[.._filled];

    /// <summary>Waits for one part.</summary>
    /// <param name="picture">The frame, where the outcome is <see cref="PartOutcome.Picture"/>.</param>
    /// <returns>What the part was; from <see cref="PartOutcome.Closed"/> on there are no more.</returns>
    /// <exception cref="IOException">The connection broke or is silent.</exception>
    /// <exception cref="TimeoutException">Bytes come, but no whole part in the longest time.</exception>
    public PartOutcome Read(out FrameLease picture)
    {
        picture = default;
        PartOutcome outcome = SeekBoundary();
        if (outcome != PartOutcome.Picture) return outcome;

        outcome = ReadHeader(out PartHeader header);
        if (outcome != PartOutcome.Picture) return outcome;

        if (header.IsPicture) _sequence++;
        FrameInfo info = new()
        {
            Format = PixelFormat.Jpeg,
            Sequence = _sequence,
            CapturedTimestamp = time.GetTimestamp(),
            CapturedAt = time.GetUtcNow(),
            Id = header.Id,
        };
        int start = _position;
        outcome = header.ContentLength >= 0 ? ReadKnown(header.ContentLength, out int end) : ReadToBoundary(header.IsJpeg, out end);
        if (outcome != PartOutcome.Picture) return outcome;

        _waitingSince = time.GetTimestamp();
        _expectedBytes = end + SlackBytes;
        _position = end;
        if (!header.IsPicture) return PassOver(PartOutcome.NoPicture);
        if (!header.IsJpeg) info.Format = PictureContent.Recognise(Arrived[start..end]);
        if (start == end || info.Format == PixelFormat.None) return PassOver(PartOutcome.Corrupt);
        return HandOver(in info, start, end, out picture);
    }

    /// <summary>Gives the frame in hand back.</summary>
    public void Dispose()
    {
        if (_frame is { } frame) pool.Abandon(frame);
        _frame = null;
    }

    /// <summary>Goes to the byte behind the name of the next boundary.</summary>
    private PartOutcome SeekBoundary()
    {
        int from = _position;
        while (true)
        {
            _boundary ??= FirstLine();
            if (_boundary is not null && _boundary.TryFind(Arrived, _position, from, out int end, out int after, out from))
            {
                bool isStray = _isPastPreamble && Arrived[_position..end].IndexOfAnyExcept((byte)'\r', (byte)'\n') >= 0;
                _isPastPreamble = true;
                bool isLast = Arrived[after..].StartsWith("--"u8);
                _position = isStray ? end : isLast ? after + 2 : after;
                if (isStray) return PassOver(PartOutcome.Stray);
                if (!isLast) return PartOutcome.Picture;
                from = _position;
                continue;
            }

            int limit = _isPastPreamble ? pool.LimitBytes : HeaderLimitBytes;
            if (_filled - _position >= limit || _filled == pool.LimitBytes) return PartOutcome.NoBoundary;
            if (!Fill(Math.Max(_expectedBytes, _filled + SlackBytes))) return PartOutcome.Closed;
        }
    }

    /// <summary>Reads the lines up to the empty one and goes to the body.</summary>
    private PartOutcome ReadHeader(out PartHeader header)
    {
        int line = _position;
        while (true)
        {
            ReadOnlySpan<byte> rest = Arrived[line..];
            int end = rest.IndexOf((byte)'\n');
            int next = end < 0 ? 0 : EmptyLineBytes(rest[(end + 1)..]);
            if (next > 0)
            {
                header = PartHeader.Read(Arrived[_position..(line + end + 1)]);
                _position = line + end + 1 + next;
                return PartOutcome.Picture;
            }

            if (next < 0)
            {
                line += end + 1;
                continue;
            }

            header = default;
            if (_filled - _position >= HeaderLimitBytes) return PartOutcome.HeaderTooLong;
            if (!Fill(Math.Max(_expectedBytes, _filled + SlackBytes))) return PartOutcome.ClosedWithin;
        }
    }

    /// <summary>The length of the empty line that the bytes begin with; -1 where they begin with another line; 0 where they do not say yet.</summary>
    private static int EmptyLineBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return 0;
        if (bytes[0] == '\n') return 1;
        if (bytes[0] != '\r') return -1;
        return bytes.Length == 1 ? 0 : bytes[1] == '\n' ? 2 : -1;
    }

    private PartOutcome ReadKnown(long length, out int end)
    {
        end = 0;
        if (length > pool.LimitBytes - _position) return PartOutcome.TooLarge;
        end = _position + (int)length;
        while (_filled < end)
        {
            if (!Fill(end + SlackBytes)) return PartOutcome.ClosedWithin;
        }

        return PartOutcome.Picture;
    }

    private PartOutcome ReadToBoundary(bool isJpeg, out int end)
    {
        int from = _position;
        Boundary line = _boundary!;
        while (!line.TryFind(Arrived, _position, from, out end, out _, out from))
        {
            // The boundary may come only with the next picture: a JPEG that is whole need not wait for it.
            if (isJpeg && JpegEnd.TryFind(Arrived[_position..], out int length))
            {
                end = _position + length;
                return PartOutcome.Picture;
            }

            if (_filled == pool.LimitBytes) return PartOutcome.TooLarge;
            if (!Fill(Math.Max(_expectedBytes, _filled + ChunkBytes))) return PartOutcome.ClosedWithin;
        }

        return PartOutcome.Picture;
    }

    private PartOutcome HandOver(in FrameInfo info, int start, int end, out FrameLease picture)
    {
        picture = default;
        if (pool.Rent() is not { } next) return PassOver(PartOutcome.NoBuffer);

        ReadOnlySpan<byte> surplus = Arrived[end..];
        surplus.CopyTo(pool.Memory(next, surplus.Length));
        Frame done = InHand;
        fixed (byte* body = Arrived[start..end]) done.Point(body, end - start);
        done.Info = info;
        picture = done.Lease();
        _frame = next;
        _filled = surplus.Length;
        _position = 0;
        return PartOutcome.Picture;
    }

    private PartOutcome PassOver(PartOutcome outcome)
    {
        Span<byte> memory = pool.Memory(InHand, 0);
        memory[_position.._filled].CopyTo(memory);
        _filled -= _position;
        _position = 0;
        return outcome;
    }

    private Boundary? FirstLine()
    {
        ReadOnlySpan<byte> rest = Arrived[_position..];
        int start = rest.StartsWith("--"u8) ? 0 : rest.IndexOf("\n--"u8);
        int length = start < 0 ? -1 : rest[(start + 1)..].IndexOf((byte)'\n');
        return length < 0 ? null : Boundary.Named(System.Text.Encoding.Latin1.GetString(rest.Slice(start, length + 1)));
    }

    private bool Fill(int upTo)
    {
        if (time.GetElapsedTime(_waitingSince) > longestWait) throw new TimeoutException();
        int limit = Math.Min(upTo, pool.LimitBytes);
        int read = stream.Read(pool.Memory(InHand, limit)[_filled..limit]);
        _filled += read;
        return read > 0;
    }
}
