using System.Buffers.Binary;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Tells from a picture file's own structure whether its end is there. ImageSharp fills what a cut file lacks with black and says
/// nothing, and a prediction on it would be wrong without a word.
/// </summary>
internal static class PictureEnd
{
    private const int PngHeadBytes = 8;
    private const int BmpHeadBytes = 30;

    /// <summary>Whether the file is whole as far as its format says; formats that do not say count as whole.</summary>
    public static bool IsThere(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])) return HasPngEnd(file);
        if (file.StartsWith("GIF8"u8)) return file.Length > 13 && file.TrimEnd("\0\r\n"u8)[^1] == 0x3B;
        if (file.StartsWith("RIFF"u8)) return file.Length >= 12 && file.Length >= 8L + BinaryPrimitives.ReadUInt32LittleEndian(file[4..]);
        if (file.StartsWith("BM"u8)) return HasBmpRows(file);
        return true;
    }

    // The chunks are walked (W3C PNG, 5.3): a search for IEND could find it in compressed data.
    private static bool HasPngEnd(ReadOnlySpan<byte> file)
    {
        int at = PngHeadBytes;
        while (file.Length - at >= 12)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            if (length > file.Length - at - 12) return false;
            if (file.Slice(at + 4, 4).SequenceEqual("IEND"u8)) return true;
            at += 12 + (int)length;
        }

        return false;
    }

    // Uncompressed rows are padded to four bytes (BITMAPINFOHEADER); compressed ones end where they say, which the decoder checks.
    private static bool HasBmpRows(ReadOnlySpan<byte> file)
    {
        if (file.Length < BmpHeadBytes) return false;
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(file[10..]);
        bool isOldHeader = BinaryPrimitives.ReadUInt32LittleEndian(file[14..]) < 40;
        if (isOldHeader || file.Length < BmpHeadBytes + 4 || BinaryPrimitives.ReadUInt32LittleEndian(file[30..]) is not (0 or 3)) return file.Length > offset;
        long width = Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(file[18..]));
        long height = Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(file[22..]));
        long bits = BinaryPrimitives.ReadUInt16LittleEndian(file[28..]);
        return file.Length >= offset + (width * bits + 31) / 32 * 4 * height;
    }
}
