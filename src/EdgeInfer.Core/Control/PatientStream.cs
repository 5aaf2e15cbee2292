namespace EdgeInfer.Control;

/// <summary>Writes to a client in pieces, each of which it must take within <see cref="ControlServer.Patience"/>.</summary>
/// <param name="client">The client; stays open.</param>
/// <param name="time">Clock.</param>
/// <param name="stop">The agent stops.</param>
internal sealed class PatientStream(Stream client, TimeProvider time, CancellationToken stop) : Stream
{
    private const int PieceBytes = 64 << 10;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource late = new(ControlServer.Patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop, cancellationToken);
        while (!buffer.IsEmpty)
        {
            ReadOnlyMemory<byte> piece = buffer[..Math.Min(buffer.Length, PieceBytes)];
            await client.WriteAsync(piece, either.Token).ConfigureAwait(false);
            buffer = buffer[piece.Length..];
            late.CancelAfter(ControlServer.Patience);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("write asynchronously");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
