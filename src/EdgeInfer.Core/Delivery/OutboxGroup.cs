namespace EdgeInfer.Delivery;

/// <summary>What the writer puts into one transaction.</summary>
internal sealed class OutboxGroup
{
    /// <summary>Messages of the ring to append.</summary>
    public int Count { get; set; }

    /// <summary>Of those, how many are appended.</summary>
    public int Appended { get; set; }

    /// <summary>Another quota; null where it is the same.</summary>
    public long? SizeBytes { get; set; }

    /// <summary>The stream of each.</summary>
    public List<OutboxStream> Streams { get; } = [];

    /// <summary>The store's number of each.</summary>
    public List<int> StreamIds { get; } = [];

    /// <summary>Streams that the store does not know yet.</summary>
    public List<OutboxStream> Unregistered { get; } = [];

    /// <summary>Slots of messages that the broker refuses for good.</summary>
    public List<int> Refused { get; } = [];

    /// <summary>Late messages that are done with.</summary>
    public int Finished { get; set; }

    /// <summary>Rows of live messages that are done with.</summary>
    public List<long> Rows { get; } = [];

    /// <summary>Losses to declare.</summary>
    public List<Gap> Losses { get; set; } = [];

    /// <summary>Losses that are published.</summary>
    public List<Gap> Published { get; set; } = [];

    /// <summary>Earlier starts of which nothing is left in the ring.</summary>
    public List<long> Ended { get; } = [];

    /// <summary>Rows that the quota took.</summary>
    public List<long> Dropped { get; } = [];

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty => SizeBytes is null && Count + Finished + Unregistered.Count + Refused.Count + Rows.Count + Losses.Count + Published.Count + Ended.Count == 0;
}
