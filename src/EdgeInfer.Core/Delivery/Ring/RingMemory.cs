using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeInfer.Delivery.Ring;

/// <summary>
/// The ring in a piece of memory, wherever that comes from. Killed at any instruction it leaves each message whole or absent, for the
/// descriptor's first word is written after all else and cleared before anything is used again.
/// </summary>
internal sealed unsafe class RingMemory
{
    private readonly byte* _memory;
    private readonly StreamLabel?[] _labels = new StreamLabel?[RingLayout.Slots];
    private readonly int[] _byOffset = new int[RingLayout.Slots];
    private readonly Stack<int> _free = new(RingLayout.Slots);
    private int _count;
    private long _order;

    /// <summary>Takes over memory of <see cref="RingLayout.FileBytes"/>; what it holds is recovered where its header is sound, otherwise forgotten.</summary>
    public RingMemory(byte* memory, Guid kernel, long boot, bool isSound)
    {
        _memory = memory;
        Span<byte> ring = new(memory, RingLayout.FileBytes);
        if (!isSound) ring[..RingLayout.Arena].Clear();
        Recover();
        RingLayout.WriteHeader(ring, kernel, boot);
    }

    /// <summary>Used slots found, in the order in which they were accepted.</summary>
    public IReadOnlyList<int> Recovered { get; private set; } = [];

    /// <summary>Descriptors that said they were in use and were not sound.</summary>
    public int Torn { get; private set; }

    /// <summary>As <see cref="IMessageRing.TryAdd"/>.</summary>
    public int TryAdd(in RingMessage message)
    {
        int bytes = RingLayout.KernelBytes + message.Stream.Encoded.Length + message.Payload.Length;
        if (_free.Count == 0 || !TryPlace(bytes, out int offset, out int rank)) return -1;
        int slot = _free.Pop();
        Array.Copy(_byOffset, rank, _byOffset, rank + 1, _count - rank);
        _byOffset[rank] = slot;
        _count++;
        _labels[slot] = message.Stream;
        Write(slot, offset, message);
        return slot;
    }

    /// <summary>As <see cref="IMessageRing.Read"/>.</summary>
    public RingMessage Read(int slot)
    {
        ref RingDescriptor d = ref At(slot);
        ReadOnlySpan<byte> data = Data(d);
        AcceptedAt at = new(new(data[..RingLayout.KernelBytes]), d.MonotonicMilliseconds, d.UtcMilliseconds, (d.Flags & 1) != 0);
        return new(_labels[slot]!, d.Boot, d.Sequence, at, data[(RingLayout.KernelBytes + d.LabelBytes)..]);
    }

    /// <summary>As <see cref="IMessageRing.Free"/>.</summary>
    public void Free(int slot)
    {
        Volatile.Write(ref At(slot).State, 0);
        _labels[slot] = null;
        int rank = Array.IndexOf(_byOffset, slot, 0, _count);
        _count--;
        Array.Copy(_byOffset, rank + 1, _byOffset, rank, _count - rank);
        _free.Push(slot);
    }

    private ref RingDescriptor At(int slot) => ref Unsafe.AsRef<RingDescriptor>(_memory + RingLayout.Descriptors + slot * RingLayout.DescriptorBytes);

    private Span<byte> Data(in RingDescriptor d) => new(_memory + RingLayout.Arena + d.Offset, (int)d.DataBytes);

    private void Write(int slot, int offset, in RingMessage message)
    {
        ref RingDescriptor d = ref At(slot);
        RingDescriptor next = new()
        {
            Order = ++_order,
            Boot = message.Boot,
            Sequence = message.Sequence,
            MonotonicMilliseconds = message.At.MonotonicMilliseconds,
            UtcMilliseconds = message.At.UtcMilliseconds,
            Offset = offset,
            LabelBytes = (ushort)message.Stream.Encoded.Length,
            Flags = (ushort)((message.At.IsSynced ? 1 : 0) | (message.Stream.IsDurable ? 2 : 0)),
            PayloadBytes = message.Payload.Length,
        };
        Span<byte> data = Data(next);
        message.At.Kernel.TryWriteBytes(data);
        message.Stream.Encoded.CopyTo(data[RingLayout.KernelBytes..]);
        message.Payload.CopyTo(data[(RingLayout.KernelBytes + next.LabelBytes)..]);
        next.Checksum = ChecksumOf(next, data);
        d = next;
        Volatile.Write(ref d.State, RingLayout.Used);
    }

    private static uint ChecksumOf(in RingDescriptor d, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<RingDescriptor>(in d));
        return RingLayout.Checksum(bytes[8..], data, default);
    }

    /// <summary>The lowest place with room, so that few pages are touched while few messages wait.</summary>
    private bool TryPlace(int bytes, out int offset, out int rank)
    {
        int end = 0;
        for (rank = 0; rank < _count; rank++)
        {
            ref RingDescriptor d = ref At(_byOffset[rank]);
            if (d.Offset - end >= bytes) break;
            end = Aligned(d.Offset + (int)d.DataBytes);
        }

        offset = end;
        return RingLayout.ArenaBytes - offset >= bytes;
    }

    private static int Aligned(int offset) => (offset + 7) & ~7;

    private void Recover()
    {
        List<int> used = [];
        for (int slot = RingLayout.Slots - 1; slot >= 0; slot--)
        {
            ref RingDescriptor d = ref At(slot);
            if (d.State == 0)
            {
                _free.Push(slot);
                continue;
            }

            if (IsSound(d, out StreamLabel? label))
            {
                _labels[slot] = label;
                used.Add(slot);
                continue;
            }

            Torn++;
            d.State = 0;
            _free.Push(slot);
        }

        DropOverlapping(used);
        used.Sort((a, b) => At(a).Order.CompareTo(At(b).Order));
        _order = used.Count == 0 ? 0 : At(used[^1]).Order;
        Recovered = used;
    }

    private bool IsSound(in RingDescriptor d, out StreamLabel? label)
    {
        label = null;
        if (d.State != RingLayout.Used || d.Offset < 0 || (d.Offset & 7) != 0 || d.PayloadBytes < 0 || d.Offset + d.DataBytes > RingLayout.ArenaBytes) return false;
        ReadOnlySpan<byte> data = Data(d);
        RingDescriptor copy = d;
        copy.State = 0;
        if (ChecksumOf(copy, data) != d.Checksum) return false;
        StreamFacts? facts = RingLayout.Decode(data.Slice(RingLayout.KernelBytes, d.LabelBytes));
        if (facts is not null) label = new(facts, (d.Flags & 2) != 0);
        return facts is not null;
    }

    // Sound messages never share bytes; what somebody has forged must not break the allocation.
    private void DropOverlapping(List<int> used)
    {
        used.Sort((a, b) => At(a).Offset.CompareTo(At(b).Offset));
        int end = 0;
        foreach (int slot in used.ToArray())
        {
            ref RingDescriptor d = ref At(slot);
            if (d.Offset < end)
            {
                Torn++;
                used.Remove(slot);
                d.State = 0;
                _labels[slot] = null;
                _free.Push(slot);
                continue;
            }

            end = Aligned(d.Offset + (int)d.DataBytes);
            _byOffset[_count++] = slot;
        }
    }
}
