using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace EdgeInfer.Delivery;

/// <summary>A stream as the ring keeps it beside each message: encoded once.</summary>
internal sealed class StreamLabel
{
    private const int HeadBytes = 8;
    private const int MostTextBytes = ushort.MaxValue;

    private readonly byte[] _encoded;

    /// <summary>Encodes the facts.</summary>
    /// <exception cref="ArgumentException">A name or topic has more than 65535 bytes, which no topic can have.</exception>
    public StreamLabel(StreamFacts facts, bool isDurable)
    {
        Facts = facts;
        IsDurable = isDurable;
        _encoded = Encode(facts, isDurable);
    }

    /// <summary>The stream.</summary>
    public StreamFacts Facts { get; }

    /// <summary>Whether its messages are on disk before they are sent.</summary>
    public bool IsDurable { get; }

    /// <summary>All of it as bytes: class, durable, lengths of name, topic and history topic (16 bits each, little-endian), then these three in UTF-8.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded;

    /// <summary>Reads the bytes back; false where they are none.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out StreamLabel? label)
    {
        label = null;
        if (encoded.Length < HeadBytes || encoded[0] > (byte)DeliveryClass.Update || encoded[1] > 1) return false;
        int name = BinaryPrimitives.ReadUInt16LittleEndian(encoded[2..]);
        int topic = BinaryPrimitives.ReadUInt16LittleEndian(encoded[4..]);
        int history = BinaryPrimitives.ReadUInt16LittleEndian(encoded[6..]);
        if (encoded.Length != HeadBytes + name + topic + history) return false;
        ReadOnlySpan<byte> text = encoded[HeadBytes..];
        if (!Utf8.IsValid(text[..name]) || !Utf8.IsValid(text.Slice(name, topic)) || !Utf8.IsValid(text[(name + topic)..])) return false;
        StreamFacts facts = new(
            Encoding.UTF8.GetString(text[..name]), Encoding.UTF8.GetString(text.Slice(name, topic)), Encoding.UTF8.GetString(text[(name + topic)..]), (DeliveryClass)encoded[0]);
        label = new(facts, encoded[1] == 1);
        return true;
    }

    private static byte[] Encode(StreamFacts facts, bool isDurable)
    {
        byte[] name = Encoding.UTF8.GetBytes(facts.Name);
        byte[] topic = Encoding.UTF8.GetBytes(facts.Topic);
        byte[] history = Encoding.UTF8.GetBytes(facts.HistoryTopic);
        if (Math.Max(name.Length, Math.Max(topic.Length, history.Length)) > MostTextBytes) throw new ArgumentException($"stream {facts.Name} has a name of more than {MostTextBytes} bytes", nameof(facts));
        byte[] head = [(byte)facts.Class, isDurable ? (byte)1 : (byte)0, (byte)name.Length, (byte)(name.Length >> 8), (byte)topic.Length, (byte)(topic.Length >> 8), (byte)history.Length, (byte)(history.Length >> 8)];
        return [.. head, .. name, .. topic, .. history];
    }
}

/// <summary>A message in the ring; the payload is the ring's memory, valid until the slot is freed.</summary>
internal readonly ref struct RingMessage(StreamLabel stream, long boot, long sequence, AcceptedAt at, ReadOnlySpan<byte> payload)
{
    public StreamLabel Stream { get; } = stream;

    public long Boot { get; } = boot;

    public long Sequence { get; } = sequence;

    public AcceptedAt At { get; } = at;

    public ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>
/// Messages that are accepted and not yet safe elsewhere, in memory that outlives this process. A message that
/// <see cref="TryAdd"/> has returned a slot for survives SIGKILL. Allocates nothing. Not thread-safe: the outbox calls it under its lock.
/// </summary>
internal interface IMessageRing : IDisposable
{
    /// <summary>Slots, used or not.</summary>
    int Capacity { get; }

    /// <summary>The largest payload that fits at all, in bytes.</summary>
    int LargestPayloadBytes { get; }

    /// <summary>Copies a message in.</summary>
    /// <returns>Its slot, from 0; -1 where there is no room now.</returns>
    int TryAdd(in RingMessage message);

    /// <summary>Reads the message of a used slot.</summary>
    RingMessage Read(int slot);

    /// <summary>Gives a slot free.</summary>
    void Free(int slot);

    /// <summary>Used slots of earlier processes, in the order in which they were accepted; to be asked once, after opening.</summary>
    IReadOnlyList<int> Recovered { get; }

    /// <summary>Losses that earlier processes had noticed and could put nowhere else, as start and count; to be asked once, after opening.</summary>
    IReadOnlyList<(long Boot, long Count)> RecoveredLosses { get; }

    /// <summary>Counts losses that are known to this process alone, so that they are declared even when it is killed.</summary>
    /// <param name="boot">The agent's start that they were accepted in.</param>
    /// <param name="change">So many more; fewer (negative) when they are in the store, or published.</param>
    void CountLost(long boot, long change);
}
