namespace EdgeInfer.Delivery;

/// <summary>What is being done with a message of the ring.</summary>
internal enum LiveState : byte
{
    /// <summary>The slot is free.</summary>
    Free,

    /// <summary>It is to be sent.</summary>
    Waiting,

    /// <summary>It is on its way.</summary>
    Sent,

    /// <summary>The broker has it, or has given it up; it only waits for the writer to be done with its copy.</summary>
    Done,

    /// <summary>The broker refuses it for good: the writer moves it to the dead letters.</summary>
    Refused,
}

/// <summary>What is known of one slot beside what the ring keeps.</summary>
internal struct LiveSlot
{
    public LiveState State;
    public OutboxStream Stream;

    /// <summary>Whether it goes to the disk before it is sent, where there is one.</summary>
    public bool IsDurable;

    /// <summary>Whether an earlier process has left it.</summary>
    public bool IsRecovered;
    public int Class;
    public long Boot;
    public long Sequence;

    /// <summary>Milliseconds of the monotonic clock.</summary>
    public long AcceptedMilliseconds;

    /// <summary>Of its payload.</summary>
    public int Bytes;

    /// <summary>Its number in the store; 0 where it is not there.</summary>
    public long RowId;

    /// <summary>Whether the writer reads it now: the slot may not be freed.</summary>
    public bool IsBeingStored;

    /// <summary>Whether the store may not give its row up, since it may be sent from here.</summary>
    public bool IsHeld;

    /// <summary>Whether it is counted in <see cref="LiveMessages.Unstored"/>.</summary>
    public bool IsUnstored;

    /// <summary>Why the broker refuses it for good.</summary>
    public byte Reason;
    public int Generation;
    public int Next;
    public int Previous;
}
