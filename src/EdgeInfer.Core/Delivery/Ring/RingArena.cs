namespace EdgeInfer.Delivery.Ring;

/// <summary>
/// Which bytes of the arena are whose. Kept in this process alone: at an opening it is built from the descriptors. The lowest gap that
/// is large enough is used, so that a ring that is mostly empty touches few pages. Allocates nothing.
/// </summary>
/// <param name="bytes">Of the arena.</param>
internal sealed class RingArena(int bytes)
{
    // Three columns, sorted by address.
    private readonly int[] _starts = new int[RingLayout.Slots];
    private readonly int[] _ends = new int[RingLayout.Slots];
    private readonly byte[] _slots = new byte[RingLayout.Slots];
    private int _count;

    /// <summary>Bytes that are used.</summary>
    public int UsedBytes { get; private set; }

    /// <summary>Finds room.</summary>
    /// <param name="slot">Whose it will be.</param>
    /// <param name="wanted">In bytes.</param>
    /// <returns>Where it begins; -1 where there is none.</returns>
    public int TryTake(int slot, int wanted)
    {
        int size = Rounded(wanted);
        int end = 0;
        for (int i = 0; i < _count; i++)
        {
            if (_starts[i] - end >= size)
            {
                Insert(i, slot, end, size);
                return end;
            }

            end = _ends[i];
        }

        if (bytes - end < size) return -1;
        Insert(_count, slot, end, size);
        return end;
    }

    /// <summary>Takes a certain place; false where it is not free, or no place at all.</summary>
    public bool TryTakeAt(int slot, int start, int wanted)
    {
        if (start < 0 || start % RingLayout.GranuleBytes != 0 || start > bytes || wanted < 0 || wanted > bytes - start) return false;
        int size = Rounded(wanted);
        if (size > bytes - start) return false;
        int at = 0;
        while (at < _count && _starts[at] < start) at++;
        if (at > 0 && _ends[at - 1] > start) return false;
        if (at < _count && _starts[at] < start + size) return false;
        Insert(at, slot, start, size);
        return true;
    }

    /// <summary>Gives a slot's bytes free.</summary>
    public void Give(int slot)
    {
        int at = _slots.AsSpan(0, _count).IndexOf((byte)slot);
        if (at < 0) throw new InvalidOperationException($"slot {slot} has no bytes to give free");
        UsedBytes -= _ends[at] - _starts[at];
        int behind = --_count - at;
        if (behind == 0) return;
        _starts.AsSpan(at + 1, behind).CopyTo(_starts.AsSpan(at));
        _ends.AsSpan(at + 1, behind).CopyTo(_ends.AsSpan(at));
        _slots.AsSpan(at + 1, behind).CopyTo(_slots.AsSpan(at));
    }

    private static int Rounded(int wanted) => Math.Max(RingLayout.GranuleBytes, (wanted + RingLayout.GranuleBytes - 1) & -RingLayout.GranuleBytes);

    private void Insert(int at, int slot, int start, int size)
    {
        int behind = _count++ - at;
        _starts.AsSpan(at, behind).CopyTo(_starts.AsSpan(at + 1));
        _ends.AsSpan(at, behind).CopyTo(_ends.AsSpan(at + 1));
        _slots.AsSpan(at, behind).CopyTo(_slots.AsSpan(at + 1));
        (_starts[at], _ends[at], _slots[at]) = (start, start + size, (byte)slot);
        UsedBytes += size;
    }
}
