using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Durability;

/// <summary>Folders that survive a power cut.</summary>
public static class DurableFolder
{
    /// <summary>Makes a folder, and those around it, where they are missing, and syncs each name that was made.</summary>
    /// <exception cref="IOException">It is not there, or may not be durable; the message says which call failed.</exception>
    /// <exception cref="UnauthorizedAccessException">One of those around it may not be written.</exception>
    public static void Make(string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Directory.Exists(full)) return;
        string outer = Path.GetDirectoryName(full)!;
        Make(outer);
        Directory.CreateDirectory(full);
        PosixSync.Folder(outer);
    }
}
