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

        PosixSync.Folder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>As the other, for what is too large to be held: whatever <paramref name="write"/> throws leaves nothing behind.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="verify">Called with the name of the finished copy before it takes the file's; throws to refuse it.</param>
    /// <exception cref="IOException">Nothing was replaced, or the replacement may not be durable; the message says which call failed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static void Write(string path, Action<Stream> write, Action<string> verify)
    {
        string temporary = path + ".new";
        try
        {
            using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                write(file);
                PosixSync.File(file.SafeFileHandle, temporary);
            }

            verify(temporary);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        PosixSync.Folder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
