using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Durability;

/// <summary>Folders that survive a power cut.</summary>
public static class DurableFolder
{
    /// <summary>Makes a folder, and those around it, where they are missing, and syncs each name that was made.</summary>
    /// <exception cref="IOException">It is not there, or may not be durable; the message says which call failed.</exception>
    /// <exception cref="UnauthorizedAccessException">One of those around it may not be written.</exception>
    public static void Make(string folder) => Make(folder, null);

    /// <summary>As the other, with the rights of what is made; the process's mask takes from them.</summary>
    /// <exception cref="IOException">It is not there, or may not be durable; the message says which call failed.</exception>
    /// <exception cref="UnauthorizedAccessException">One of those around it may not be written.</exception>
    internal static void Make(string folder, UnixFileMode? rights)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Directory.Exists(full)) return;
        string outer = Path.GetDirectoryName(full)!;
        Make(outer, rights);
        if (rights is { } mode) Directory.CreateDirectory(full, mode);
        else Directory.CreateDirectory(full);
        PosixSync.Folder(outer);
    }
}
