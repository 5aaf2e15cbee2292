using System.Globalization;
using System.Text;

namespace EdgeInfer.Recording;

/// <summary>The header of a file in a tar archive, as POSIX.1-1988 (ustar) has it: names up to 100 bytes, sizes up to 8 GiB, plain files alone.</summary>
internal static class TarHeader
{
    /// <summary>Everything in an archive comes in blocks of so many bytes.</summary>
    public const int BlockBytes = 512;

    private const int ChecksumAt = 148;
    private const int ChecksumBytes = 8;

    /// <summary>A file's bytes rounded up to whole blocks.</summary>
    public static long Padded(long bytes) => (bytes + BlockBytes - 1) / BlockBytes * BlockBytes;

    /// <summary>Writes the header of a file.</summary>
    public static void Write(Span<byte> block, string name, long bytes, DateTimeOffset modified)
    {
        block.Clear();
        Encoding.ASCII.GetBytes(name, block);
        Octal(block[100..], 7, 0b110_100_100);
        Octal(block[108..], 7, 0);
        Octal(block[116..], 7, 0);
        Octal(block[124..], 11, bytes);
        Octal(block[136..], 11, Math.Max(0, modified.ToUnixTimeSeconds()));
        block[156] = (byte)'0';
        "ustar\0"u8.CopyTo(block[257..]);
        "00"u8.CopyTo(block[263..]);
        Octal(block[ChecksumAt..], 6, Checksum(block));
        block[ChecksumAt + 7] = (byte)' ';
    }

    /// <summary>Reads a header.</summary>
    /// <returns>False where it is none, or that of neither a plain file nor a folder.</returns>
    public static bool TryRead(ReadOnlySpan<byte> block, out string name, out long bytes, out bool isFolder)
    {
        name = "";
        bytes = 0;
        isFolder = block[156] == (byte)'5';
        if (!block[257..].StartsWith("ustar"u8) || block[156] is not ((byte)'0' or (byte)'5' or 0)) return false;
        if (!TryOctal(block.Slice(ChecksumAt, ChecksumBytes), out long sum) || sum != Checksum(block) || !TryOctal(block.Slice(124, 12), out bytes)) return false;
        name = Text(block[..100]);
        string prefix = Text(block.Slice(345, 155));
        if (prefix.Length > 0) name = $"{prefix}/{name}";
        return true;
    }

    // The sum of all bytes, with the checksum's own taken as spaces.
    private static int Checksum(ReadOnlySpan<byte> block)
    {
        int sum = ChecksumBytes * ' ';
        for (int i = 0; i < BlockBytes; i++)
            if (i is < ChecksumAt or >= ChecksumAt + ChecksumBytes) sum += block[i];
        return sum;
    }

    private static void Octal(Span<byte> to, int digits, long value)
    {
        for (int i = digits - 1; i >= 0; i--)
        {
            to[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }
    }

    private static bool TryOctal(ReadOnlySpan<byte> from, out long value)
    {
        value = 0;
        string text = Text(from).Trim();
        if (text.Length is 0 or > 12) return false;
        foreach (char digit in text)
        {
            if (digit is < '0' or > '7') return false;
            value = value << 3 | (uint)(digit - '0');
        }

        return true;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? field : field[..end]);
    }

    /// <summary>The name of a frame's file.</summary>
    /// <param name="number">From 1.</param>
    /// <param name="ending">Without the point.</param>
    public static string FrameName(int number, string ending) => string.Create(CultureInfo.InvariantCulture, $"frames/{number:000000}.{ending}");
}
