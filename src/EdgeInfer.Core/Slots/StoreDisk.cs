using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Durability.Interop;
using EdgeInfer.Posix.Interop;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Slots;

/// <summary>
/// The only place where the store changes the disk, one step at a time and without any tidying up behind a failure: what is left over is
/// found by the next try, as after a power cut.
/// </summary>
/// <param name="step">Is told each step before it is done; tests end the world there.</param>
/// <param name="link">Gives a file a second name, where that is possible; tests have file systems where it is not.</param>
/// <param name="read">Is told each file before all of it is read; tests have media that fail.</param>
internal sealed class StoreDisk(Action<string>? step = null, Func<string, string, bool>? link = null, Action<string>? read = null)
{
    /// <summary>For the owner alone.</summary>
    public const UnixFileMode FolderRights = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>For nobody to change.</summary>
    public const UnixFileMode FileRights = UnixFileMode.UserRead;

    // Of statx, whatever the file system's own are.
    private const int BlockBytes = 512;

    private const int TypeMask = 0xF000;
    private const int Plain = 0x8000;
    private const int Folder = 0x4000;
    private const int Link = 0xA000;

    /// <summary>Something is about to be done.</summary>
    public void Step(string what) => step?.Invoke(what);

    /// <summary>The size of a plain file, links not followed; null where there is none.</summary>
    public static long? Bytes(string path) => Look(path, out FileStatus.Facts facts) && (facts.Mode & TypeMask) == Plain ? (long)facts.Bytes : null;

    /// <summary>Bytes that a file takes on the disk, what is reserved for it included; 0 where there is none.</summary>
    public static long Allocated(string path) => Look(path, out FileStatus.Facts facts) ? (long)facts.Blocks * BlockBytes : 0;

    /// <summary>Names that a plain file has; 0 where there is none.</summary>
    public static uint Names(string path) => Look(path, out FileStatus.Facts facts) && (facts.Mode & TypeMask) == Plain ? facts.Links : 0;

    /// <summary>Whether a real folder is there, links not followed.</summary>
    public static bool IsFolder(string path) => Look(path, out FileStatus.Facts facts) && (facts.Mode & TypeMask) == Folder;

    /// <summary>Whether something is there that is neither a folder nor a link.</summary>
    public static bool IsNeitherFolderNorLink(string path) => Look(path, out FileStatus.Facts facts) && (facts.Mode & TypeMask) is not Folder and not Link;

    /// <summary>Whether anything is there, a link that leads nowhere included.</summary>
    public static bool IsThere(string path) => Look(path, out _);

    /// <summary>The owner of what is there; null where nothing is.</summary>
    public static uint? Owner(string path) => Look(path, out FileStatus.Facts facts) ? facts.User : null;

    /// <summary>The sha256 of a plain file, read in pieces; null where there is none, or where its medium does not give it any more.</summary>
    /// <exception cref="FaultException">The disk refused for another reason.</exception>
    public string? Hash(string path)
    {
        try
        {
            return StoreFaults.Guard(path, () =>
            {
                read?.Invoke(path);
                using SafeFileHandle? file = PosixFile.OpenRead(path);
                return file is null ? null : BlobStore.Hash(file);
            });
        }
        catch (FaultException e) when (StoreFaults.IsDamage(e))
        {
            return null;
        }
    }

    /// <summary>Makes a folder, and syncs its name; also of one that is there, since whoever made it may have died, or failed, before its sync.</summary>
    public void MakeFolder(string path)
    {
        if (IsFolder(path))
        {
            SyncFolder(Path.GetDirectoryName(path)!);
            return;
        }

        Step($"make {path}");
        DurableFolder.Make(path, FolderRights);
    }

    /// <summary>Makes a folder, and those around it, in one that is synced later as a whole, or never has to be.</summary>
    public void MakeInner(string path)
    {
        if (IsFolder(path)) return;
        // One by one: .NET gives the rights to the innermost alone.
        MakeInner(Path.GetDirectoryName(path)!);
        Step($"make {path}");
        Directory.CreateDirectory(path, FolderRights);
    }

    /// <summary>Replaces a checked file.</summary>
    public void WriteChecked(string path, ReadOnlySpan<byte> content)
    {
        Step($"write {path}");
        CheckedFile.Write(path, content);
    }

    /// <summary>Makes a file in a folder that is synced later as a whole.</summary>
    public void WriteInner(string path, ReadOnlySpan<byte> content)
    {
        Step($"write {path}");
        using SafeFileHandle file = PosixFile.OpenWrite(path, isNew: true);
        PosixSync.Write(file, content, 0, path);
        File.SetUnixFileMode(file, FileRights);
    }

    /// <summary>Gives a file a second name in a folder that is synced later as a whole.</summary>
    /// <returns>False where the file system does not allow it.</returns>
    public bool TryLink(string from, string to)
    {
        Step($"link {to}");
        return (link ?? DurableLink.TryMake)(from, to);
    }

    /// <summary>Copies a file into a folder that is synced later as a whole.</summary>
    public void CopyInner(string from, string to)
    {
        Step($"copy {to}");
        using SafeFileHandle source = PosixFile.OpenRead(from) ?? throw new FileNotFoundException($"{from} is gone", from);
        using SafeFileHandle file = PosixFile.OpenWrite(to, isNew: true);
        byte[] buffer = new byte[128 << 10];
        long at = 0;
        for (int read; (read = RandomAccess.Read(source, buffer, at)) > 0; at += read) PosixSync.Write(file, buffer.AsSpan(0, read), at, to);
        File.SetUnixFileMode(file, FileRights);
    }

    /// <summary>Moves a file or folder, and syncs both folders.</summary>
    public void Move(string from, string to)
    {
        Step($"move {from} to {to}");
        DurableMove.Between(from, to);
    }

    /// <summary>Lets a folder take a name, with all that is in it synced before and both names behind.</summary>
    /// <param name="staged">Where another folder had the name, that one lies here afterwards.</param>
    /// <param name="target">Its folder is there.</param>
    public void Place(string staged, string target)
    {
        Step($"sync {staged}");
        AtomicFolder.Sync(staged);
        Step($"place {target}");
        AtomicFolder.TakeName(staged, target);
        SyncFolder(Path.GetDirectoryName(target)!);
        // The new name first, as in a move. Where there is no journal, a check behind a power cut leaves what has two names one of them, whichever it is.
        SyncFolder(Path.GetDirectoryName(staged)!);
    }

    /// <summary>Syncs the names in a folder.</summary>
    public void SyncFolder(string path)
    {
        Step($"sync {path}");
        PosixSync.Folder(path);
    }

    /// <summary>Removes a name, if it is there. That it is gone lasts only once the folder is synced.</summary>
    public void RemoveFile(string path)
    {
        if (!IsThere(path)) return;
        Step($"remove {path}");
        File.Delete(path);
    }

    /// <summary>Removes a folder with all that is in it, links not followed; what a power cut brings back is removed by the next try.</summary>
    public void RemoveTree(string path)
    {
        if (!IsFolder(path))
        {
            RemoveFile(path);
            return;
        }

        foreach (string inner in Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal).ToArray()) RemoveTree(inner);
        Step($"remove {path}");
        Directory.Delete(path);
    }

    private static bool Look(string path, out FileStatus.Facts facts)
    {
        facts = default;
        return FileStatus.Ask(FileStatus.AtCurrentDirectory, path, FileStatus.OfTheLinkItself, FileStatus.Basic, ref facts) == 0;
    }
}
