using System.Buffers;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>Brings one file here: goes on where it was broken off, and gives it a name only when its bytes are the expected ones.</summary>
/// <param name="http">Asks.</param>
/// <param name="file">What to bring.</param>
/// <param name="part">Where it is gathered.</param>
/// <param name="limits">Bounds.</param>
/// <param name="report">Is told.</param>
internal sealed class FileDownload(HttpFetch http, RemoteFile file, PartFile part, FetchLimits limits, IPullReport report)
{
    private const int ChunkBytes = 128 << 10;
    private const int LongestValidator = 256;

    private AuthenticationHeaderValue? _authorization = file.Authorization;
    private long _gained;
    private int _restarts;
    private bool _isResumed;

    /// <summary>Bytes per second at most; null for no bound.</summary>
    public RateLimit? Rate { get; init; }

    /// <summary>Finds out what to send where the server wants to know who asks; null where there is nothing to be found out.</summary>
    public Func<HttpResponseMessage, CancellationToken, Task<AuthenticationHeaderValue?>>? Challenged { get; init; }

    /// <summary>Whether bytes with another digest are asked for once more although all of them came just now.</summary>
    public bool IsAskedTwice { get; init; }

    /// <summary>Whether somebody else has seen to the room for it.</summary>
    public bool IsRoomReserved { get; init; }

    /// <summary>Downloads, checks and names the file.</summary>
    /// <param name="target">The name to give it.</param>
    /// <param name="unauthorised">What to do where the server wants to know who asks.</param>
    /// <param name="attempts">How often to try.</param>
    /// <param name="stop">What came so far is kept.</param>
    /// <exception cref="FaultException">It was not to be had, or has other bytes.</exception>
    public async Task Run(string target, string unauthorised, Attempts attempts, CancellationToken stop)
    {
        try
        {
            await Guard(async () =>
            {
                await GatherAll(unauthorised, attempts, stop).ConfigureAwait(false);
                part.Finish(target);
            }).ConfigureAwait(false);
        }
        catch (DownloadException e)
        {
            throw new FaultException(e.Fault, e);
        }

        report.End();
    }

    /// <summary>Downloads and checks the file, and leaves it where it was gathered.</summary>
    /// <param name="unauthorised">What to do where the server wants to know who asks.</param>
    /// <param name="attempts">How often to try.</param>
    /// <param name="stop">What came so far is kept.</param>
    /// <exception cref="FaultException">It was not to be had.</exception>
    /// <exception cref="DownloadException">It is another file, or the disk does not take it.</exception>
    public async Task Gather(string unauthorised, Attempts attempts, CancellationToken stop)
    {
        await Guard(async () =>
        {
            await GatherAll(unauthorised, attempts, stop).ConfigureAwait(false);
            part.Settle();
        }).ConfigureAwait(false);
        report.End();
    }

    private async Task GatherAll(string unauthorised, Attempts attempts, CancellationToken stop)
    {
        part.TakeUp();
        for (bool isLast = false; ; isLast = true)
        {
            _isResumed = false;
            await attempts.Run(token => Once(unauthorised, token), () => _gained, stop).ConfigureAwait(false);
            string found = Hash();
            if (found == file.Digest.Hex) return;
            DownloadException wrong = WrongDigest(found);
            part.Drop();
            // What lay here from an earlier day may be what is wrong.
            if (isLast || !(_isResumed || IsAskedTwice)) throw wrong;
            report.Say(_isResumed ? $"{file.Name}: the bytes kept from an earlier attempt do not fit; starting over" : $"{file.Name}: the bytes do not fit; starting over");
        }
    }

    private async Task<bool> Once(string unauthorised, CancellationToken stop)
    {
        if (part.Length > file.Bytes) part.Drop();
        if (part.Length > 0 && part.Length == file.Bytes)
        {
            _isResumed |= _gained == 0;
            return true;
        }

        // Without a validator the rest could be that of another file.
        long have = part.Validator.Length > 0 ? part.Length : 0;
        using HttpResponseMessage response = await Ask(have, unauthorised, stop).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && have > 0) throw GivenUp("the server has another file than the one begun with");
        bool isRest = response.StatusCode == HttpStatusCode.PartialContent && have > 0;
        if (!isRest && response.StatusCode != HttpStatusCode.OK) throw http.OfStatus(file.Url, response, unauthorised);
        RefuseWebPage(response);
        long? total = isRest ? TotalOfRest(response, have) : response.Content.Headers.ContentLength ?? file.Bytes;
        CheckSize(total);
        if (!isRest)
        {
            CountRestart();
            part.Begin(ValidatorOf(response));
            have = 0;
        }

        CheckSpace((total ?? file.Bytes ?? 0) - have);
        _isResumed |= isRest && _gained == 0;
        report.Begin(file.Name, have, total);
        await Copy(response, have, total, stop).ConfigureAwait(false);
        return true;
    }

    private async Task<HttpResponseMessage> Ask(long have, string unauthorised, CancellationToken stop)
    {
        FetchRequest request = new(file.Url) { Authorization = _authorization, From = have, Validator = part.Validator };
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
            using FileStream to = new(part.Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
            to.Seek(have, SeekOrigin.Begin);
            while (true)
            {
                // One byte beyond the end tells a longer file.
                int read = await from.Read(buffer.AsMemory(0, (int)Math.Min(piece, most - have + 1))).ConfigureAwait(false);
                if (read == 0) break;
                if (have + read > most)
                {
                    part.Drop();
                    throw WrongSize(DownloadFailure.TooManyBytes, $"more than {most} bytes");
                }

                to.Write(buffer, 0, read);
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

    private string Hash()
    {
        using FileStream stream = new(part.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        using IncrementalHash hash = file.Digest.Begin(stream.Length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        for (int read; (read = stream.Read(buffer)) > 0;) hash.AppendData(buffer, 0, read);
        ArrayPool<byte>.Shared.Return(buffer);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private DownloadException WrongDigest(string found) => new(DownloadFailure.WrongDigest, new(
        FaultKind.Data, Where, $"{file.Name} has the {file.Digest.Kind} {found}, and {file.Digest.Hex} was expected{Looks()}; nothing was installed",
        "take the address and the digest from the same place; if both are right, the file was changed on its way"));

    private string Looks()
    {
        byte[] start = new byte[64];
        using FileStream stream = File.OpenRead(part.Path);
        int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        ReadOnlySpan<byte> text = start.AsSpan(0, length);
        if (text.StartsWith("version https://git-lfs"u8)) return " (it is a Git LFS pointer, not the file)";
        return text.TrimStart(" \r\n\t"u8).StartsWith("<"u8) ? " (it is a web page)" : "";
    }

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

    private long? TotalOfRest(HttpResponseMessage response, long have)
    {
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        if (range?.From != have || range.Unit != "bytes") throw GivenUp("the server gave other bytes than those asked for");
        if (range.Length is { } length && file.Bytes is { } expected && length != expected) throw GivenUp("the server has another file than the one begun with");
        if (response.Headers.ETag is { } tag && part.Validator.StartsWith('"') && (tag.IsWeak || tag.Tag != part.Validator)) throw GivenUp("the server gave the rest of another file than the one begun with");
        return range.Length ?? file.Bytes;
    }

    private TransferException GivenUp(string what)
    {
        CountRestart();
        part.Drop();
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

    private void CheckSpace(long needed)
    {
        if (IsRoomReserved) return;
        long free = FreeSpace.At(part.Path);
        if (needed > free) throw FreeSpace.Lacking(part.Path, needed, free, null);
    }

    private async Task Guard(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (IOException e) when (FreeSpace.IsLack(e))
        {
            throw new DownloadException(DownloadFailure.NoSpace, FreeSpace.Lacking(part.Path, Math.Max(1, (file.Bytes ?? 0) - part.Length), FreeSpace.At(part.Path), e).Fault, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DownloadException(DownloadFailure.Disk, new(FaultKind.InputOutput, part.Path, $"the download cannot be written: {e.Message}", "check the disk"), e);
        }
    }

    private static string ValidatorOf(HttpResponseMessage response)
    {
        // A weak one does not promise the same bytes.
        if (response.Headers.ETag is { IsWeak: false, Tag.Length: <= LongestValidator } tag) return tag.Tag;
        return response.Content.Headers.LastModified is { } modified ? modified.ToString("r") : "";
    }

    private string Where => HttpFetchFaults.Shown(file.Url);
}
