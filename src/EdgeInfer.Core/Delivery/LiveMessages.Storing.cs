using EdgeInfer.Delivery.Store;

namespace EdgeInfer.Delivery;

/// <summary>What of the ring's messages is in the store, or on its way there.</summary>
internal sealed partial class LiveMessages
{
    /// <summary>A message that an earlier process has left is in the store as well.</summary>
    /// <returns>Whether it is here.</returns>
    public bool TryMatch(string stream, in StoredKey row)
    {
        for (int slot = 0; slot < _slots.Length; slot++)
        {
            ref LiveSlot s = ref _slots[slot];
            if (!s.IsUnstored || s.Sequence != row.Sequence || s.Boot != row.Boot || s.Stream.Facts.Name != stream) continue;
            if (MessageCheck.Of(s.Boot, s.Sequence, _ring.Read(slot).Payload) != row.Check) continue;
            Uncount(slot);
            (s.RowId, s.IsHeld) = (row.Id, true);
            return true;
        }

        return false;
    }

    /// <summary>Whether a message is in the store under this number.</summary>
    public bool HoldsRow(long row)
    {
        foreach (ref readonly LiveSlot slot in _slots.AsSpan())
            if (slot.RowId == row && slot.State != LiveState.Free) return true;
        return false;
    }

    /// <summary>Whether a message of an earlier start is here and not in the store.</summary>
    public bool HasFromBefore(long boot)
    {
        foreach (ref readonly LiveSlot slot in _slots.AsSpan())
            if (slot.State != LiveState.Free && slot.RowId == 0 && slot.Boot != boot) return true;
        return false;
    }

    /// <summary>
    /// Collects messages for the store, oldest first, and marks them as being written; messages on their way too, since the link lags.
    /// </summary>
    /// <param name="into">Slots.</param>
    /// <param name="acceptedBefore">Only those accepted at or before; durable ones always.</param>
    /// <param name="isUp">Whether they may be sent from here meanwhile; else they leave the ring once they are stored, but for those on their way.</param>
    public int CollectForStore(Span<int> into, long acceptedBefore, bool isUp)
    {
        int count = 0;
        for (int c = Classes - 1; c >= 0; c--)
        {
            for (int slot = _first[c]; slot != None && count < into.Length; slot = _slots[slot].Next)
            {
                ref LiveSlot s = ref _slots[slot];
                if (!s.IsUnstored || (s.AcceptedMilliseconds > acceptedBefore && !s.IsDurable)) continue;
                Uncount(slot);
                s.IsBeingStored = true;
                s.IsHeld = isUp || s.IsDurable || s.State == LiveState.Sent;
                into[count++] = slot;
            }
        }

        return count;
    }

    /// <summary>The writer has stored a message, or could not (<paramref name="rowId"/> 0).</summary>
    /// <returns>False where it was done with meanwhile: its slot is free now, and its row is to go.</returns>
    public bool MarkStored(int slot, long rowId)
    {
        ref LiveSlot s = ref _slots[slot];
        s.IsBeingStored = false;
        s.RowId = rowId;
        if (s.State == LiveState.Done)
        {
            Leave(slot);
            return false;
        }

        if (rowId == 0 && s.State is (LiveState.Waiting or LiveState.Sent)) Recount(slot);
        return true;
    }

    /// <summary>Collects messages that the broker refuses for good.</summary>
    public int CollectRefused(Span<int> into)
    {
        int count = 0;
        for (int slot = 0; slot < _slots.Length && count < into.Length; slot++)
            if (_slots[slot].State == LiveState.Refused && !_slots[slot].IsBeingStored) into[count++] = slot;
        return count;
    }

    /// <summary>Collects messages that are in the store, and not on their way.</summary>
    public int CollectStored(Span<int> into)
    {
        int count = 0;
        for (int slot = 0; slot < _slots.Length && count < into.Length; slot++)
            if (_slots[slot].State == LiveState.Waiting && _slots[slot].RowId != 0) into[count++] = slot;
        return count;
    }

    /// <summary>The store is another one, without what this one held.</summary>
    public void ForgetStore()
    {
        for (int slot = 0; slot < _slots.Length; slot++)
        {
            if (_slots[slot].RowId == 0) continue;
            _slots[slot].RowId = 0;
            if (_slots[slot].State is LiveState.Waiting or LiveState.Sent) Recount(slot);
        }
    }
}
