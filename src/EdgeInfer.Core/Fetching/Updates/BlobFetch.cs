using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching.Updates;

/// <summary>
/// Brings blobs here that a signed manifest names by digest and size. One at a time; what has come is kept over breaks, stops and power
/// cuts, and goes on under the server's validator.
/// </summary>
/// <param name="origin">Where they lie.</param>
/// <param name="http">Asks; configured for the origin.</param>
/// <param name="limits">Bounds.</param>
/// <param name="rate">Bytes per second at most, all blobs together; null for no bound.</param>
/// <param name="attempts">How often to try.</param>
/// <param name="report">Is told, often: see <see cref="PacedReport"/>.</param>
internal sealed class BlobFetch(IBlobOrigin origin, HttpFetch http, FetchLimits limits, RateLimit? rate, Attempts attempts, IPullReport report)
{
    /// <summary>Brings one blob.</summary>
    /// <param name="sha256">64 hexadecimal digits in lower case, as signed.</param>
    /// <param name="bytes">Its size, as signed.</param>
    /// <param name="partial">
    /// The file it is gathered in; its length is what has come so far, so that room may be reserved only without changing it. Beside it,
    /// with <c>.journal</c> at the end, lies what is kept about where the bytes came from; it is gone when this returns.
    /// </param>
    /// <param name="stop">What came so far is kept.</param>
    /// <exception cref="UpdateException">
    /// Network: not to be had now, try again later. Size: the server has more bytes. Digest: other bytes, twice. Space: the disk does not
    /// take them.
    /// </exception>
    public async Task Fetch(string sha256, long bytes, string partial, CancellationToken stop)
    {
        if (sha256.Length != ExpectedDigest.Sha256Digits || !sha256.All(char.IsAsciiHexDigitLower))
            throw UpdateException.Of(UpdateCode.Digest, "the release's manifest", "it names a file by what is no sha256 digest", "publish the release again with this version's tools");
        if (bytes < 0 || bytes > limits.ModelBytes)
            throw UpdateException.Of(UpdateCode.Size, $"sha256:{sha256}", $"it is said to have {bytes} bytes, and at most {limits.ModelBytes} are taken", "release a smaller model");
        RemoteFile file = new($"sha256:{sha256}", origin.Blob(sha256), new(false, sha256), bytes, origin.Authorization);
        FileDownload download = new(http, file, new PartFile(partial, file), limits, report) { Rate = rate, Challenged = origin.Answer, IsAskedTwice = true, IsRoomReserved = true };
        try
        {
            await download.Gather(origin.Cure, attempts, stop).ConfigureAwait(false);
        }
        catch (FaultException e)
        {
            throw UpdateFaults.Of(e);
        }
        catch (DownloadException e)
        {
            throw UpdateFaults.Of(e);
        }
    }
}
