using System.Globalization;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Recording;

/// <summary>A recording on the disk.</summary>
/// <param name="Path">Where.</param>
/// <param name="LengthBytes">Its bytes.</param>
/// <param name="Sha256">64 hexadecimal digits.</param>
/// <param name="Frames">Frames in it.</param>
internal sealed record StoredCapture(string Path, long LengthBytes, string Sha256, int Frames);

/// <summary>Recordings that were asked for from afar, in a folder of the state folder: the newest few, within a bound.</summary>
/// <param name="folder">The folder; made where it is missing.</param>
/// <param name="time">Clock.</param>
internal sealed class CaptureStore(string folder, TimeProvider time)
{
    /// <summary>Recordings kept.</summary>
    public const int MostFiles = 8;

    /// <summary>The most that they take together.</summary>
    public const long MostBytes = 512L << 20;

    private const string Ending = ".tar";

    /// <summary>Writes a recording so that it survives a power cut, then removes the oldest that are too many.</summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="archive">The recording; stays with the caller.</param>
    /// <param name="stop">Ends the writing; nothing is left behind then.</param>
    /// <exception cref="FaultException">It is not there: no room, no rights.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/>.</exception>
    public StoredCapture Add(string pipeline, RecordingArchive archive, CancellationToken stop)
    {
        if (archive.LengthBytes > MostBytes)
            throw FaultException.Of(FaultKind.Unavailable, pipeline, $"the recording has {archive.LengthBytes} bytes, more than the {MostBytes >> 20} MiB that are kept", "give record.size less");
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{pipeline}-{time.GetUtcNow():yyyyMMdd'T'HHmmssfff'Z'}{Ending}"));
        try
        {
            DurableFolder.Make(folder);

            // What a power cut has left half written.
            foreach (string half in Directory.EnumerateFiles(folder, "*.new")) File.Delete(half);
            string digest = "";
            AtomicFile.Write(path, file => digest = Write(archive, file, stop), static _ => { });
            Prune(path);
            return new(path, archive.LengthBytes, digest, archive.Frames);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Of(FaultKind.InputOutput, folder, $"the recording cannot be written: {e.Message}", "make room there, or make it writable", e);
        }
    }

    private static string Write(RecordingArchive archive, Stream file, CancellationToken stop)
    {
        using SHA256 hash = SHA256.Create();
        using (CryptoStream hashing = new(file, hash, CryptoStreamMode.Write, leaveOpen: true))
            archive.WriteAsync(hashing, stop).AsTask().GetAwaiter().GetResult();
        return Convert.ToHexStringLower(hash.Hash!);
    }

    // Names of one pipeline sort by time, those of several do not.
    private void Prune(string newest)
    {
        FileInfo[] files = [.. new DirectoryInfo(folder).EnumerateFiles("*" + Ending).Where(f => f.FullName != newest).OrderByDescending(static f => f.LastWriteTimeUtc)];
        long bytes = new FileInfo(newest).Length;
        int count = 1;
        foreach (FileInfo file in files)
        {
            bytes += file.Length;
            count++;
            if (count > MostFiles || bytes > MostBytes) file.Delete();
        }
    }
}
