using System.Buffers.Binary;

namespace EdgeInfer.Sources.Streams;

/// <summary>Finds where a JPEG ends, for parts that do not say their length.</summary>
internal static class JpegEnd
{
    private const byte EndOfImage = 0xD9;
    private const byte StartOfScan = 0xDA;

    /// <summary>Whether the bytes are one whole JPEG, with nothing but line breaks behind it.</summary>
    /// <param name="bytes">From the picture's first byte to the last one that has arrived.</param>
    /// <param name="length">Its length.</param>
    public static bool TryFind(ReadOnlySpan<byte> bytes, out int length)
    {
        // Cheap first: nearly all calls end here. A thumbnail's end in a header can look the same, so then the segments are walked.
        length = bytes.TrimEnd("\r\n"u8).Length;
        return length >= 4 && bytes[length - 2] == 0xFF && bytes[length - 1] == EndOfImage && Walk(bytes[..length]) == length;
    }

    /// <summary>The index behind the end marker, or -1 where there is none.</summary>
    private static int Walk(ReadOnlySpan<byte> bytes)
    {
        int at = 2;
        while (at + 2 <= bytes.Length)
        {
            if (bytes[at] != 0xFF) return -1;
            byte marker = bytes[at + 1];
            if (marker == EndOfImage) return at + 2;
            if (marker == 0xFF)
            {
                at++;
                continue;
            }

            if (at + 4 > bytes.Length) return -1;
            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
            if (marker == StartOfScan) at = SkipScan(bytes, at);
        }

        return -1;
    }

    /// <summary>Passes over entropy-coded bytes, in which 0xFF is followed by 0 or a restart marker.</summary>
    private static int SkipScan(ReadOnlySpan<byte> bytes, int at)
    {
        while (at < bytes.Length)
        {
            int found = bytes[at..].IndexOf((byte)0xFF);
            if (found < 0 || at + found + 1 >= bytes.Length) return bytes.Length;
            at += found;
            if (bytes[at + 1] is not (0 or (>= 0xD0 and <= 0xD7))) return at;
            at += 2;
        }

        return bytes.Length;
    }
}
