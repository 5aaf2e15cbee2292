using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability.Interop;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Slots;

/// <summary>What is under a digest.</summary>
internal enum BlobState
{
    /// <summary>Nothing.</summary>
    Absent,

    /// <summary>The very bytes.</summary>
    Whole,

    /// <summary>Other bytes, none that can be read, or no plain file.</summary>
    Damaged,
}

/// <summary>
/// Fetched files, each under its digest. Nothing has such a name before its bytes have been read back from the disk and found right, and
/// nothing writes to it afterwards; generations are further names of the same files.
/// </summary>
internal sealed class BlobStore
{
    private const int ChunkBytes = 128 << 10;

    private readonly StoreFolders _folders;
    private readonly StoreDisk _disk;
    private readonly StoreLimits _limits;
    private readonly TimeProvider _time;

    internal BlobStore(StoreFolders folders, StoreDisk disk, StoreLimits limits, TimeProvider time)
    {
        _time = time;
        _folders = folders;
        _disk = disk;
        _limits = limits;
    }

    /// <summary>Whether a file of this size is there; its bytes are not looked at.</summary>
    /// <exception cref="UpdateException">Digest: the text is none.</exception>
    public bool Has(string sha256, long bytes) => StoreDisk.Bytes(_folders.Blob(sha256)) == bytes;

    /// <summary>Where a file lies, or would lie.</summary>
    /// <exception cref="UpdateException">Digest: the text is none.</exception>
    public string PathOf(string sha256) => _folders.Blob(sha256);

    /// <summary>Every digest there is, in order.</summary>
    public IReadOnlyList<string> List() => StoreFaults.Guard(_folders.Blobs, () =>
        (IReadOnlyList<string>)[.. Directory.EnumerateFileSystemEntries(_folders.Blobs).Select(static p => Path.GetFileName(p)).Where(BlobName.IsValid).Order(StringComparer.Ordinal)]);

    /// <summary>Reads all bytes of a file.</summary>
    /// <exception cref="FaultException">The disk refused: nobody knows.</exception>
    public BlobState Check(string sha256, long bytes)
    {
        string path = _folders.Blob(sha256);
        if (!StoreDisk.IsThere(path)) return BlobState.Absent;
        return StoreDisk.Bytes(path) == bytes && _disk.Hash(path) == sha256 ? BlobState.Whole : BlobState.Damaged;
    }

    /// <summary>What of a release is to be fetched. All bytes of the rest have been read; a damaged file is out of the way.</summary>
    /// <param name="files">The files of the release.</param>
    /// <returns>One file per digest.</returns>
    public IReadOnlyList<StoredFile> Lacking(IEnumerable<StoredFile> files)
    {
        List<StoredFile> lacking = [];
        foreach (StoredFile file in files.DistinctBy(static f => f.Sha256))
        {
            BlobState state = Check(file.Sha256, file.Bytes);
            if (state == BlobState.Whole) continue;
            if (state == BlobState.Damaged) Quarantine(file.Sha256);
            lacking.Add(file);
        }

        return lacking;
    }

    /// <summary>
    /// Takes a damaged file out of the way, over an earlier one of the same name; it can be fetched again. Others make room for it, and one that
    /// is too large by itself does not stay.
    /// </summary>
    /// <returns>Where it is now, or was.</returns>
    public string Quarantine(string sha256)
    {
        string path = _folders.Blob(sha256), aside = Path.Combine(_folders.Quarantine, sha256);
        StoreFaults.Guard(path, () =>
        {
            // A folder cannot take a file's place, nor the other way about.
            _disk.RemoveTree(aside);
            _disk.Move(path, aside);
            Date(aside);
            BoundQuarantine(aside);
        });
        return aside;
    }

    // How long it has lain there counts, not how long ago it came.
    private void Date(string aside)
    {
        try
        {
            File.SetLastWriteTimeUtc(aside, _time.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It goes sooner then.
        }
    }

    private void BoundQuarantine(string newest)
    {
        long left = _limits.QuarantineBytes;
        foreach (string path in Directory.EnumerateFileSystemEntries(_folders.Quarantine).OrderByDescending(p => p == newest).ThenByDescending(File.GetLastWriteTimeUtc).ThenBy(static p => p, StringComparer.Ordinal).ToArray())
        {
            left -= StoreDisk.Bytes(path) ?? 0;
            if (left < 0) _disk.RemoveTree(path);
        }
    }

    /// <summary>Begins to gather a file, or goes on with what an earlier attempt left. Room for all of it is there when this returns.</summary>
    /// <param name="sha256">What its bytes must hash to.</param>
    /// <param name="bytes">Its size.</param>
    /// <exception cref="UpdateException">Digest: the text is none. Space: no room on the disk, or within the store's bound.</exception>
    /// <exception cref="FaultException">The disk refused, or the file is being gathered already.</exception>
    public PartialBlob OpenPartial(string sha256, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        string path = _folders.Part(sha256);
        CheckBound(sha256, bytes);
        return StoreFaults.Guard(path, () =>
        {
            // A second name of something: cutting it would cut that. A move whose end a power cut has taken away may leave one.
            if (StoreDisk.IsThere(path) && StoreDisk.Names(path) != 1) _disk.RemoveTree(path);
            return PartialBlob.Open(_folders, _disk, sha256, bytes);
        });
    }

    /// <summary>Takes a file of this device into the store.</summary>
    /// <param name="sha256">What its bytes must hash to.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="source">The file; it stays.</param>
    /// <exception cref="UpdateException">Digest or Size: it is another file. Space: no room.</exception>
    /// <exception cref="FaultException">It cannot be read, or the disk refused.</exception>
    public void Import(string sha256, long bytes, string source)
    {
        if (Check(sha256, bytes) == BlobState.Whole) return;
        using PartialBlob part = OpenPartial(sha256, bytes);
        part.Restart("");
        using SafeFileHandle file = StoreFaults.Guard(source, () => PosixFile.OpenRead(source))
            ?? throw FaultException.Of(FaultKind.NoInput, source, "there is no such file", "give a folder that holds all files of the release");
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            while (true)
            {
                int read = StoreFaults.Guard(source, () => RandomAccess.Read(file, buffer, part.Length));
                if (read == 0) break;
                part.Append(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        part.Complete();
    }

    internal static string Hash(SafeFileHandle file)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        long at = 0;
        for (int read; (read = RandomAccess.Read(file, buffer, at)) > 0; at += read) hash.AppendData(buffer, 0, read);
        ArrayPool<byte>.Shared.Return(buffer);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // What is half here counts with all of it only once: its room is taken.
    private void CheckBound(string sha256, long bytes)
    {
        if (Has(sha256, bytes)) return;
        string own = sha256 + ".part";
        long have = StoreFaults.Guard(_folders.Blobs, () => Sum(_folders.Blobs, static _ => true) + Sum(_folders.Staging, name => name.EndsWith(".part", StringComparison.Ordinal) && name != own));
        if (bytes <= _limits.StoreBytes - have) return;
        throw UpdateException.Of(
            UpdateCode.Space, _folders.State,
            string.Create(CultureInfo.InvariantCulture, $"the store of models may take {_limits.StoreBytes} bytes: {bytes} more are needed and {Math.Max(0, _limits.StoreBytes - have)} are left of them"),
            "allow it more, or publish smaller models: older ones make room by themselves once nothing names them");
    }

    private static long Sum(string folder, Func<string, bool> isMeant)
        => Directory.EnumerateFiles(folder).Where(p => isMeant(Path.GetFileName(p))).Sum(static p => StoreDisk.Bytes(p) ?? 0);
}
