using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Durability;

/// <summary>Names that survive a power cut.</summary>
public static class DurableMove
{
    /// <summary>Gives a file, folder or whatever it is another name in the same folder, over a file that has it, and syncs the folder.</summary>
    /// <param name="from">The name it has.</param>
    /// <param name="to">The name it gets.</param>
    /// <exception cref="IOException">Nothing was renamed, or the new name may not be durable; the message says which call failed.</exception>
    public static void Rename(string from, string to)
    {
        PosixRename.Rename(from, to);
        PosixSync.Folder(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }
}
