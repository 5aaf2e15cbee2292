using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Fetching;

/// <summary>
/// Where one reference's download is gathered: a hidden folder of the store, so that the finished model needs only a rename. It outlives
/// the process, so that the next pull goes on, and belongs to one process at a time.
/// </summary>
internal sealed class PullStaging : IDisposable
{
    /// <summary>Name of the hidden folder; no model may have it.</summary>
    public const string FolderName = ".pull";

    private const int KeyDigits = 16;

    private readonly string _folder;
    private readonly FileStream _lock;
    private readonly IReadOnlyList<string> _made;

    private PullStaging(string folder, FileStream lockFile, IReadOnlyList<string> made)
    {
        _folder = folder;
        _lock = lockFile;
        _made = made;
    }

    /// <summary>Makes or takes up the folder, and clears away what others left long ago.</summary>
    /// <param name="store">The store.</param>
    /// <param name="reference">What is pulled.</param>
    /// <param name="kept">How long others' parts are kept.</param>
    /// <param name="time">Says how old they are.</param>
    /// <exception cref="FaultException">The store may not be written, or another process pulls the same.</exception>
    public static PullStaging Open(string store, RemoteReference reference, TimeSpan kept, TimeProvider time)
    {
        string root = Path.Combine(Path.GetFullPath(store), FolderName);
        string identity = reference is HttpReference http ? http.Url.AbsoluteUri : reference.Display;
        string folder = Path.Combine(root, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..KeyDigits]);
        try
        {
            string[] made = [.. Missing(Path.GetDirectoryName(root)!)];
            Directory.CreateDirectory(folder);
            Directory.SetLastWriteTimeUtc(folder, time.GetUtcNow().UtcDateTime);
            FileStream lockFile = Lock(folder, reference);
            ClearOld(root, folder, time.GetUtcNow().UtcDateTime - kept);
            return new PullStaging(folder, lockFile, made);
        }
        catch (UnauthorizedAccessException e)
        {
            throw FaultException.Of(
                FaultKind.InputOutput, store, "the folder of models may not be written by this user", "run as root (sudo), or name another folder with --models-dir", e);
        }
        catch (IOException e)
        {
            throw PosixFile.IsFull(e)
                ? FreeSpace.Lacking(folder, 1, 0, e)
                : FaultException.Of(FaultKind.InputOutput, store, $"the folder of models cannot be written: {e.Message}", "check the disk, or name another folder with --models-dir", e);
        }
    }

    /// <summary>The folder that becomes the model's.</summary>
    public string ModelFolder(string name) => Path.Combine(_folder, "model", name);

    /// <summary>Where a file's bytes are gathered.</summary>
    public string Part(string file)
    {
        string parts = Path.Combine(_folder, "parts");
        Directory.CreateDirectory(parts);
        return Path.Combine(parts, file.Replace('/', '!') + ".part");
    }

    /// <summary>Removes all of it: it is installed, or good for nothing.</summary>
    public void Clear()
    {
        Directory.Delete(_folder, recursive: true);
        string root = Path.GetDirectoryName(_folder)!;
        try
        {
            foreach (string folder in (IEnumerable<string>)[root, .. _made])
            {
                if (Directory.GetFileSystemEntries(folder).Length > 0) return;
                Directory.Delete(folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another pull uses it by now, or it is not ours to remove: an empty folder does no harm.
        }
    }

    /// <summary>Lets the next process at it, and leaves nothing where nothing has come.</summary>
    public void Dispose()
    {
        using (_lock)
        {
            bool isEmpty = Directory.Exists(_folder) && !Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Any(f => f != _lock.Name);
            if (isEmpty) Clear();
        }
    }

    // The store, and the folders around it that are not there, inner ones first.
    private static IEnumerable<string> Missing(string store)
    {
        for (string? folder = store; folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder)) yield return folder;
    }

    private static FileStream Lock(string folder, RemoteReference reference)
    {
        try
        {
            return new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == PosixFile.WouldBlock)
        {
            throw FaultException.Of(FaultKind.Unavailable, reference.Display, "another process is pulling this model", "wait for it, or end it", e);
        }
    }

    private static void ClearOld(string root, string own, DateTime before)
    {
        foreach (string folder in Directory.GetDirectories(root))
            if (folder != own && Directory.GetLastWriteTimeUtc(folder) < before && !IsInUse(folder)) Directory.Delete(folder, recursive: true);
    }

    // A clock that has stepped by years makes old what another process is at.
    private static bool IsInUse(string folder)
    {
        try
        {
            using FileStream lockFile = new(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
