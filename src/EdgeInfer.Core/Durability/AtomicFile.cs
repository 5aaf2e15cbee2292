using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Durability;

/// <summary>Replaces small files so that after a power cut the old or the new content is there, whole.</summary>
public static class AtomicFile
{
    /// <summary>Writes beside the file, syncs, renames over it, and syncs the folder.</summary>
    /// <exception cref="IOException">Nothing was replaced, or the replacement may not be durable; the message says which call failed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string temporary = path + ".new";
        try
        {
            using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(content);
                PosixSync.File(file.SafeFileHandle, temporary);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        PosixSync.Folder(folder);
    }
}
