using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace EdgeInfer.Delivery.Ring;

/// <summary>
/// Where things lie in a ring's bytes (little-endian): a header of one page, 256 descriptors of 64 bytes, then the messages. A message
/// is there exactly when its descriptor's first word says so and its checksum is right.
/// </summary>
internal static class RingLayout
{
    /// <summary>Messages.</summary>
    public const int Slots = 256;

    /// <summary>Bytes of the whole.</summary>
    public const int FileBytes = 2 * 1024 * 1024;

    /// <summary>Where the descriptors begin.</summary>
    public const int Descriptors = 4096;

    /// <summary>Bytes of a descriptor.</summary>
    public const int DescriptorBytes = 64;

    /// <summary>Where the messages begin.</summary>
    public const int Arena = Descriptors + Slots * DescriptorBytes;

    /// <summary>Bytes for messages.</summary>
    public const int ArenaBytes = FileBytes - Arena;

    /// <summary>First word of a descriptor in use.</summary>
    public const uint Used = 0x4556494C;

    /// <summary>Bytes of the kernel's start before each message.</summary>
    public const int KernelBytes = 16;

    private const int HeaderBytes = 64;

    private static ReadOnlySpan<byte> Magic => "EIRING01"u8;

    /// <summary>Writes the header.</summary>
    public static void WriteHeader(Span<byte> ring, Guid kernel, long boot)
    {
        Span<byte> header = ring[..HeaderBytes];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Slots);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], DescriptorBytes);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], FileBytes);
        kernel.TryWriteBytes(header[24..]);
        BinaryPrimitives.WriteInt64LittleEndian(header[40..], boot);
        BinaryPrimitives.WriteUInt32LittleEndian(header[48..], Checksum(header[..48], default, default));
    }

    /// <summary>Reads the header; false where it is none of this layout.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> ring, out Guid kernel, out long boot)
    {
        kernel = default;
        boot = 0;
        if (ring.Length != FileBytes) return false;
        ReadOnlySpan<byte> header = ring[..HeaderBytes];
        if (!header.StartsWith(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(header[48..]) != Checksum(header[..48], default, default)) return false;
        if (BinaryPrimitives.ReadInt32LittleEndian(header[8..]) != Slots || BinaryPrimitives.ReadInt32LittleEndian(header[12..]) != DescriptorBytes
            || BinaryPrimitives.ReadInt64LittleEndian(header[16..]) != FileBytes) return false;
        kernel = new(header[24..40]);
        boot = BinaryPrimitives.ReadInt64LittleEndian(header[40..]);
        return true;
    }

    /// <summary>CRC-32C over some pieces, eight bytes at a time (the rest of a piece byte by byte).</summary>
    public static uint Checksum(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        uint crc = Add(~0u, first);
        crc = Add(crc, second);
        return ~Add(crc, third);
    }

    /// <summary>A stream as it lies before each of its messages: class, then name, topic and history topic with their lengths.</summary>
    public static byte[] Encode(StreamFacts facts)
    {
        byte[][] texts = [Encoding.UTF8.GetBytes(facts.Name), Encoding.UTF8.GetBytes(facts.Topic), Encoding.UTF8.GetBytes(facts.HistoryTopic)];
        byte[] label = new byte[1 + texts.Sum(static t => 2 + t.Length)];
        label[0] = (byte)facts.Class;
        int at = 1;
        foreach (byte[] text in texts)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(label.AsSpan(at), checked((ushort)text.Length));
            text.CopyTo(label.AsSpan(at + 2));
            at += 2 + text.Length;
        }

        return label;
    }

    /// <summary>Reads what <see cref="Encode"/> has written; null where it is none.</summary>
    public static StreamFacts? Decode(ReadOnlySpan<byte> label)
    {
        if (label.Length < 7 || label[0] > (byte)DeliveryClass.Update) return null;
        string[] texts = new string[3];
        int at = 1;
        for (int i = 0; i < texts.Length; i++)
        {
            if (label.Length < at + 2) return null;
            int length = BinaryPrimitives.ReadUInt16LittleEndian(label[at..]);
            if (label.Length < at + 2 + length) return null;
            texts[i] = Encoding.UTF8.GetString(label.Slice(at + 2, length));
            at += 2 + length;
        }

        return at == label.Length && IsTopic(texts[1]) && IsTopic(texts[2]) ? new(texts[0], texts[1], texts[2], (DeliveryClass)label[0]) : null;
    }

    private static bool IsTopic(string topic) => topic.Length > 0 && !topic.AsSpan().ContainsAny('+', '#', '\0');

    private static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words) crc = BitOperations.Crc32C(crc, word);
        foreach (byte b in bytes[(words.Length * 8)..]) crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}

/// <summary>What is known of a message beside its bytes, as it lies in the ring.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal struct RingDescriptor
{
    /// <summary><see cref="RingLayout.Used"/>, or the slot is free; written last.</summary>
    public uint State;

    /// <summary>Over all that follows and the message's bytes.</summary>
    public uint Checksum;

    /// <summary>Counts messages, in the order in which they were accepted.</summary>
    public long Order;
    public long Boot;
    public long Sequence;
    public long MonotonicMilliseconds;
    public long UtcMilliseconds;

    /// <summary>Where its bytes begin, from the start of the arena: kernel's start, stream, payload.</summary>
    public int Offset;
    public ushort LabelBytes;

    /// <summary>1: the clock was synced; 2: durable.</summary>
    public ushort Flags;
    public int PayloadBytes;
    private int _unused;

    /// <summary>Bytes in the arena.</summary>
    public readonly long DataBytes => RingLayout.KernelBytes + (long)LabelBytes + PayloadBytes;
}
