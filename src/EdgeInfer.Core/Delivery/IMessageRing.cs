namespace EdgeInfer.Delivery;

/// <summary>A stream as the ring keeps it beside each message: encoded once.</summary>
internal sealed class StreamLabel
{
    /// <summary>Encodes the facts.</summary>
    public StreamLabel(StreamFacts facts, bool isDurable)
    {
        Facts = facts;
        IsDurable = isDurable;
        Encoded = Ring.RingLayout.Encode(facts);
    }

    /// <summary>The facts as they lie in the ring.</summary>
    public byte[] Encoded { get; }

    /// <summary>The stream.</summary>
    public StreamFacts Facts { get; }

    /// <summary>Whether its messages are on disk before they are sent.</summary>
    public bool IsDurable { get; }
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
}
