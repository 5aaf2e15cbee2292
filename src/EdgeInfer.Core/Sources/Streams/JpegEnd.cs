namespace EdgeInfer.Sources.Streams;

/// <summary>Finds where a JPEG ends, for parts that do not say their length.</summary>
internal static class JpegEnd
{
    private const byte EndOfImage = 0xD9;

    /// <summary>Whether the bytes are one whole JPEG, with nothing but line breaks behind it.</summary>
    /// <param name="bytes">From the picture's first byte to the last one that has arrived.</param>
    /// <param name="length">Its length.</param>
    public static bool TryFind(ReadOnlySpan<byte> bytes, out int length)
    {
        // Cheap first: nearly all calls end here. A thumbnail's end in a header can look the same, so then the segments are walked.
        length = bytes.TrimEnd("\r\n"u8).Length;
        if (length < 4 || bytes[length - 2] != 0xFF || bytes[length - 1] != EndOfImage) return false;
        JpegScan scan = default;
        return scan.Advance(bytes[..length]) == JpegProgress.Whole && scan.End == length;
    }
}
