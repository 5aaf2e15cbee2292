namespace EdgeInfer.Sources.Children;

/// <summary>Tells films from pictures: by the name where it says so, else by how the file begins.</summary>
internal static class FilmFile
{
    private const int HeadBytes = 16;

    private static readonly string[] s_extensions =
    [
        ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".flv", ".wmv", ".3gp", ".ogv", ".mjpeg", ".mjpg",
        ".h264", ".264", ".h265", ".265", ".hevc", ".y4m",
    ];

    /// <summary>Whether a path or a glob names films; a folder is one of pictures.</summary>
    public static bool IsNamedBy(string pattern)
    {
        if (s_extensions.Contains(Path.GetExtension(pattern).ToLowerInvariant())) return !Directory.Exists(pattern);
        try
        {
            // Asked before opening: opening a named pipe would wait for a writer.
            if (new FileInfo(pattern) is not { Exists: true, Length: > 0 }) return false;
            using FileStream file = new(pattern, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            Span<byte> head = stackalloc byte[HeadBytes];
            return IsFilm(head[..file.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsFilm(ReadOnlySpan<byte> head)
        => (head.Length >= 12 && head[4..8].SequenceEqual("ftyp"u8) && !IsPicture(head[8..12]))
        || head.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3])
        || (head.StartsWith("RIFF"u8) && head.Length >= 12 && head[8..12].SequenceEqual("AVI "u8))
        || head.StartsWith((ReadOnlySpan<byte>)[0x00, 0x00, 0x01, 0xBA])
        || head.StartsWith("FLV\u0001"u8);

    // HEIF and AVIF begin as films do.
    private static bool IsPicture(ReadOnlySpan<byte> brand)
        => brand.SequenceEqual("avif"u8) || brand.SequenceEqual("heic"u8) || brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("heix"u8);
}
