using EdgeInfer.Signals;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Sources.Files;

/// <summary>What was read of a file.</summary>
/// <param name="Format">What kind of picture it is; none where it is no picture or too large.</param>
/// <param name="LengthBytes">How much is in the frame; 0 where the file is too large.</param>
/// <param name="FileBytes">How large the file is.</param>
internal readonly record struct PictureReading(PixelFormat Format, int LengthBytes, long FileBytes)
{
    /// <summary>Whether the file has more than <see cref="PictureFile.LimitBytes"/>.</summary>
    public bool IsTooLarge => FileBytes > PictureFile.LimitBytes;
}

/// <summary>Reads picture files into frames.</summary>
internal static class PictureFile
{
    /// <summary>The largest file that is read.</summary>
    public const int LimitBytes = 64 << 20;

    /// <summary>Reads a whole file into a frame and tells what it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pool">The frame's pool, made for <see cref="LimitBytes"/>.</param>
    /// <param name="frame">Rented; it stays the caller's.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static PictureReading Read(string path, FramePool pool, Frame frame)
    {
        // Asked before opening: opening a named pipe would wait for a writer.
        if (new FileInfo(path) is { Exists: true, Length: 0 }) return new(PixelFormat.None, 0, 0);
        using SafeFileHandle handle = File.OpenHandle(path);
        long size = RandomAccess.GetLength(handle);
        if (size > LimitBytes) return new(PixelFormat.None, 0, size);
        Span<byte> memory = pool.Memory(frame, (int)size)[..(int)size];
        int length = 0;
        while (length < memory.Length)
        {
            int read = RandomAccess.Read(handle, memory[length..], length);
            if (read == 0) break;
            length += read;
        }

        return new(PictureContent.Recognise(memory[..length]), length, size);
    }
}
