using System.Buffers.Binary;

namespace EdgeInfer.Delivery.Store;

/// <summary>
/// Tells a write-ahead log that is damaged from one that a power cut has left unfinished. SQLite takes both up to the last group before
/// the bad place, and says nothing. But only one group can have been unfinished: where more were ended behind the bad place, they were
/// on the disk and are lost. (Format: https://www.sqlite.org/fileformat2.html, section 4.)
/// </summary>
internal static class StoreLog
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;
    private const uint Magic = 0x377f0682;
    // More than any log has; a foreign file must not delay a start.
    private const long MostBytes = 256L * 1024 * 1024;

    /// <summary>Whether groups that had been on the disk cannot be read any more. What is cut off at the end cannot be told.</summary>
    /// <exception cref="IOException">The log cannot be read.</exception>
    public static bool IsDamaged(string path)
    {
        if (new FileInfo(path) is not { Exists: true, Length: > HeaderBytes + FrameHeaderBytes } file) return false;
        using FileStream log = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 64 * 1024);
        Span<byte> header = stackalloc byte[HeaderBytes];
        log.ReadExactly(header);
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        int pageBytes = BinaryPrimitives.ReadInt32BigEndian(header[8..]);
        // It is synced before the first frame is written: frames behind a bad one are a loss.
        Checksum sum = new(IsBigEndian: (magic & 1) != 0, 0, 0);
        if ((magic & ~1u) != Magic || pageBytes != StoreSchema.PageBytes || !(sum = sum.Over(header[..24])).Is(header[24..])) return true;

        byte[] frame = new byte[FrameHeaderBytes + pageBytes];
        bool isGood = true;
        int groupsBehind = 0;
        for (long at = HeaderBytes; at + frame.Length <= Math.Min(file.Length, MostBytes); at += frame.Length)
        {
            log.ReadExactly(frame);
            ReadOnlySpan<byte> head = frame.AsSpan(0, FrameHeaderBytes);
            // Of an earlier round through the file: never again part of this one.
            bool isOfThisRound = head.Slice(8, 8).SequenceEqual(header.Slice(16, 8));
            if (isGood)
            {
                sum = sum.Over(head[..8]).Over(frame.AsSpan(FrameHeaderBytes));
                isGood = isOfThisRound && sum.Is(head[16..]);
            }

            bool endsGroup = BinaryPrimitives.ReadUInt32BigEndian(head[4..]) != 0;
            if (!isGood && isOfThisRound && endsGroup && ++groupsBehind > 1) return true;
        }

        return false;
    }

    private readonly record struct Checksum(bool IsBigEndian, uint First, uint Second)
    {
        public Checksum Over(ReadOnlySpan<byte> bytes)
        {
            (uint first, uint second) = (First, Second);
            for (int i = 0; i < bytes.Length; i += 8)
            {
                first += Word(bytes[i..]) + second;
                second += Word(bytes[(i + 4)..]) + first;
            }

            return this with { First = first, Second = second };
        }

        public bool Is(ReadOnlySpan<byte> stored)
            => BinaryPrimitives.ReadUInt32BigEndian(stored) == First && BinaryPrimitives.ReadUInt32BigEndian(stored[4..]) == Second;

        private uint Word(ReadOnlySpan<byte> bytes) => IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
