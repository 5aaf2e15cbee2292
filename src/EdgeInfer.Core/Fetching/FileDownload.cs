using System.Buffers;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Fetching;

/// <summary>Brings one file here and gives it a name only when its bytes are the expected ones.</summary>
/// <param name="http">Asks.</param>
/// <param name="file">What to bring.</param>
/// <param name="part">Where it is gathered.</param>
/// <param name="limits">Bounds.</param>
/// <param name="report">Is told.</param>
internal sealed class FileDownload(HttpFetch http, RemoteFile file, PartFile part, FetchLimits limits, IPullReport report)
{
    private const int ChunkBytes = 128 << 10;

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
            await Gather(unauthorised, attempts, stop).ConfigureAwait(false);
            part.Finish(target);
            report.End();
        }
        catch (DownloadException e)
        {
            if (e.Failure is DownloadFailure.TooManyBytes or DownloadFailure.TooFewBytes) part.Drop();
            throw new FaultException(e.Fault, e);
        }
        catch (IOException e) when (PosixFile.IsFull(e))
        {
            throw FreeSpace.Lacking(part.Path, Math.Max(1, (file.Bytes ?? 0) - part.Length), FreeSpace.At(part.Path), e);
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, part.Path, $"the download cannot be written: {e.Message}", "check the disk", e);
        }
        finally
        {
            part.Dispose();
        }
    }

    private async Task Gather(string unauthorised, Attempts attempts, CancellationToken stop)
    {
        part.TakeUp();
        Transfer transfer = new(http, file, part, limits, report) { SeeToRoom = SeeToRoom };
        while (true)
        {
            await transfer.Run(unauthorised, attempts, stop).ConfigureAwait(false);
            string found = Hash();
            if (found == file.Digest.Hex) return;
            FaultException wrong = WrongDigest(found);
            part.Drop();
            // What lay here from an earlier day may be what is wrong.
            if (!transfer.IsResumed) throw wrong;
            report.Say($"{file.Name}: the bytes kept from an earlier attempt do not fit; starting over");
        }
    }

    private string Hash()
    {
        using FileStream stream = new(part.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.SequentialScan);
        using IncrementalHash hash = file.Digest.Begin(stream.Length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        for (int read; (read = stream.Read(buffer)) > 0;) hash.AppendData(buffer, 0, read);
        ArrayPool<byte>.Shared.Return(buffer);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private FaultException WrongDigest(string found) => FaultException.Of(
        FaultKind.Data, HttpFetchFaults.Shown(file.Url), $"{file.Name} has the {file.Digest.Kind} {found}, and {file.Digest.Hex} was expected{Looks()}; nothing was installed",
        "take the address and the digest from the same place; if both are right, the file was changed on its way");

    private string Looks()
    {
        byte[] start = new byte[64];
        using FileStream stream = new(part.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        ReadOnlySpan<byte> text = start.AsSpan(0, length);
        if (text.StartsWith("version https://git-lfs"u8)) return " (it is a Git LFS pointer, not the file)";
        return text.TrimStart(" \r\n\t"u8).StartsWith("<"u8) ? " (it is a web page)" : "";
    }

    private void SeeToRoom(long needed)
    {
        long free = FreeSpace.At(part.Path);
        if (needed > free) throw FreeSpace.Lacking(part.Path, needed, free, null);
    }
}
