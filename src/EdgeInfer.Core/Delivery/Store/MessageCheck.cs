using System.Buffers.Binary;
using System.Numerics;

namespace EdgeInfer.Delivery.Store;

/// <summary>CRC-32C (Castagnoli) over a message and its number: flash that forgets must not speak for a camera.</summary>
internal static class MessageCheck
{
    /// <summary>Over payload, start and number in the stream, each number as 8 bytes, little-endian.</summary>
    public static uint Of(long boot, long sequence, ReadOnlySpan<byte> payload)
    {
        uint crc = uint.MaxValue;
        for (; payload.Length >= sizeof(ulong); payload = payload[sizeof(ulong)..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(payload));
        foreach (byte rest in payload) crc = BitOperations.Crc32C(crc, rest);
        crc = BitOperations.Crc32C(crc, (ulong)boot);
        return ~BitOperations.Crc32C(crc, (ulong)sequence);
    }
}
