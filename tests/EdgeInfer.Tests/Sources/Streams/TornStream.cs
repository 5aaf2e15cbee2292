namespace EdgeInfer.Tests.Sources.Streams;

/// <summary>A stream that a network has torn: no read goes across a split.</summary>
internal sealed class TornStream(byte[] bytes, params int[] splits) : Stream
{
    private byte[] _bytes = bytes;
    private int _position;
    private long _passed;

    /// <summary>Gives what follows the end; null ends the stream.</summary>
    public Func<byte[]>? AtEnd { get; init; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    /// <summary>How many bytes were read.</summary>
    public override long Position
    {
        get => _passed;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (_position == _bytes.Length && AtEnd is not null)
        {
            _bytes = AtEnd();
            _position = 0;
        }

        int end = _bytes.Length;
        foreach (int split in splits)
        {
            if (split <= _position) continue;
            end = Math.Min(end, split);
            break;
        }

        int count = Math.Min(buffer.Length, end - _position);
        _bytes.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        _passed += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
