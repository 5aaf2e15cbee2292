using System.Buffers;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>
/// Brings all bytes of one file here, over as many breaks as it takes: each time it goes on where it was broken off, under the validator by
/// which the server promises that the rest belongs to what is here. Whether they are the right bytes, others find out.
/// </summary>
/// <param name="http">Asks.</param>
/// <param name="file">What to bring.</param>
/// <param name="part">Where it is gathered.</param>
/// <param name="limits">Bounds.</param>
/// <param name="report">Is told.</param>
internal sealed class Transfer(HttpFetch http, RemoteFile file, IDownloadPart part, FetchLimits limits, IPullReport report)
{
    private const int ChunkBytes = 128 << 10;
    private const int LongestValidator = 256;

    // The address may hold a signature, and is not written down.
    private readonly string _source = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Url.AbsoluteUri))) + " ";
    private AuthenticationHeaderValue? _authorization = file.Authorization;
    private long _gained;
    private int _restarts;

    /// <summary>Bytes per second at most; null for no bound.</summary>
    public RateLimit? Rate { get; init; }

    /// <summary>Finds out what to send where the server wants to know who asks; null where there is nothing to be found out.</summary>
    public Func<HttpResponseMessage, CancellationToken, Task<AuthenticationHeaderValue?>>? Challenged { get; init; }

    /// <summary>Looks for room for so many more bytes before the first of them is read; throws where there is none.</summary>
    public Action<long> SeeToRoom { get; init; } = static _ => { };

    /// <summary>Whether bytes of an earlier day are among those that are here.</summary>
    public bool IsResumed { get; private set; }

    /// <summary>Brings what is not here.</summary>
    /// <param name="unauthorised">What to do where the server wants to know who asks.</param>
    /// <param name="attempts">How often to try.</param>
    /// <param name="stop">What came so far is kept.</param>
    /// <exception cref="FaultException">It was not to be had; its cause is a <see cref="TransferException"/>.</exception>
    /// <exception cref="DownloadException">It is another file.</exception>
    public async Task Run(string unauthorised, Attempts attempts, CancellationToken stop)
    {
        IsResumed = false;
        await attempts.Run(token => Once(unauthorised, token), () => _gained, stop).ConfigureAwait(false);
    }

    private async Task<bool> Once(string unauthorised, CancellationToken stop)
    {
        if (part.Length > file.Bytes) part.Restart("");
        if (part.Length > 0 && part.Length == file.Bytes)
        {
            IsResumed |= _gained == 0;
            return true;
        }

        // Without a validator, or with that of another server, the rest could be that of another file.
        string validator = part.Note.StartsWith(_source, StringComparison.Ordinal) ? part.Note[_source.Length..] : "";
        long have = validator.Length > 0 ? part.Length : 0;
        using HttpResponseMessage response = await Ask(have, validator, unauthorised, stop).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && have > 0) throw GivenUp("the server has another file than the one begun with");
        bool isRest = response.StatusCode == HttpStatusCode.PartialContent && have > 0;
        if (!isRest && response.StatusCode != HttpStatusCode.OK) throw http.OfStatus(file.Url, response, unauthorised);
        RefuseWebPage(response);
        long? total = isRest ? TotalOfRest(response, have, validator) : response.Content.Headers.ContentLength ?? file.Bytes;
        CheckSize(total);
        if (!isRest)
        {
            CountRestart();
            part.Restart(ValidatorOf(response) is { Length: > 0 } fresh ? _source + fresh : "");
            have = 0;
        }

        SeeToRoom((total ?? file.Bytes ?? 0) - have);
        IsResumed |= isRest && _gained == 0;
        report.Begin(file.Name, have, total);
        await Copy(response, have, total, stop).ConfigureAwait(false);
        return true;
    }

    private async Task<HttpResponseMessage> Ask(long have, string validator, string unauthorised, CancellationToken stop)
    {
        FetchRequest request = new(file.Url) { Authorization = _authorization, From = have, Validator = validator };
        HttpResponseMessage response = await http.Send(request, stop).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Unauthorized || Challenged is null) return response;
        using (response)
        {
            _authorization = await Challenged(response, stop).ConfigureAwait(false);
            if (_authorization is null) throw http.OfStatus(file.Url, response, unauthorised);
        }

        return await http.Send(request with { Authorization = _authorization }, stop).ConfigureAwait(false);
    }

    private async Task Copy(HttpResponseMessage response, long have, long? total, CancellationToken stop)
    {
        long most = total ?? limits.ModelBytes;
        int piece = Math.Min(Rate?.PieceBytes ?? ChunkBytes, ChunkBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(piece);
        using BodyReader from = http.Body(file.Url, response, stop);
        try
        {
            while (true)
            {
                // One byte beyond the end tells a longer file.
                int read = await from.Read(buffer.AsMemory(0, (int)Math.Min(piece, most - have + 1))).ConfigureAwait(false);
                if (read == 0) break;
                if (have + read > most)
                {
                    part.Restart("");
                    throw WrongSize(DownloadFailure.TooManyBytes, $"more than {most} bytes");
                }

                part.Append(buffer.AsSpan(0, read));
                have += read;
                _gained += read;
                report.Received(have);
                if (Rate is not null && await Rate.Take(read, stop).ConfigureAwait(false)) from.Restart();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (total is { } all && have < all) throw http.Broken(file.Url, new IOException());
    }

    private long? TotalOfRest(HttpResponseMessage response, long have, string validator)
    {
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        if (range?.From != have || range.Unit != "bytes") throw GivenUp("the server gave other bytes than those asked for");
        if (range.Length is { } length && file.Bytes is { } expected && length != expected) throw GivenUp("the server has another file than the one begun with");
        if (response.Headers.ETag is { } tag && validator.StartsWith('"') && (tag.IsWeak || tag.Tag != validator)) throw GivenUp("the server gave the rest of another file than the one begun with");
        return range.Length ?? file.Bytes;
    }

    private TransferException GivenUp(string what)
    {
        CountRestart();
        part.Restart("");
        return new(new(FaultKind.Unavailable, Where, what, http.Words.Later), isPassing: true);
    }

    // A server that each time has something else, or never goes on, would be asked for ever.
    private void CountRestart()
    {
        if (part.Length == 0 || ++_restarts <= limits.Restarts) return;
        throw new TransferException(
            new(FaultKind.Unavailable, Where, $"after each break the server begins anew or has another file, {_restarts} times now", $"let the server give ranges under an ETag; {http.Words.Later}"),
            isPassing: false);
    }

    private void CheckSize(long? total)
    {
        if (total is not { } bytes) return;
        if (file.Bytes is { } expected && bytes != expected) throw WrongSize(bytes > expected ? DownloadFailure.TooManyBytes : DownloadFailure.TooFewBytes, $"{bytes} bytes, and {expected} were expected");
        if (bytes > limits.ModelBytes) throw WrongSize(DownloadFailure.TooManyBytes, $"{bytes} bytes, and at most {limits.ModelBytes} are taken");
    }

    private DownloadException WrongSize(DownloadFailure failure, string what)
        => new(failure, new(FaultKind.Data, Where, $"{file.Name} has {what}; nothing was installed", "check the reference"));

    private void RefuseWebPage(HttpResponseMessage response)
    {
        if (!IsWebPage(response)) return;
        throw new DownloadException(DownloadFailure.WebPage, new(
            FaultKind.Data, Where, "the address gives a web page (text/html), not a file",
            "use the address of the file itself, which a browser would download; Git hosts have it under /raw/ or /resolve/"));
    }

    /// <summary>Whether an answer is a page for people, as the sign-in page of a network is.</summary>
    internal static bool IsWebPage(HttpResponseMessage response)
        => response.Content.Headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues values) && values.ToString().StartsWith("text/html", StringComparison.OrdinalIgnoreCase);

    private static string ValidatorOf(HttpResponseMessage response)
    {
        // A weak one does not promise the same bytes.
        if (response.Headers.ETag is { IsWeak: false, Tag: { Length: <= LongestValidator } tag } && tag.All(static c => c is >= ' ' and < '\x7f')) return tag;
        return response.Content.Headers.LastModified is { } modified ? modified.ToString("r") : "";
    }

    private string Where => HttpFetchFaults.Shown(file.Url);
}
