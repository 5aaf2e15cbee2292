namespace EdgeInfer.Control;

/// <summary>What came from the other end.</summary>
/// <param name="Bytes">The line without its end; valid until the next read.</param>
/// <param name="IsEnd">The other end has closed; what it began and did not end is dropped.</param>
/// <param name="IsTooLong">The line is longer than may be; nothing after it can be understood.</param>
internal readonly record struct ControlLine(ReadOnlyMemory<byte> Bytes, bool IsEnd, bool IsTooLong);

/// <summary>Cuts a stream into lines of bounded length, and gives what follows a line as bytes.</summary>
/// <param name="stream">The stream.</param>
/// <param name="longestBytes">The longest line.</param>
internal sealed class ControlLineReader(Stream stream, int longestBytes)
{
    private byte[] _buffer = new byte[Math.Min(4096, longestBytes)];
    private int _start;
    private int _end;

    /// <summary>The next line.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask<ControlLine> ReadAsync(CancellationToken stop)
    {
        int seen = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + seen, _end - _start - seen).IndexOf((byte)'\n');
            if (length >= 0)
            {
                length += seen;
                ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, length);
                _start += length + 1;
                return new(line, false, false);
            }

            seen = _end - _start;
            if (seen >= longestBytes) return new(default, false, true);
            MakeRoom();
            int read = await stream.ReadAsync(_buffer.AsMemory(_end), stop).ConfigureAwait(false);
            if (read == 0) return new(default, true, false);
            _end += read;
        }
    }

    /// <summary>Bytes that follow the last line, at most as many as asked for; 0 at the end.</summary>
    public async ValueTask<int> ReadBytesAsync(Memory<byte> to, CancellationToken stop)
    {
        if (_start == _end) return await stream.ReadAsync(to, stop).ConfigureAwait(false);
        int count = Math.Min(to.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(to);
        _start += count;
        return count;
    }

    private void MakeRoom()
    {
        int kept = _end - _start;
        byte[] target = kept == _buffer.Length ? new byte[Math.Min(longestBytes, _buffer.Length * 2)] : _buffer;
        Buffer.BlockCopy(_buffer, _start, target, 0, kept);
        (_buffer, _start, _end) = (target, 0, kept);
    }
}
