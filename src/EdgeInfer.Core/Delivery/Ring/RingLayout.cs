using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeInfer.Delivery.Ring;

/// <summary>
/// Where everything lies in a ring, as docs/reliability.md describes it: two headers, of which the valid one of the higher generation
/// counts, 256 descriptors, and the arena. Little-endian.
/// </summary>
internal static class RingLayout
{
    public const int Slots = 256;
    public const int HeaderBytes = 4096;

    /// <summary>Where the second header begins.</summary>
    public const int SecondHeader = 2048;

    /// <summary>Where the counts of losses are: between the two headers.</summary>
    public const int LossesStart = 1024;

    /// <summary>Starts of the agent that losses are counted of.</summary>
    public const int LossCounts = 32;

    /// <summary>The most that is counted of one start.</summary>
    public const long MostLosses = (1 << 24) - 1;

    public const int DescriptorBytes = 80;

    /// <summary>Where the arena begins: a page boundary.</summary>
    public const int ArenaStart = HeaderBytes + (Slots * DescriptorBytes);

    /// <summary>Messages begin at multiples of this: a line of the processor's cache.</summary>
    public const int GranuleBytes = 64;

    public const int DefaultFileBytes = 2 << 20;
    public const uint Version = 1;

    /// <summary>The state of a free slot.</summary>
    public const uint Free = 0;

    /// <summary>The state of a used slot, "USED"; any other value is damage, and no single bit leads from here to free.</summary>
    public const uint Used = 0x44455355;

    /// <summary>The head of a header, before its checksum.</summary>
    public const int CheckedHeaderBytes = 64;

    /// <summary>"EIringv1".</summary>
    public static ReadOnlySpan<byte> Magic => "EIringv1"u8;

    /// <summary>CRC-32C (Castagnoli, RFC 3720): the processor has an instruction for it.</summary>
    /// <param name="crc">What came before; to begin with 0xFFFFFFFF. The result is inverted by <see cref="Finish"/>.</param>
    /// <param name="bytes">What to add.</param>
    public static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words) crc = BitOperations.Crc32C(crc, word);
        foreach (byte b in bytes[(words.Length * sizeof(ulong))..]) crc = BitOperations.Crc32C(crc, b);
        return crc;
    }

    /// <summary>A checksum's last step.</summary>
    public static uint Finish(uint crc) => ~crc;

    /// <summary>A count of losses in one word, which a kill leaves as it was or as it is: count and start in 24 bits each, 16 bits of a checksum.</summary>
    public static ulong PackLosses(long boot, long count)
    {
        ulong facts = (ulong)Math.Clamp(count, 0, MostLosses) | (((ulong)boot & 0xFFFFFF) << 24);
        return facts | ((ulong)BitOperations.Crc32C(uint.MaxValue, facts) << 48);
    }

    /// <summary>Reads it back; false where it is none.</summary>
    public static bool TryUnpackLosses(ulong word, out long boot, out long count)
    {
        (boot, count) = ((long)(word >> 24) & 0xFFFFFF, (long)word & MostLosses);
        return count > 0 && word == PackLosses(boot, count);
    }

    /// <summary>Writes one of the two headers.</summary>
    public static void WriteHeader(Span<byte> to, in RingHeader header, long fileBytes)
    {
        Magic.CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(to[12..], HeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(to[16..], Slots);
        BinaryPrimitives.WriteUInt32LittleEndian(to[20..], DescriptorBytes);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], fileBytes);
        header.Kernel.TryWriteBytes(to.Slice(32, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(to[48..], header.Boot);
        BinaryPrimitives.WriteInt64LittleEndian(to[56..], header.Generation);
        BinaryPrimitives.WriteUInt32LittleEndian(to[CheckedHeaderBytes..], Finish(Crc(uint.MaxValue, to[..CheckedHeaderBytes])));
    }

    /// <summary>Reads one of the two headers; false where it is not one of this layout.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> from, long fileBytes, out RingHeader header)
    {
        header = default;
        if (!from.StartsWith(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(from[CheckedHeaderBytes..]) != Finish(Crc(uint.MaxValue, from[..CheckedHeaderBytes]))) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(from[8..]) != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(from[12..]) != HeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(from[16..]) != Slots
            || BinaryPrimitives.ReadUInt32LittleEndian(from[20..]) != DescriptorBytes
            || BinaryPrimitives.ReadInt64LittleEndian(from[24..]) != fileBytes) return false;
        header = new(new(from.Slice(32, 16), bigEndian: true), BinaryPrimitives.ReadInt64LittleEndian(from[48..]), BinaryPrimitives.ReadInt64LittleEndian(from[56..]));
        return true;
    }
}

/// <summary>Who wrote a ring.</summary>
/// <param name="Kernel">The kernel's start.</param>
/// <param name="Boot">The agent's start.</param>
/// <param name="Generation">One more with each opening.</param>
internal readonly record struct RingHeader(Guid Kernel, long Boot, long Generation);

/// <summary>One slot's facts; the state is written last.</summary>
[StructLayout(LayoutKind.Explicit, Size = RingLayout.DescriptorBytes)]
internal struct RingDescriptor
{
    [FieldOffset(0)]
    public uint State;

    /// <summary>Of everything behind it, then label, then payload.</summary>
    [FieldOffset(4)]
    public uint Crc;

    [FieldOffset(8)]
    public long Order;

    [FieldOffset(16)]
    public long Boot;

    [FieldOffset(24)]
    public long Sequence;

    [FieldOffset(32)]
    public long MonotonicMilliseconds;

    [FieldOffset(40)]
    public long UtcMilliseconds;

    /// <summary>From the arena's start.</summary>
    [FieldOffset(48)]
    public int Offset;

    [FieldOffset(52)]
    public int LabelBytes;

    [FieldOffset(56)]
    public int PayloadBytes;

    /// <summary>1 where the wall clock was synced.</summary>
    [FieldOffset(60)]
    public uint IsSynced;

    // The kernel's start, 16 bytes in the order in which they are printed.
    [FieldOffset(64)]
    public ulong KernelHead;

    [FieldOffset(72)]
    public ulong KernelTail;
}
