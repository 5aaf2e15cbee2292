namespace EdgeInfer.Delivery;

/// <summary>What is being done with a message read back from the store.</summary>
internal enum BacklogState : byte
{
    /// <summary>It is to be sent.</summary>
    Waiting,

    /// <summary>It is on its way.</summary>
    Sent,

    /// <summary>The broker has it: its row is to go.</summary>
    Delivered,

    /// <summary>It is older than it may be: its row is to go, as a loss.</summary>
    Expired,

    /// <summary>The broker refuses it for good: its row is to go to the dead letters.</summary>
    Refused,
}

/// <summary>
/// The few late messages that are in memory on their way from the store to the broker, oldest first, and how fast they may go. Not
/// thread-safe: the outbox calls it under its lock; only the writer fills it.
/// </summary>
internal sealed class Backlog
{
    /// <summary>Messages of one reading.</summary>
    public const int BatchCount = 64;

    /// <summary>Bytes of one reading, so that large messages do not pile up in memory.</summary>
    public const int BatchBytes = 512 * 1024;

    /// <summary>Where fewer wait than this, the next are read.</summary>
    private const int Low = BatchCount / 2;

    private readonly List<Entry> _entries = new(BatchCount * 6);
    private readonly Stack<Entry> _free = new();
    private readonly HashSet<long> _ids = [];
    private int _ratePerSecond;
    private int _mostOnTheirWay;

    /// <summary>Messages of one turn: sent together, few enough not to delay a live one.</summary>
    private double _most;
    private double _allowance;
    private long _refilledMilliseconds;

    /// <summary>Begins with none.</summary>
    /// <param name="ratePerSecond">The most messages a second.</param>
    /// <param name="mostOnTheirWay">The most unacknowledged at once: the rest of the window is for live messages.</param>
    public Backlog(int ratePerSecond, int mostOnTheirWay)
    {
        Change(ratePerSecond, mostOnTheirWay);
        _allowance = _most;
    }

    /// <summary>Messages that wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>Messages on their way.</summary>
    public int Sent { get; private set; }

    /// <summary>Messages that the writer is to take out of the store.</summary>
    public int Finished { get; private set; }

    /// <summary>Another rate and window, from now on.</summary>
    public void Change(int ratePerSecond, int mostOnTheirWay)
    {
        (_ratePerSecond, _mostOnTheirWay) = (ratePerSecond, mostOnTheirWay);
        _most = Math.Max(1, ratePerSecond / 20.0);
        _allowance = Math.Min(_allowance, _most);
    }

    /// <summary>Whether more should be read.</summary>
    public bool IsLow => Waiting < Low && _entries.Count < BatchCount * 4;

    /// <summary>Whether a message is in here.</summary>
    public bool Holds(long id) => _ids.Contains(id);

    /// <summary>An entry to read a message into.</summary>
    public Entry Rent() => _free.TryPop(out Entry? entry) ? entry : new();

    /// <summary>Gives an entry back that was not needed.</summary>
    public void Return(Entry entry) => _free.Push(entry);

    /// <summary>Adds a message that was read.</summary>
    public void Add(Entry entry, OutboxStream stream)
    {
        entry.Stream = stream;
        entry.State = BacklogState.Waiting;
        int at = _entries.Count;
        while (at > 0 && _entries[at - 1].Message.Id > entry.Message.Id) at--;
        _entries.Insert(at, entry);
        _ids.Add(entry.Message.Id);
        Waiting++;
    }

    /// <summary>The oldest message that may be sent now; null where there is none.</summary>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    public Entry? Next(long now)
    {
        if (Waiting == 0 || Sent >= _mostOnTheirWay) return null;
        Refill(now);
        if (_allowance < 1) return null;
        foreach (Entry entry in _entries)
            if (IsSendable(entry, now)) return entry;
        return null;
    }

    /// <summary>When the next may go for the rate alone; <paramref name="now"/> where it may already.</summary>
    public long NextAllowed(long now)
    {
        Refill(now);
        return _allowance >= 1 ? now : now + (long)Math.Ceiling((Math.Min(_most, 1 + _most / 2) - _allowance) * 1000 / _ratePerSecond);
    }

    /// <summary>Whether any waits whose stream the broker takes, and there is room for it on the way.</summary>
    public bool HasSendable(long now)
    {
        if (Sent >= _mostOnTheirWay) return false;
        foreach (Entry entry in _entries)
            if (IsSendable(entry, now)) return true;
        return false;
    }

    /// <summary>Whether messages wait of a stream that earlier ones have come back to the store of, which go first.</summary>
    public bool IsAhead(OutboxStream stream)
    {
        foreach (Entry entry in _entries)
            if (entry.State == BacklogState.Waiting && entry.Stream == stream && entry.Message.Id > stream.LoadedTo) return true;
        return false;
    }

    /// <summary>It is on its way.</summary>
    public void MarkSent(Entry entry)
    {
        _allowance--;
        entry.State = BacklogState.Sent;
        entry.Stream.OnTheirWay++;
        Waiting--;
        Sent++;
    }

    /// <summary>The message on its way that a number names; null where there is none.</summary>
    public Entry? Find(long id)
    {
        foreach (Entry entry in _entries)
            if (entry.Message.Id == id) return entry.State == BacklogState.Sent ? entry : null;
        return null;
    }

    /// <summary>It is not on its way any more, and still to be sent.</summary>
    public void MarkReturned(Entry entry)
    {
        Land(entry);
        entry.State = BacklogState.Waiting;
        Waiting++;
    }

    /// <summary>It is done with, one way or another.</summary>
    public void Finish(Entry entry, BacklogState state, byte reason = 0)
    {
        if (entry.State == BacklogState.Sent) Land(entry);
        else Waiting--;
        entry.State = state;
        entry.Reason = reason;
        Finished++;
    }

    /// <summary>Collects what the writer is to take out of the store.</summary>
    public void CollectFinished(List<Entry> into)
    {
        foreach (Entry entry in _entries)
            if (entry.State >= BacklogState.Delivered) into.Add(entry);
    }

    /// <summary>Their rows are gone.</summary>
    public void Forget(List<Entry> finished)
    {
        foreach (Entry entry in finished) Remove(entry);
        Finished -= finished.Count;
    }

    /// <summary>The store is another one: nothing of the old one is sent any more.</summary>
    public void Clear()
    {
        foreach (Entry entry in _entries)
        {
            if (entry.State == BacklogState.Sent) entry.Stream.OnTheirWay--;
            _free.Push(entry);
        }

        _entries.Clear();
        _ids.Clear();
        (Waiting, Sent, Finished) = (0, 0, 0);
    }

    private static bool IsSendable(Entry entry, long now)
        => entry.State == BacklogState.Waiting && entry.Message.Id <= entry.Stream.LoadedTo && entry.Stream.MaySend(now);

    private void Remove(Entry entry)
    {
        _entries.Remove(entry);
        _ids.Remove(entry.Message.Id);
        _free.Push(entry);
    }

    private void Land(Entry entry)
    {
        entry.Stream.OnTheirWay--;
        Sent--;
    }

    private void Refill(long now)
    {
        if (now <= _refilledMilliseconds) return;
        if (_refilledMilliseconds != 0) _allowance = Math.Min(_most, _allowance + (now - _refilledMilliseconds) * _ratePerSecond / 1000.0);
        _refilledMilliseconds = now;
    }

    /// <summary>One message.</summary>
    internal sealed class Entry
    {
        /// <summary>The message.</summary>
        public BacklogMessage Message { get; } = new();

        /// <summary>Its stream.</summary>
        public OutboxStream Stream { get; set; } = null!;

        /// <summary>What is being done with it.</summary>
        public BacklogState State { get; set; }

        /// <summary>Why the broker refuses it for good.</summary>
        public byte Reason { get; set; }
    }
}
