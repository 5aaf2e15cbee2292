using EdgeInfer.Signals;

namespace EdgeInfer.Sources;

/// <summary>Tells what kind of picture some bytes are from the bytes themselves; names and content types lie.</summary>
internal static class PictureContent
{
    private static ReadOnlySpan<byte> PngStart => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The format of a whole picture file, or <see cref="PixelFormat.None"/> where it is none that can be decoded.</summary>
    public static PixelFormat Recognise(ReadOnlySpan<byte> bytes)
    {
        if (JpegStart.IsAtHead(bytes)) return PixelFormat.Jpeg;
        if (IsOtherPicture(bytes)) return PixelFormat.PictureFile;
        return JpegStart.Find(bytes) >= 0 ? PixelFormat.Jpeg : PixelFormat.None;
    }

    private static bool IsOtherPicture(ReadOnlySpan<byte> bytes)
        => bytes.StartsWith(PngStart)
        || bytes.StartsWith("GIF87a"u8)
        || bytes.StartsWith("GIF89a"u8)
        || (bytes.StartsWith("RIFF"u8) && bytes.Length >= 12 && bytes[8..12].SequenceEqual("WEBP"u8))
        || (bytes.StartsWith("BM"u8) && bytes.Length >= 18);
}
