namespace EdgeInfer.Messaging;

/// <summary>
/// What is to be sent and what waits for its acknowledgement: control packets first, then the newest state of each topic, then the
/// queue, never more unacknowledged than the broker allows. After a lost connection what was not acknowledged is sent again, in order,
/// before anything newer: the broker has no session of ours, so each is a new message to it (a duplicate is possible, a loss is not).
/// Not thread-safe: the session calls it under its lock.
/// </summary>
internal sealed class SendWindow
{
    /// <summary>Small packets go out together up to this size: one system call, one segment on the wire.</summary>
    private const int BatchBytes = 16 * 1024;

    private readonly PublishQueue _queue;
    private readonly IDeliveryObserver? _observer;
    private readonly Flight[] _flights;
    private readonly Stack<ushort> _freeIds;
    private readonly Dictionary<string, StateSlot> _slotsByTopic = [];
    private readonly List<StateSlot> _slots = [];
    private byte[] _control = new byte[64];
    private int _controlBytes;
    private byte[] _batch = new byte[4096];
    private MqttConnection? _connection;
    private MqttTopic? _oversize;
    private MqttTopic? _cleared;
    private int _limit;
    private int _inFlight;
    private long _order;
    private bool _isClosing;

    /// <summary>Prepares an empty window.</summary>
    public SendWindow(MqttSettings settings, IDeliveryObserver? observer)
    {
        _queue = new(settings.QueueCount, settings.QueueBytes, observer);
        _observer = observer;
        _flights = new Flight[settings.Options.InFlight];
        _freeIds = new(_flights.Length);
        for (int id = _flights.Length; id > 0; id--) _freeIds.Push((ushort)id);
    }

    /// <summary>Packets put into batches so far.</summary>
    public long Published { get; private set; }

    /// <summary>Messages acknowledged so far.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Messages that the broker refused so far.</summary>
    public long Refused { get; private set; }

    /// <summary>The queue's own counts.</summary>
    public PublishQueue Queue => _queue;

    /// <summary>The bytes of the last batch; valid until the next.</summary>
    public byte[] Batch => _batch;

    /// <summary>Whether everything is sent and acknowledged.</summary>
    public bool IsIdle => _inFlight == 0 && _queue.Waiting == 0 && !_slots.Exists(static s => s.IsDirty);

    /// <summary>Whether DISCONNECT has been put into a batch.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>A connection is there: every state is to be sent, then what waits.</summary>
    public void Open(MqttConnection connection)
    {
        _connection = connection;
        int allowed = connection.Server.ReceiveMaximum == 0 ? ushort.MaxValue : connection.Server.ReceiveMaximum;
        _limit = Math.Min(_flights.Length, allowed);
        _controlBytes = 0;
        foreach (StateSlot slot in _slots) slot.IsDirty = true;
    }

    /// <summary>The connection is gone: what it left unacknowledged goes back to the queue's head, in order.</summary>
    public void Close(MqttConnection connection)
    {
        if (_connection != connection) return;
        _connection = null;
        Span<Flight> pending = _flights.AsSpan().ToArray();
        pending.Sort(static (a, b) => b.Order.CompareTo(a.Order));
        foreach (Flight flight in pending)
        {
            if (flight.Message is { } message) _queue.PutBack(message);
        }

        for (int i = 0; i < _flights.Length; i++)
        {
            if (_flights[i].IsUsed) Free((ushort)(i + 1));
        }
    }

    /// <summary>Sets the newest state of a topic.</summary>
    public void SetState(MqttTopic topic, ReadOnlySpan<byte> payload)
    {
        if (!_slotsByTopic.TryGetValue(topic.Name, out StateSlot? slot))
        {
            slot = new StateSlot(topic);
            _slotsByTopic.Add(topic.Name, slot);
            _slots.Add(slot);
        }

        slot.Payload = payload.ToArray();
        slot.Version++;
        slot.IsDirty = true;
    }

    /// <summary>Adds whole packets that go before all messages.</summary>
    public void AddControl(ReadOnlySpan<byte> packets)
    {
        if (_controlBytes + packets.Length > _control.Length) Array.Resize(ref _control, Math.Max(_control.Length * 2, _controlBytes + packets.Length));
        packets.CopyTo(_control.AsSpan(_controlBytes));
        _controlBytes += packets.Length;
    }

    /// <summary>After what waits has been sent and acknowledged, DISCONNECT follows.</summary>
    public void BeginClosing() => _isClosing = true;

    /// <summary>After what waits now has been put into a batch, DISCONNECT follows, acknowledged or not.</summary>
    public void CloseNow()
    {
        if (IsClosed || _connection is null) return;
        AddControl(MqttWire.NormalDisconnect);
        IsClosed = true;
    }

    /// <summary>Puts what may be sent now on this connection into <see cref="Batch"/>.</summary>
    /// <returns>Its length; 0 when there is nothing to send or the connection is not the one in use.</returns>
    public int Fill(MqttConnection connection, long now)
    {
        if (_connection != connection || connection.IsBroken) return 0;
        int length = 0;
        if (_controlBytes > 0)
        {
            Ensure(_controlBytes, 0);
            _control.AsSpan(0, _controlBytes).CopyTo(_batch);
            length = _controlBytes;
            _controlBytes = 0;
        }

        if (IsClosed) return length;
        length = AppendStates(connection, length, now);
        while (length < BatchBytes && _queue.Peek() is { } message)
        {
            int qos = Math.Min(message.Qos, (int)connection.Server.MaximumQoS);
            if (qos > 0 && _inFlight >= _limit) break;
            _queue.Take();
            if (IsTooLarge(connection, message.Topic, message.Payload, message.Qos))
            {
                _queue.Drop(message);
                continue;
            }

            length = Append(length, message.Topic, message.Payload, qos, false, new Flight { Message = message, SentTimestamp = now });
            if (qos > 0) continue;
            _observer?.Delivered(message.Key);
            _queue.Release(message);
        }

        if (length == 0 && _isClosing && IsIdle)
        {
            CloseNow();
            return Fill(connection, now);
        }

        return length;
    }

    /// <summary>The broker has a message, or refuses it.</summary>
    /// <returns>The topic of a refused message; null where none was refused.</returns>
    public MqttTopic? Acknowledge(MqttConnection connection, ushort packetId, byte reason)
    {
        if (_connection != connection || packetId == 0 || packetId > _flights.Length || !_flights[packetId - 1].IsUsed) return null;
        Flight flight = _flights[packetId - 1];
        Free(packetId);
        MqttTopic topic = flight.State?.Topic ?? flight.Message!.Topic;
        bool isRefused = reason >= 0x80;
        if (isRefused) Refused++;
        else Acknowledged++;
        if (flight.Message is { } message)
        {
            if (isRefused) _observer?.Lost(message.Key);
            else _observer?.Delivered(message.Key);
            _queue.Release(message);
        }
        else if (flight.State is { } slot && slot.Payload.Length == 0 && slot.Version == flight.Version)
        {
            // Nothing is retained there any more, and nothing is to be said at the next connection.
            Remove(slot);
            if (!isRefused) _cleared = topic;
        }

        return isRefused ? topic : null;
    }

    /// <summary>When the oldest unacknowledged message was sent; <paramref name="now"/> when there is none.</summary>
    public long OldestSent(long now)
    {
        long oldest = now;
        foreach (ref readonly Flight flight in _flights.AsSpan())
        {
            if (flight.IsUsed) oldest = Math.Min(oldest, flight.SentTimestamp);
        }

        return oldest;
    }

    /// <summary>The topic of the last state that was not sent since the broker takes no packet so large; returned once, and again after it has fitted.</summary>
    public MqttTopic? TakeOversize()
    {
        MqttTopic? topic = _oversize;
        _oversize = null;
        return topic;
    }

    /// <summary>The topic of a state that was cleared (an empty payload) and that the broker has acknowledged as such since the last call.</summary>
    public MqttTopic? TakeCleared()
    {
        MqttTopic? topic = _cleared;
        _cleared = null;
        return topic;
    }

    private static bool IsTooLarge(MqttConnection connection, MqttTopic topic, ReadOnlySpan<byte> payload, int qos)
    {
        long largest = connection.Server.MaximumPacketSize == 0 ? MqttWire.LargestRemaining : connection.Server.MaximumPacketSize;
        return MqttWire.PublishBytes(topic.Utf8.Length, payload.Length, qos) > largest;
    }

    private int AppendStates(MqttConnection connection, int length, long now)
    {
        int qos = Math.Min(1, (int)connection.Server.MaximumQoS);
        foreach (StateSlot slot in _slots)
        {
            if (!slot.IsDirty || _inFlight >= _limit) continue;
            slot.IsDirty = false;
            bool wasOversize = slot.IsOversize;
            slot.IsOversize = IsTooLarge(connection, slot.Topic, slot.Payload, qos);
            if (slot.IsOversize)
            {
                // Sent, it would end this connection and, as the first packet, each that follows.
                if (!wasOversize) _oversize = slot.Topic;
                continue;
            }

            // Without acknowledgements this is all that can be done.
            if (qos == 0 && slot.Payload.Length == 0) slot.IsGone = true;
            length = Append(length, slot.Topic, slot.Payload, qos, connection.Server.RetainAvailable, new Flight { State = slot, Version = slot.Version, SentTimestamp = now });
        }

        if (qos == 0) RemoveGone();
        return length;
    }

    private int Append(int length, MqttTopic topic, ReadOnlySpan<byte> payload, int qos, bool isRetained, Flight flight)
    {
        int bytes = MqttWire.PublishBytes(topic.Utf8.Length, payload.Length, qos);
        Ensure(length + bytes, length);
        ushort packetId = 0;
        if (qos > 0)
        {
            packetId = _freeIds.Pop();
            flight.Order = ++_order;
            _flights[packetId - 1] = flight;
            _inFlight++;
        }

        Published++;
        return length + MqttWire.WritePublish(_batch.AsSpan(length), topic.Utf8, payload, qos, isRetained, packetId);
    }

    private void RemoveGone()
    {
        for (int i = _slots.Count - 1; i >= 0; i--)
            if (_slots[i].IsGone) Remove(_slots[i]);
    }

    private void Remove(StateSlot slot)
    {
        if (_slotsByTopic.GetValueOrDefault(slot.Topic.Name) != slot) return;
        _slotsByTopic.Remove(slot.Topic.Name);
        _slots.Remove(slot);
    }

    private void Free(ushort packetId)
    {
        _flights[packetId - 1] = default;
        _freeIds.Push(packetId);
        _inFlight--;
    }

    private void Ensure(int bytes, int kept)
    {
        if (bytes <= _batch.Length) return;
        byte[] larger = new byte[Math.Max(bytes, _batch.Length * 2)];
        _batch.AsSpan(0, kept).CopyTo(larger);
        _batch = larger;
    }

    /// <summary>The newest state of one topic.</summary>
    private sealed class StateSlot(MqttTopic topic)
    {
        public MqttTopic Topic { get; } = topic;

        public byte[] Payload { get; set; } = [];

        /// <summary>Counts the payloads that it has had.</summary>
        public long Version { get; set; }

        public bool IsDirty { get; set; }

        public bool IsGone { get; set; }

        public bool IsOversize { get; set; }
    }

    /// <summary>A packet that waits for its acknowledgement.</summary>
    private struct Flight
    {
        public QueuedMessage? Message;
        public StateSlot? State;
        public long Version;
        public long Order;
        public long SentTimestamp;

        public readonly bool IsUsed => Message is not null || State is not null;
    }
}
