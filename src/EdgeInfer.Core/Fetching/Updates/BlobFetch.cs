using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

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
/// <param name="report">Is told, as often as pieces come.</param>
internal sealed class BlobFetch(IBlobOrigin origin, HttpFetch http, FetchLimits limits, RateLimit? rate, Attempts attempts, IPullReport report)
{
    /// <summary>Brings one blob. Other bytes than the signed ones are dropped and asked for once more, whole.</summary>
    /// <param name="sha256">64 hexadecimal digits in lower case, as signed.</param>
    /// <param name="bytes">Its size, as signed.</param>
    /// <param name="open">Opens its part in the store, with what an earlier attempt has left.</param>
    /// <param name="stop">What came so far is kept.</param>
    /// <exception cref="UpdateException">
    /// Network: not to be had now, try again later. Size: the server has more bytes. Digest: other bytes, twice. What the store throws.
    /// </exception>
    public async Task Fetch(string sha256, long bytes, Func<IBlobPart> open, CancellationToken stop)
    {
        if (!ContentHash.IsSha256(sha256))
            throw UpdateException.Of(UpdateCode.Digest, "the release's manifest", "it names a file by what is no sha256 digest", "publish the release again with this version's tools");
        if (bytes < 0 || bytes > limits.ModelBytes)
            throw UpdateException.Of(UpdateCode.Size, $"sha256:{sha256}", $"it is said to have {bytes} bytes, and at most {limits.ModelBytes} are taken", "release a smaller model");
        RemoteFile file = new($"sha256:{sha256}", origin.Blob(sha256), new(false, sha256), bytes, Authorization: null);
        if (await Try(file, open, isLast: false, stop).ConfigureAwait(false)) return;
        report.Say($"{HttpFetchFaults.Shown(file.Url)}: other bytes came than the signed ones; asking once more");
        await Try(file, open, isLast: true, stop).ConfigureAwait(false);
    }

    private async Task<bool> Try(RemoteFile file, Func<IBlobPart> open, bool isLast, CancellationToken stop)
    {
        using IBlobPart part = open();
        Transfer transfer = new(http, file with { Authorization = origin.Authorization }, part, limits, report) { Rate = rate, Challenged = origin.Answer };
        try
        {
            // No byte needs nobody to give it.
            if (file.Bytes > 0) await transfer.Run(origin.Cure, attempts, stop).ConfigureAwait(false);
            part.Complete();
            report.End();
            return true;
        }
        catch (DownloadException e)
        {
            throw UpdateFaults.Of(e);
        }
        catch (FaultException e) when (e.InnerException is TransferException transferred)
        {
            throw UpdateFaults.Of(transferred);
        }
        catch (UpdateException e) when (e.Code == UpdateCode.Digest && !isLast)
        {
            return false;
        }
        catch (UpdateException e) when (e.Code == UpdateCode.Digest)
        {
            throw UpdateException.Of(e.Code, HttpFetchFaults.Shown(file.Url), $"{e.Fault.Where}: {e.Fault.What}, twice", e.Fault.Cure, e);
        }
    }
}
