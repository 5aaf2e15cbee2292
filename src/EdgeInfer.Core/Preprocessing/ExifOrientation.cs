using System.Buffers.Binary;

namespace EdgeInfer.Preprocessing;

/// <summary>Finds the orientation tag in an EXIF block (a TIFF structure, CIPA DC-008 section 4.6).</summary>
internal static class ExifOrientation
{
    private const int OrientationTag = 0x0112;
    private const int ShortType = 3;
    private const int LongType = 4;

    /// <summary>Reads the tag of the first directory.</summary>
    /// <param name="tiff">From the byte-order mark on.</param>
    /// <returns>1 to 8; 1 where there is none or the block is broken, as viewers do.</returns>
    public static int Read(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8) return 1;
        bool isBig = tiff[0] == 'M' && tiff[1] == 'M';
        if (!isBig && !(tiff[0] == 'I' && tiff[1] == 'I')) return 1;
        if (Short(tiff, 2, isBig) != 42) return 1;
        uint directory = Long(tiff, 4, isBig);
        if (directory > (uint)tiff.Length - 2) return 1;
        int at = (int)directory;
        int entries = Short(tiff, at, isBig);
        at += 2;
        for (int i = 0; i < entries && at + 12 <= tiff.Length; i++, at += 12)
        {
            if (Short(tiff, at, isBig) != OrientationTag) continue;
            uint value = Short(tiff, at + 2, isBig) switch
            {
                ShortType => Short(tiff, at + 8, isBig),
                LongType => Long(tiff, at + 8, isBig),
                _ => 1,
            };
            return value is >= 1 and <= 8 ? (int)value : 1;
        }

        return 1;
    }

    private static ushort Short(ReadOnlySpan<byte> data, int at, bool isBig)
        => isBig ? BinaryPrimitives.ReadUInt16BigEndian(data[at..]) : BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    private static uint Long(ReadOnlySpan<byte> data, int at, bool isBig)
        => isBig ? BinaryPrimitives.ReadUInt32BigEndian(data[at..]) : BinaryPrimitives.ReadUInt32LittleEndian(data[at..]);
}
