using System.Buffers;
using System.Net;
using System.Net.Http;

namespace EdgeInfer.Fetching;

/// <summary>A file on its way to a server.</summary>
/// <param name="file">The file.</param>
/// <param name="bytes">Its size.</param>
/// <param name="progress">Told how much of it is sent.</param>
internal sealed class UploadContent(string file, long bytes, Action<long> progress) : HttpContent
{
    private const int ChunkBytes = 128 << 10;

    /// <summary>Called after each piece: the line is alive.</summary>
    public Action Sent { get; set; } = static () => { };

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = bytes;
        return true;
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using FileStream from = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        byte[] piece = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            long sent = 0;
            for (int read; (read = await from.ReadAsync(piece, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                Sent();
                progress(sent += read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }
}
