namespace EdgeInfer.Messaging;

/// <summary>A packet that waits for its acknowledgement: of the queue, of a state or of the message source.</summary>
internal struct Flight
{
    /// <summary>Of the queue; else null.</summary>
    public QueuedMessage? Message;

    /// <summary>Of a state; else null.</summary>
    public RetainedState? State;

    /// <summary>Which of the state's payloads it is.</summary>
    public long Version;

    /// <summary>Where it went.</summary>
    public MqttTopic Topic;

    /// <summary>The source's name of it, where it is neither of the queue nor of a state.</summary>
    public long Token;

    /// <summary>Tells it from others while suspects go one at a time.</summary>
    public int Print;

    /// <summary>Counts what was sent, from 1.</summary>
    public long Order;

    /// <summary>When it was sent.</summary>
    public long SentTimestamp;

    /// <summary>Whether the message source has to be told what becomes of it.</summary>
    public readonly bool IsSourced => Message is null && State is null;
}

/// <summary>Packets that wait for their acknowledgement, by packet id; as many as the broker and we allow. Not thread-safe.</summary>
internal sealed class FlightTable
{
    private readonly Flight[] _flights;

    // The one that has been free for longest first: an acknowledgement that a broker sends twice then seldom meets another message.
    private readonly Queue<ushort> _freeIds;
    private int _limit;
    private long _order;

    /// <summary>Prepares an empty table.</summary>
    /// <param name="capacity">The most packets: their ids are 1 to this.</param>
    public FlightTable(int capacity)
    {
        _flights = new Flight[capacity];
        _freeIds = new(capacity);
        for (int id = 1; id <= capacity; id++) _freeIds.Enqueue((ushort)id);
    }

    /// <summary>Packets that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Whether one more may be sent.</summary>
    public bool HasRoom => Count < _limit;

    /// <summary>Sets how many the broker takes at once.</summary>
    public void Limit(int allowed) => _limit = Math.Min(_flights.Length, allowed);

    /// <summary>Takes a packet in and returns its id.</summary>
    public ushort Add(Flight flight)
    {
        ushort packetId = _freeIds.Dequeue();
        flight.Order = ++_order;
        _flights[packetId - 1] = flight;
        Count++;
        return packetId;
    }

    /// <summary>Gives a packet out; false when none of this id waits.</summary>
    public bool TryRemove(ushort packetId, out Flight flight)
    {
        flight = default;
        if (packetId == 0 || packetId > _flights.Length || _flights[packetId - 1].Order == 0) return false;
        flight = _flights[packetId - 1];
        _flights[packetId - 1] = default;
        _freeIds.Enqueue(packetId);
        Count--;
        return true;
    }

    /// <summary>Gives all packets out, in the order in which they were sent.</summary>
    public Flight[] RemoveAll()
    {
        Flight[] all = new Flight[Count];
        int count = 0;
        for (int id = 1; id <= _flights.Length; id++)
        {
            if (TryRemove((ushort)id, out Flight flight)) all[count++] = flight;
        }

        all.AsSpan().Sort(static (a, b) => a.Order.CompareTo(b.Order));
        return all;
    }

    /// <summary>When the oldest of them was sent; <paramref name="now"/> when there is none.</summary>
    public long OldestSent(long now)
    {
        long oldest = now;
        foreach (ref readonly Flight flight in _flights.AsSpan())
        {
            if (flight.Order != 0) oldest = Math.Min(oldest, flight.SentTimestamp);
        }

        return oldest;
    }
}
