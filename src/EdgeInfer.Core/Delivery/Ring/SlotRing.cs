using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeInfer.Delivery.Ring;

/// <summary>
/// A ring over a piece of memory. A message is there exactly when its slot's state says so, which is written last and taken back first;
/// the checksum tells damage apart from messages. So a process that is killed at any instruction leaves each slot whole or absent.
/// </summary>
internal abstract unsafe class SlotRing : IMessageRing
{
    private readonly RingArena _arena;
    private readonly StreamLabel?[] _labels = new StreamLabel?[RingLayout.Slots];
    private readonly ulong[] _free = new ulong[RingLayout.Slots / 64];
    private byte* _memory;
    private long _order;

    /// <summary>Takes over memory.</summary>
    /// <param name="memory">Aligned to a page; zeros, or a ring.</param>
    /// <param name="bytes">Its size.</param>
    protected SlotRing(byte* memory, int bytes)
    {
        _memory = memory;
        Bytes = bytes;
        ArenaBytes = bytes - RingLayout.ArenaStart;
        _arena = new(ArenaBytes);
        Array.Fill(_free, ulong.MaxValue);
    }

    /// <inheritdoc/>
    public int Capacity => RingLayout.Slots;

    /// <inheritdoc/>
    /// <remarks>A quarter of the arena: with gaps between messages a larger one would often find no room.</remarks>
    public int LargestPayloadBytes => ArenaBytes / 4;

    /// <inheritdoc/>
    public IReadOnlyList<int> Recovered { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<(long Boot, long Count)> RecoveredLosses { get; private set; } = [];

    /// <summary>The whole ring's size.</summary>
    public int Bytes { get; }

    /// <summary>Room for messages and their labels.</summary>
    public int ArenaBytes { get; }

    /// <summary>Bytes of the arena that are used.</summary>
    public int UsedBytes => _arena.UsedBytes;

    /// <summary>The memory.</summary>
    protected byte* Memory => _memory != null ? _memory : throw new ObjectDisposedException(GetType().Name);

    /// <inheritdoc/>
    public int TryAdd(in RingMessage message)
    {
        byte* memory = Memory;
        int slot = LowestFree();
        ReadOnlySpan<byte> label = message.Stream.Encoded;
        if (slot < 0 || message.Payload.Length > LargestPayloadBytes) return -1;
        int length = label.Length + message.Payload.Length;
        int offset = _arena.TryTake(slot, length);
        if (offset < 0) return -1;

        Span<byte> bytes = new(memory + RingLayout.ArenaStart + offset, length);
        label.CopyTo(bytes);
        message.Payload.CopyTo(bytes[label.Length..]);
        ref RingDescriptor descriptor = ref Descriptor(memory, slot);
        descriptor.Order = ++_order;
        descriptor.Boot = message.Boot;
        descriptor.Sequence = message.Sequence;
        descriptor.MonotonicMilliseconds = message.At.MonotonicMilliseconds;
        descriptor.UtcMilliseconds = message.At.UtcMilliseconds;
        descriptor.Offset = offset;
        descriptor.LabelBytes = label.Length;
        descriptor.PayloadBytes = message.Payload.Length;
        descriptor.IsSynced = message.At.IsSynced ? 1u : 0u;
        message.At.Kernel.TryWriteBytes(MemoryMarshal.CreateSpan(ref Unsafe.As<ulong, byte>(ref descriptor.KernelHead), 16), bigEndian: true, out _);
        descriptor.Crc = CrcOf(ref descriptor, bytes);

        // The one store that makes it a message: the compiler and the processor may move none of the others behind it.
        Volatile.Write(ref descriptor.State, RingLayout.Used);
        _free[slot >> 6] &= ~(1UL << slot);
        _labels[slot] = message.Stream;
        return slot;
    }

    /// <inheritdoc/>
    public RingMessage Read(int slot)
    {
        byte* memory = Memory;
        StreamLabel label = _labels[slot] ?? throw new InvalidOperationException($"slot {slot} is free");
        ref RingDescriptor descriptor = ref Descriptor(memory, slot);
        Guid kernel = new(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<ulong, byte>(ref descriptor.KernelHead), 16), bigEndian: true);
        AcceptedAt at = new(kernel, descriptor.MonotonicMilliseconds, descriptor.UtcMilliseconds, descriptor.IsSynced != 0);
        ReadOnlySpan<byte> payload = new(memory + RingLayout.ArenaStart + descriptor.Offset + descriptor.LabelBytes, descriptor.PayloadBytes);
        return new(label, descriptor.Boot, descriptor.Sequence, at, payload);
    }

    /// <inheritdoc/>
    public void Free(int slot)
    {
        byte* memory = Memory;
        if (_labels[slot] is null) throw new InvalidOperationException($"slot {slot} is free");

        // Before its bytes or its descriptor can be used again.
        Volatile.Write(ref Descriptor(memory, slot).State, RingLayout.Free);
        _labels[slot] = null;
        _arena.Give(slot);
        _free[slot >> 6] |= 1UL << slot;
    }

    /// <inheritdoc/>
    public void CountLost(long boot, long change)
    {
        Span<ulong> words = Losses;
        int at = -1;
        long known = 0;
        for (int i = 0; i < words.Length; i++)
        {
            if (RingLayout.TryUnpackLosses(words[i], out long other, out long count))
            {
                if (other != (boot & 0xFFFFFF)) continue;
                (at, known) = (i, count);
                break;
            }

            if (at < 0) at = i;
        }

        // Of more starts than there is room for nobody has heard.
        if (at < 0) return;
        long now = known + change;
        Volatile.Write(ref words[at], now > 0 ? RingLayout.PackLosses(boot, now) : 0);
    }

    /// <summary>Copies the whole ring as it lies in memory now; a killed process leaves no other.</summary>
    public void CopyTo(Span<byte> to) => new ReadOnlySpan<byte>(Memory, Bytes).CopyTo(to);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_memory == null) return;
        byte* memory = _memory;
        _memory = null;
        Release(memory);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the memory up.</summary>
    protected abstract void Release(byte* memory);

    /// <summary>Finds what an earlier process has left, and frees what is damaged.</summary>
    /// <returns>How many slots were damaged.</returns>
    protected int Recover()
    {
        byte* memory = Memory;
        int torn = 0;
        List<(long, long)> losses = [];
        foreach (ulong word in Losses)
            if (RingLayout.TryUnpackLosses(word, out long boot, out long count)) losses.Add((boot, count));
        RecoveredLosses = losses;
        List<StreamLabel> known = [];
        List<(long Order, int Slot)> found = [];
        for (int slot = 0; slot < RingLayout.Slots; slot++)
        {
            ref RingDescriptor descriptor = ref Descriptor(memory, slot);
            if (descriptor.State == RingLayout.Free) continue;
            if (!TryTakeOver(slot, ref descriptor, known))
            {
                torn++;
                Volatile.Write(ref descriptor.State, RingLayout.Free);
                continue;
            }

            _free[slot >> 6] &= ~(1UL << slot);
            found.Add((descriptor.Order, slot));
            _order = Math.Max(_order, descriptor.Order);
        }

        found.Sort();
        Recovered = [.. found.Select(static f => f.Slot)];
        return torn;
    }

    private Span<ulong> Losses => new(Memory + RingLayout.LossesStart, RingLayout.LossCounts);

    private static ref RingDescriptor Descriptor(byte* memory, int slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)RingLayout.Slots, nameof(slot));
        return ref ((RingDescriptor*)(memory + RingLayout.HeaderBytes))[slot];
    }

    private static uint CrcOf(ref RingDescriptor descriptor, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> facts = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<RingDescriptor, byte>(ref descriptor), RingLayout.DescriptorBytes)[8..];
        return RingLayout.Finish(RingLayout.Crc(RingLayout.Crc(uint.MaxValue, facts), bytes));
    }

    private bool TryTakeOver(int slot, ref RingDescriptor descriptor, List<StreamLabel> known)
    {
        (int label, int payload) = (descriptor.LabelBytes, descriptor.PayloadBytes);
        if (descriptor.State != RingLayout.Used || label < 0 || payload < 0 || descriptor.Order < 0) return false;
        if (label > ArenaBytes || payload > ArenaBytes || descriptor.Offset < 0 || descriptor.Offset > ArenaBytes - label - payload) return false;
        ReadOnlySpan<byte> bytes = new(Memory + RingLayout.ArenaStart + descriptor.Offset, label + payload);
        if (CrcOf(ref descriptor, bytes) != descriptor.Crc || LabelOf(bytes[..label], known) is not { } stream) return false;
        if (!_arena.TryTakeAt(slot, descriptor.Offset, label + payload)) return false;
        _labels[slot] = stream;
        return true;
    }

    private static StreamLabel? LabelOf(ReadOnlySpan<byte> encoded, List<StreamLabel> known)
    {
        foreach (StreamLabel one in known)
            if (one.Encoded.SequenceEqual(encoded)) return one;
        if (!StreamLabel.TryDecode(encoded, out StreamLabel? label)) return null;
        known.Add(label);
        return label;
    }

    private int LowestFree()
    {
        for (int i = 0; i < _free.Length; i++)
            if (_free[i] != 0) return (i << 6) + BitOperations.TrailingZeroCount(_free[i]);
        return -1;
    }
}
