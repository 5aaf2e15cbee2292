using EdgeInfer.Durability.Interop;
using EdgeInfer.Posix;
using Microsoft.Win32.SafeHandles;

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
            Clear(temporary);
            using (SafeFileHandle file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                PosixSync.Write(file, content, 0, temporary);
                PosixSync.File(file, temporary);
            }

            PosixRename.Rename(temporary, path);
        }
        catch
        {
            TryDelete(temporary);
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
            Clear(temporary);
            using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                write(file);
                PosixSync.File(file.SafeFileHandle, temporary);
            }

            verify(temporary);
            PosixRename.Rename(temporary, path);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }

        PosixSync.Folder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    // Opening a pipe waits for whoever reads it, and writing through a link changes another file. A folder refuses by itself.
    private static void Clear(string temporary)
    {
        if (!IsOther(temporary)) return;
        string outcome = DurableMove.SetAside(temporary);
        if (IsOther(temporary)) throw new IOException($"{temporary} is no plain file: {outcome}");

        static bool IsOther(string path) => !Directory.Exists(path) && FileKind.OtherThanFile(path, followsLinks: false) is not null;
    }

    // What made the write fail may refuse this too (a file system that has become read-only), and is the word that matters.
    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next write begins it anew.
        }
    }
}
