using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Durability;

/// <summary>Puts a folder of files in place so that after a power cut the old or the new one is there, whole.</summary>
public static class AtomicFolder
{
    /// <summary>Copies files beside the target, syncs them, swaps the folder with the target, and syncs the names.</summary>
    /// <param name="target">The folder to make or replace; its parent is made where absent.</param>
    /// <param name="files">Relative name (with <c>/</c>) and source of each file.</param>
    /// <param name="verify">Called with the finished copy before it takes the target's name; throws to refuse it.</param>
    /// <exception cref="IOException">The target is as it was, or the replacement may not be durable; the message says which call failed.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read, or the parent not written.</exception>
    /// <remarks>On a file system without exchange, an existing target has no name for a moment between two renames.</remarks>
    public static void Replace(string target, IEnumerable<(string Name, string Source)> files, Action<string> verify)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        string parent = Path.GetDirectoryName(full)!;
        string staging = Path.Combine(parent, $".{Path.GetFileName(full)}.new");
        DurableFolder.Make(parent);
        // What a power cut left behind.
        if (Directory.Exists(staging)) Directory.Delete(staging, recursive: true);
        try
        {
            Directory.CreateDirectory(staging);
            foreach ((string name, string source) in files) Copy(source, Path.Combine(staging, name));
            SyncFolders(staging);
            verify(staging);
            TakeName(staging, full);
        }
        catch
        {
            if (Directory.Exists(staging)) Directory.Delete(staging, recursive: true);
            throw;
        }

        PosixSync.Folder(parent);
        // After an exchange the old folder has the staging name.
        if (Directory.Exists(staging)) Directory.Delete(staging, recursive: true);
    }

    /// <summary>Syncs a folder that is complete already and lies on the target's file system, and lets it take the target's name.</summary>
    /// <param name="target">The folder to make or replace; its parent is made where absent.</param>
    /// <param name="folder">Gone afterwards.</param>
    /// <exception cref="IOException">The target is as it was, or the replacement may not be durable; the message says which call failed.</exception>
    /// <exception cref="UnauthorizedAccessException">The parent may not be written.</exception>
    /// <remarks>On a file system without exchange, an existing target has no name for a moment between two renames.</remarks>
    public static void Adopt(string target, string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        string staged = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string parent = Path.GetDirectoryName(full)!;
        DurableFolder.Make(parent);
        Sync(staged);
        TakeName(staged, full);
        PosixSync.Folder(parent);
        // After an exchange the old folder has the staged name.
        if (Directory.Exists(staged)) Directory.Delete(staged, recursive: true);
    }

    /// <summary>Syncs every file and every name of a folder.</summary>
    /// <exception cref="IOException">It may not be durable; the message says which call failed.</exception>
    internal static void Sync(string folder)
    {
        SyncFiles(folder);
        SyncFolders(folder);
    }

    /// <summary>Lets a synced folder take a name; where the name was taken, that folder has the staging name afterwards, or is gone.</summary>
    /// <exception cref="IOException">The kernel refused; the message names the errno.</exception>
    internal static void TakeName(string staging, string target)
    {
        if (!Directory.Exists(target))
        {
            PosixRename.Rename(staging, target);
            return;
        }

        if (PosixRename.TryExchange(staging, target)) return;
        string old = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.old");
        if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
        PosixRename.Rename(target, old);
        PosixRename.Rename(staging, target);
        Directory.Delete(old, recursive: true);
    }

    private static void Copy(string source, string destination)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        using FileStream from = new(source, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        using FileStream to = new(destination, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        from.CopyTo(to);
        PosixSync.File(to.SafeFileHandle, destination);
    }

    private static void SyncFiles(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            PosixSync.File(file.SafeFileHandle, path);
        }
    }

    private static void SyncFolders(string folder)
    {
        foreach (string inner in Directory.EnumerateDirectories(folder)) SyncFolders(inner);
        PosixSync.Folder(folder);
    }
}
