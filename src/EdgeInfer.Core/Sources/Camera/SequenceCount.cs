namespace EdgeInfer.Sources.Camera;

/// <summary>Turns a driver's 32-bit frame numbers, which start anew at each open and wrap, into one count with its gaps.</summary>
internal struct SequenceCount
{
    /// <summary>A step this large is a driver that started to count anew, not frames that were lost.</summary>
    private const uint LargestGap = 100_000;

    private uint _last;
    private bool _isKnown;

    /// <summary>Frames so far, the lost ones included.</summary>
    public long Frames { get; private set; }

    /// <summary>The device was opened anew: the next number follows nothing.</summary>
    public void Restart() => _isKnown = false;

    /// <summary>Counts a frame.</summary>
    /// <returns>How many frames are missing between it and the one before.</returns>
    public long Next(uint sequence)
    {
        uint step = unchecked(sequence - _last);
        // Drivers exist that number every frame 0: a step of nothing says nothing.
        long lost = _isKnown && step is > 1 and < LargestGap ? step - 1 : 0;
        _last = sequence;
        _isKnown = true;
        Frames += 1 + lost;
        return lost;
    }
}
