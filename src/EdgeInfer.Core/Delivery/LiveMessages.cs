namespace EdgeInfer.Delivery;

/// <summary>
/// The messages in the ring, oldest first by class, and what is being done with each. Allocates nothing. Not thread-safe: the outbox
/// calls it under its lock.
/// </summary>
internal sealed partial class LiveMessages
{
    private const int None = -1;
    private const int Classes = 3;

    private readonly IMessageRing _ring;
    private readonly LiveSlot[] _slots;
    private readonly int[] _first = [None, None, None];
    private readonly int[] _last = [None, None, None];

    /// <summary>Takes over a ring; its recovered messages are added by <see cref="Adopt"/>.</summary>
    public LiveMessages(IMessageRing ring)
    {
        _ring = ring;
        _slots = new LiveSlot[ring.Capacity];
    }

    /// <summary>The ring.</summary>
    public IMessageRing Ring => _ring;

    /// <summary>Messages in it.</summary>
    public int Count { get; private set; }

    /// <summary>Of those, how many are on their way.</summary>
    public int Sent { get; private set; }

    /// <summary>Bytes of all payloads in it.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of those on their way.</summary>
    public long SentBytes { get; private set; }

    /// <summary>Bytes of those that <see cref="Unstored"/> counts.</summary>
    public long UnstoredBytes { get; private set; }

    /// <summary>
    /// Whether as much is on its way as may be: what is stays in the ring until its acknowledgement, stored or not, and a window as wide
    /// as the ring would leave no room for what is accepted next.
    /// </summary>
    private bool IsFlightFull => Sent >= _slots.Length / 2 || SentBytes >= _ring.LargestPayloadBytes;

    /// <summary>Of those, how many are neither in the store nor being written to it, and not done with.</summary>
    public int Unstored { get; private set; }

    /// <summary>Of those unstored, how many have to be stored before they are sent.</summary>
    public int UnstoredDurable { get; private set; }

    /// <summary>Whether a broker's final refusal waits for the writer.</summary>
    public int Refused { get; private set; }

    /// <summary>The slot's facts.</summary>
    public ref readonly LiveSlot this[int slot] => ref _slots[slot];

    /// <summary>Adds a message; -1 where the ring has no room.</summary>
    public int TryAdd(OutboxStream stream, long boot, long sequence, in AcceptedAt at, ReadOnlySpan<byte> payload)
    {
        int slot = _ring.TryAdd(new(stream.Label, boot, sequence, at, payload));
        if (slot >= 0) Enter(slot, stream, boot, sequence, at.MonotonicMilliseconds, payload.Length);
        return slot;
    }

    /// <summary>Takes over a message that an earlier process has left.</summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="stream">Its stream.</param>
    /// <param name="since">When its time to be stored began: now.</param>
    public void Adopt(int slot, OutboxStream stream, long since)
    {
        RingMessage message = _ring.Read(slot);
        Enter(slot, stream, message.Boot, message.Sequence, since, message.Payload.Length);

        // Older than what the store holds by now would otherwise go out before it: it takes its place behind.
        if (!_slots[slot].IsDurable) UnstoredDurable++;
        _slots[slot].IsDurable = _slots[slot].IsRecovered = true;
    }

    /// <summary>The oldest message of the highest class that may be sent now; -1 where there is none.</summary>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    /// <param name="hasStore">Whether durable messages have to be stored first.</param>
    public int Next(long now, bool hasStore)
    {
        if (IsFlightFull) return None;
        for (int c = Classes - 1; c >= 0; c--)
        {
            for (int slot = _first[c]; slot != None; slot = _slots[slot].Next)
            {
                ref LiveSlot s = ref _slots[slot];
                if (!IsSendable(s, now)) continue;
                if (hasStore && s.IsDurable && s.RowId == 0) continue;
                return slot;
            }
        }

        return None;
    }

    /// <summary>Whether a message waits whose stream the broker takes.</summary>
    public bool HasSendable(long now)
    {
        if (IsFlightFull) return false;
        for (int c = 0; c < Classes; c++)
            for (int slot = _first[c]; slot != None; slot = _slots[slot].Next)
                if (IsSendable(_slots[slot], now)) return true;
        return false;
    }

    /// <summary>When the oldest message that is not stored was accepted; <paramref name="none"/> where there is none.</summary>
    public long OldestUnstored(bool durableOnly, long none)
    {
        long oldest = none;
        for (int c = 0; c < Classes; c++)
        {
            for (int slot = _first[c]; slot != None; slot = _slots[slot].Next)
            {
                ref LiveSlot s = ref _slots[slot];
                if (s.IsUnstored && (!durableOnly || s.IsDurable)) oldest = Math.Min(oldest, s.AcceptedMilliseconds);
            }
        }

        return oldest;
    }

    /// <summary>When the oldest message was accepted; <paramref name="none"/> where there is none.</summary>
    public long OldestAccepted(long none)
    {
        long oldest = none;
        foreach (int first in _first)
            if (first != None) oldest = Math.Min(oldest, _slots[first].AcceptedMilliseconds);
        return oldest;
    }

    /// <summary>It is on its way.</summary>
    /// <returns>What names it until it is settled or returned.</returns>
    public long MarkSent(int slot)
    {
        ref LiveSlot s = ref _slots[slot];
        s.State = LiveState.Sent;
        s.Stream.OnTheirWay++;
        Sent++;
        SentBytes += s.Bytes;
        return (long)(uint)s.Generation << 8 | (uint)slot;
    }

    /// <summary>The slot that a token names; -1 where it is used for another message by now.</summary>
    public int Find(long token)
    {
        int slot = (int)(token & 0xFF);
        return slot < _slots.Length && _slots[slot].State == LiveState.Sent && _slots[slot].Generation == (int)(token >> 8) ? slot : None;
    }

    /// <summary>It is not on its way any more, and still to be sent.</summary>
    public void MarkReturned(int slot)
    {
        Land(slot);
        _slots[slot].State = LiveState.Waiting;
    }

    /// <summary>The broker refuses it for good.</summary>
    public void MarkRefused(int slot, byte reason)
    {
        Land(slot);
        Uncount(slot);
        _slots[slot].State = LiveState.Refused;
        _slots[slot].Reason = reason;
        Refused++;
    }

    /// <summary>It is done with: its slot is free, or will be once the writer is done with its copy.</summary>
    public void Release(int slot)
    {
        ref LiveSlot s = ref _slots[slot];
        if (s.State == LiveState.Sent) Land(slot);
        if (s.State == LiveState.Refused) Refused--;
        Uncount(slot);
        s.State = LiveState.Done;
        if (!s.IsBeingStored) Leave(slot);
    }

    /// <summary>The message to give up for a new one: of the lowest class the oldest, best one that is stored; -1 where there is none.</summary>
    /// <param name="upTo">Not above this class.</param>
    public int Victim(DeliveryClass upTo)
    {
        for (int c = 0; c <= (int)upTo; c++)
        {
            int oldest = None;
            for (int slot = _first[c]; slot != None; slot = _slots[slot].Next)
            {
                if (_slots[slot].State != LiveState.Waiting || _slots[slot].IsBeingStored) continue;
                if (_slots[slot].RowId != 0) return slot;
                if (oldest == None) oldest = slot;
            }

            if (oldest != None) return oldest;
        }

        return None;
    }

    private static bool IsSendable(in LiveSlot slot, long now)
        => slot.State == LiveState.Waiting && (slot.IsHeld || !slot.IsBeingStored) && slot.Stream.MaySend(now);

    private void Enter(int slot, OutboxStream stream, long boot, long sequence, long accepted, int bytes)
    {
        ref LiveSlot s = ref _slots[slot];
        int generation = s.Generation + 1;
        int c = (int)stream.Facts.Class;
        s = new()
        {
            State = LiveState.Waiting,
            Stream = stream,
            IsDurable = stream.Label.IsDurable,
            Class = c,
            Boot = boot,
            Sequence = sequence,
            AcceptedMilliseconds = accepted,
            Bytes = bytes,
            Generation = generation,
            Previous = _last[c],
            Next = None,
        };
        if (_last[c] == None) _first[c] = slot;
        else _slots[_last[c]].Next = slot;
        _last[c] = slot;
        Count++;
        Bytes += bytes;
        Recount(slot);
    }

    private void Leave(int slot)
    {
        ref LiveSlot s = ref _slots[slot];
        int c = s.Class;
        if (s.Previous == None) _first[c] = s.Next;
        else _slots[s.Previous].Next = s.Next;
        if (s.Next == None) _last[c] = s.Previous;
        else _slots[s.Next].Previous = s.Previous;
        Bytes -= s.Bytes;
        s = new() { Generation = s.Generation };
        Count--;
        _ring.Free(slot);
    }

    private void Land(int slot)
    {
        _slots[slot].Stream.OnTheirWay--;
        Sent--;
        SentBytes -= _slots[slot].Bytes;
    }

    private void Recount(int slot)
    {
        _slots[slot].IsUnstored = true;
        Unstored++;
        UnstoredBytes += _slots[slot].Bytes;
        if (_slots[slot].IsDurable) UnstoredDurable++;
    }

    private void Uncount(int slot)
    {
        if (!_slots[slot].IsUnstored) return;
        _slots[slot].IsUnstored = false;
        Unstored--;
        UnstoredBytes -= _slots[slot].Bytes;
        if (_slots[slot].IsDurable) UnstoredDurable--;
    }
}
