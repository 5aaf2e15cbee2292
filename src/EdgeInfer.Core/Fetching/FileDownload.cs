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
/// <param name="time">For deadlines.</param>
/// <param name="report">Is told.</param>
internal sealed class FileDownload(HttpFetch http, RemoteFile file, PartFile part, FetchLimits limits, TimeProvider time, IPullReport report)
{
    private const int ChunkBytes = 128 << 10;

    private long _gained;
    private bool _isResumed;

    /// <summary>Downloads, checks and names the file.</summary>
    /// <param name="target">The name to give it.</param>
    /// <param name="unauthorised">What to do where the server wants to know who asks.</param>
    /// <param name="attempts">How often to try.</param>
    /// <param name="stop">What came so far is kept.</param>
    /// <exception cref="FaultException">It was not to be had, or has other bytes.</exception>
    public async Task Run(string target, string unauthorised, Attempts attempts, CancellationToken stop)
    {
        await Guard(async () =>
        {
            part.TakeUp();
            while (true)
            {
                _isResumed = false;
                await attempts.Run(token => Once(unauthorised, token), () => _gained, stop).ConfigureAwait(false);
                string found = Hash();
                if (found == file.Digest.Hex) break;
                FaultException wrong = WrongDigest(found);
                part.Drop();
                // What lay here from an earlier day may be what is wrong.
                if (!_isResumed) throw wrong;
                report.Say($"{file.Name}: the bytes kept from an earlier attempt do not fit; starting over");
            }

            part.Finish(target);
            report.End();
        }).ConfigureAwait(false);
    }

    private async Task<bool> Once(string unauthorised, CancellationToken stop)
    {
        if (part.Length > 0 && part.Length == file.Bytes)
        {
            _isResumed = true;
            return true;
        }

        // Without a validator the rest could be that of another file.
        long have = part.Validator.Length > 0 ? part.Length : 0;
        FetchRequest request = new(file.Url) { Authorization = file.Authorization, From = have, Validator = part.Validator };
        using HttpResponseMessage response = await http.Send(request, stop).ConfigureAwait(false);
        bool isRest = response.StatusCode == HttpStatusCode.PartialContent && have > 0;
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && have > 0)
        {
            part.Drop();
            throw new TransferException(new(FaultKind.Unavailable, Where, "the server has another file than the one begun with", "try again"), isPassing: true);
        }

        if (!isRest && response.StatusCode != HttpStatusCode.OK) throw HttpFetchFaults.OfStatus(file.Url, response, unauthorised);
        RefuseWebPage(response);
        long? total = Total(response, isRest, have);
        CheckSize(total);
        if (!isRest)
        {
            part.Begin(ValidatorOf(response));
            have = 0;
        }

        CheckSpace((total ?? file.Bytes ?? 0) - have);
        _isResumed |= isRest && _gained == 0;
        report.Begin(file.Name, have, total);
        await Copy(response, have, total, stop).ConfigureAwait(false);
        return true;
    }

    private async Task Copy(HttpResponseMessage response, long have, long? total, CancellationToken stop)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        using Deadline deadline = new(limits.Stall, time, stop);
        try
        {
            using FileStream to = new(part.Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
            to.Seek(have, SeekOrigin.Begin);
            using Stream from = await response.Content.ReadAsStreamAsync(deadline.Token).ConfigureAwait(false);
            while (true)
            {
                deadline.Extend();
                int read = await Read(from, buffer, deadline.Token, stop).ConfigureAwait(false);
                if (read == 0) break;
                if (have + read > (total ?? limits.ModelBytes)) throw WrongSize($"more than {total ?? limits.ModelBytes} bytes");
                to.Write(buffer, 0, read);
                have += read;
                _gained += read;
                report.Received(have);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (total is { } all && have < all) throw http.Broken(file.Url, new IOException());
        CheckSize(have);
    }

    // A break of the line must not look like one of the disk.
    private async Task<int> Read(Stream from, byte[] buffer, CancellationToken deadline, CancellationToken stop)
    {
        try
        {
            return await from.ReadAsync(buffer, deadline).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            throw http.Broken(file.Url, e);
        }
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

    private FaultException WrongDigest(string found) => FaultException.Of(
        FaultKind.Data, Where, $"{file.Name} has the {file.Digest.Kind} {found}, and {file.Digest.Hex} was expected{Looks()}; nothing was installed",
        "take the address and the digest from the same place; if both are right, the file was changed on its way");

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
        string type = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues values) ? values.ToString() : "";
        if (!type.StartsWith("text/html", StringComparison.OrdinalIgnoreCase)) return;
        throw FaultException.Of(
            FaultKind.Data, Where, "the address gives a web page (text/html), not a file",
            "use the address of the file itself, which a browser would download; Git hosts have it under /raw/ or /resolve/");
    }

    private long? Total(HttpResponseMessage response, bool isRest, long have)
    {
        if (!isRest) return response.Content.Headers.ContentLength ?? file.Bytes;
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        if (range?.From == have) return range.Length ?? file.Bytes;
        part.Drop();
        throw new TransferException(new(FaultKind.Unavailable, Where, "the server gave other bytes than those asked for", "try again"), isPassing: true);
    }

    private void CheckSize(long? total)
    {
        if (total is not { } bytes) return;
        if (file.Bytes is { } expected && bytes != expected) throw WrongSize($"{bytes} bytes, and {expected} were expected");
        if (bytes > limits.ModelBytes) throw WrongSize($"{bytes} bytes, and at most {limits.ModelBytes} are taken");
    }

    private FaultException WrongSize(string what)
    {
        part.Drop();
        return FaultException.Of(FaultKind.Data, Where, $"{file.Name} has {what}; nothing was installed", "check the reference");
    }

    private void CheckSpace(long needed)
    {
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
            throw FreeSpace.Lacking(part.Path, Math.Max(1, (file.Bytes ?? 0) - part.Length), FreeSpace.At(part.Path), e);
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, part.Path, $"the download cannot be written: {e.Message}", "check the disk", e);
        }
    }

    private static string ValidatorOf(HttpResponseMessage response)
    {
        // A weak one does not promise the same bytes.
        if (response.Headers.ETag is { IsWeak: false } tag) return tag.Tag;
        return response.Content.Headers.LastModified is { } modified ? modified.ToString("r") : "";
    }

    private string Where => HttpFetchFaults.Shown(file.Url);
}
