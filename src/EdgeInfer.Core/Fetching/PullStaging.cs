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

    private PullStaging(string folder, FileStream lockFile)
    {
        _folder = folder;
        _lock = lockFile;
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
            Directory.CreateDirectory(folder);
            Directory.SetLastWriteTimeUtc(folder, time.GetUtcNow().UtcDateTime);
            FileStream lockFile = Lock(folder, reference);
            ClearOld(root, folder, time.GetUtcNow().UtcDateTime - kept);
            return new PullStaging(folder, lockFile);
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
        if (Directory.GetFileSystemEntries(root).Length == 0) Directory.Delete(root);
    }

    /// <summary>Lets the next process at it, and leaves nothing where nothing has come.</summary>
    public void Dispose()
    {
        bool isEmpty = Directory.Exists(_folder) && !Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Any(f => f != _lock.Name);
        if (isEmpty) Clear();
        _lock.Dispose();
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
