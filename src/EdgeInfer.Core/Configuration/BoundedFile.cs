using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>Reads small files whole, and says in plain words why one cannot be read.</summary>
internal static class BoundedFile
{
    /// <summary>The whole content.</summary>
    /// <param name="path">A file; a pipe or device is read to its end.</param>
    /// <param name="limitBytes">The most it may hold.</param>
    /// <exception cref="InvalidDataException">It holds more.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a folder.</exception>
    public static byte[] Read(string path, int limitBytes)
    {
        // No length is asked for: /dev/stdin and files of /proc have none.
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
        using MemoryStream content = new();
        byte[] piece = new byte[16 << 10];
        while (file.Read(piece) is > 0 and int count)
        {
            content.Write(piece, 0, count);
            if (content.Length > limitBytes) throw new InvalidDataException($"{path} has more than {limitBytes} bytes");
        }

        return content.ToArray();
    }

    /// <summary>Whether an exception is one of those that <see cref="Read"/> is documented to throw.</summary>
    public static bool IsExpected(Exception e) => e is IOException or UnauthorizedAccessException or InvalidDataException;

    /// <summary>What went wrong in <see cref="Read"/>, without the words of .NET.</summary>
    public static (string What, string Cure) Explain(Exception e, string path, string cureIfAbsent) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => ($"there is no file {path}", cureIfAbsent),
        UnauthorizedAccessException when Directory.Exists(path) => ($"{path} is a folder", "name a file"),
        UnauthorizedAccessException => ($"{path} may not be read", "give the service's user the right to read it"),
        InvalidDataException => (e.Message, "is it the right file?"),
        _ => ($"{path} cannot be read: {e.Message}", ""),
    };

    /// <summary>The kind of fault that an exception of <see cref="Read"/> is.</summary>
    public static FaultKind KindOf(Exception e) => e switch
    {
        InvalidDataException => FaultKind.Data,
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException => FaultKind.NoInput,
        _ => FaultKind.InputOutput,
    };

    /// <summary>Whether users other than the owner and the group may read a file.</summary>
    public static bool IsReadableByAll(string path)
    {
        try
        {
            return !OperatingSystem.IsWindows() && File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherRead);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
