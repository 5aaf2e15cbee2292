using MQTTnet.Protocol;

namespace EdgeInfer.Messaging;

/// <summary>
/// What is to be sent and what waits for its acknowledgement: control packets first, then the newest state of each topic, then the
/// queue, then what the message source gives, never more unacknowledged than the broker allows. After a lost connection what was not
/// acknowledged is sent again, in order, before anything newer: the broker has no session of ours, so each is a new message to it (a
/// duplicate is possible, a loss is not). Not thread-safe: the session calls it under its lock.
/// </summary>
internal sealed class SendWindow
{
    private readonly IDeliveryObserver? _observer;
    private readonly IMessageSource? _source;
    private readonly FlightTable _flights;
    private readonly RetainedStates _states = new();
    private readonly Suspicion _suspicion = new();
    private readonly PacketBatch _batch = new();
    private MqttConnection? _connection;
    private MqttTopic? _oversize;
    private MqttTopic? _cleared;
    private bool _isClosing;
    private bool _isGoodbyeDue;
    private bool _isRetired;
    private bool _isLeaving;
    private bool _hasAnswered;

    /// <summary>Prepares an empty window.</summary>
    public SendWindow(MqttSettings settings, IDeliveryObserver? observer, IMessageSource? source)
    {
        Queue = new(settings.QueueCount, settings.QueueBytes, observer);
        _observer = observer;
        _source = source;
        _flights = new(settings.Options.InFlight);
    }

    /// <summary>Packets put into batches so far.</summary>
    public long Published { get; private set; }

    /// <summary>Messages acknowledged so far.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Messages that the broker refused so far.</summary>
    public long Refused { get; private set; }

    /// <summary>Messages that wait here.</summary>
    public PublishQueue Queue { get; }

    /// <summary>The bytes of the last batch; valid until the next.</summary>
    public byte[] Batch => _batch.Bytes;

    /// <summary>Whether everything is sent and acknowledged.</summary>
    public bool IsIdle => _flights.Count == 0 && Queue.Waiting == 0 && !_states.HasDirty && (_isRetired || _source is null or { IsIdle: true });

    /// <summary>Whether DISCONNECT has been put into a batch.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether this connection's DISCONNECT is under way while the session goes on; until the next is there.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>A connection is there: every state is to be sent, then what waits.</summary>
    public void Open(MqttConnection connection)
    {
        _connection = connection;
        _flights.Limit(_suspicion.IsOn ? 1 : connection.Server.ReceiveMaximum);
        _batch.Clear();
        _isLeaving = HasLeft = _hasAnswered = false;
        _states.MarkAll();
        _source?.LineChanged(isUp: true);
    }

    /// <summary>
    /// The connection is gone: what it left unacknowledged goes back to the queue's head and to the source, in order, but for a message at
    /// which the broker ends every connection.
    /// </summary>
    /// <returns>The topic of that message, and the reason for which it is given up.</returns>
    public (MqttTopic Topic, byte Reason)? Close(MqttConnection connection)
    {
        if (_connection != connection) return null;
        _connection = null;
        Flight[] pending = _flights.RemoveAll();
        (MqttTopic, byte)? refused = null;
        if (!_isClosing && !HasLeft && _suspicion.Ended(connection.Ending, pending, _hasAnswered) is { } reason)
        {
            Answer(pending[0], reason);
            if (pending[0].State is { } state) state.IsBarred = true;
            refused = (pending[0].Topic, reason);
            pending = [];
        }

        // The others go before it the next time, and show whether the broker takes any.
        if (_suspicion.IsOn && pending is [{ State: { } suspect }]) _states.MoveLast(suspect);

        for (int i = pending.Length - 1; i >= 0; i--)
        {
            if (pending[i].Message is { } message) Queue.PutBack(message);
        }

        foreach (ref readonly Flight flight in pending.AsSpan())
        {
            if (flight.IsSourced) _source!.Returned(flight.Token);
        }

        _source?.LineChanged(isUp: false);
        return refused;
    }

    /// <summary>Another session serves the source from now on: nothing more is taken from it, but what is on its way is settled here.</summary>
    public void Retire() => _isRetired = true;

    /// <summary>Sets the newest state of a topic.</summary>
    public void SetState(MqttTopic topic, ReadOnlySpan<byte> payload) => _states.Set(topic, payload);

    /// <summary>
    /// Adds whole packets that go before all messages, but behind DISCONNECT, which nothing may follow; false where so many wait already that
    /// the broker cannot be reading.
    /// </summary>
    public bool AddControl(ReadOnlySpan<byte> packets) => _isGoodbyeDue || HasLeft || _batch.AddControl(packets);

    /// <summary>After what waits has been sent and acknowledged, DISCONNECT follows: on this connection, but where it was left for the next already.</summary>
    public void BeginClosing()
    {
        _isClosing = true;
        if (!HasLeft) _isLeaving = false;
    }

    /// <summary>After what waits now has been put into a batch, DISCONNECT follows, acknowledged or not.</summary>
    public void CloseNow()
    {
        if (_isGoodbyeDue || HasLeft || _connection is null) return;
        AddControl(MqttWire.NormalDisconnect);
        _isGoodbyeDue = true;
    }

    /// <summary>Nothing more is put into batches of this connection; once all is acknowledged, DISCONNECT follows.</summary>
    public void BeginLeaving() => _isLeaving = true;

    /// <summary>DISCONNECT follows now; what is not acknowledged is sent again on the next connection.</summary>
    public void LeaveNow()
    {
        if (HasLeft || _isGoodbyeDue || _connection is null) return;
        AddControl(MqttWire.NormalDisconnect);
        _isLeaving = HasLeft = true;
    }

    /// <summary>Puts what may be sent now on this connection into <see cref="Batch"/>.</summary>
    /// <returns>Its length; 0 when there is nothing to send or the connection is not the one in use.</returns>
    public int Fill(MqttConnection connection, long now)
    {
        if (_connection != connection || connection.IsBroken) return 0;
        _batch.Begin();
        IsClosed |= _isGoodbyeDue;
        if (IsClosed || HasLeft) return _batch.Length;
        if (_isLeaving)
        {
            if (_batch.Length > 0 || _flights.Count > 0) return _batch.Length;
            LeaveNow();
            return Fill(connection, now);
        }

        AppendStates(connection, now);
        AppendQueue(connection, now);
        AppendSource(connection, now);
        if (_batch.Length == 0 && _isClosing && IsIdle)
        {
            CloseNow();
            return Fill(connection, now);
        }

        return _batch.Length;
    }

    /// <summary>The broker has a message, or refuses it.</summary>
    /// <returns>The topic of a refused message; null where none was refused.</returns>
    public MqttTopic? Acknowledge(MqttConnection connection, ushort packetId, byte reason)
    {
        if (_connection != connection || !_flights.TryRemove(packetId, out Flight flight)) return null;
        Answer(flight, reason);
        _hasAnswered = true;
        if (_suspicion.Answered(flight)) _flights.Limit(connection.Server.ReceiveMaximum);
        return reason >= 0x80 ? flight.Topic : null;
    }

    /// <summary>When the oldest unacknowledged message was sent; <paramref name="now"/> when there is none.</summary>
    public long OldestSent(long now) => _flights.OldestSent(now);

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

    private void Answer(in Flight flight, byte reason)
    {
        bool isRefused = reason >= 0x80;
        if (isRefused) Refused++;
        else Acknowledged++;
        if (flight.IsSourced) Settle(flight.Token, reason);
        if (flight.State is { } state && state.Payload.Length == 0 && state.Version == flight.Version)
        {
            _states.Remove(state);
            if (!isRefused) _cleared = state.Topic;
        }

        if (flight.Message is not { } message) return;
        if (isRefused) _observer?.Lost(message.Key);
        else _observer?.Delivered(message.Key);
        Queue.Release(message);
    }

    private void Settle(long token, byte reason)
    {
        // Not of the standard's table for PUBACK, but mosquitto's answer above its message_size_limit, which no CONNACK announces.
        if (reason == (byte)MqttDisconnectReasonCode.PacketTooLarge) _source!.TooLarge(token);
        else _source!.Settled(token, reason);
    }

    private static bool IsTooLarge(MqttConnection connection, in PublishPacket packet) => packet.Bytes > connection.Server.MaximumPacketBytes;

    private void AppendStates(MqttConnection connection, long now)
    {
        int qos = connection.Server.MaximumQos;
        foreach (RetainedState state in _states)
        {
            if (!state.IsDirty || !_flights.HasRoom) continue;
            state.IsDirty = false;
            bool wasOversize = state.IsOversize;
            PublishPacket packet = new(state.Topic.Utf8, state.Payload) { Qos = qos, IsRetained = connection.Server.KeepsMessages, IsVersion311 = connection.IsVersion311 };
            state.IsOversize = IsTooLarge(connection, packet);
            if (state.IsOversize)
            {
                // Sent, it would end this connection and, as the first packet, each that follows.
                if (!wasOversize) _oversize = state.Topic;
                continue;
            }

            // Without acknowledgements this is all that can be done.
            if (qos == 0 && state.Payload.Length == 0) state.IsGone = true;
            Append(packet, new Flight { State = state, Version = state.Version, Topic = state.Topic, SentTimestamp = now });
        }

        if (qos == 0) _states.RemoveGone();
    }

    private void AppendQueue(MqttConnection connection, long now)
    {
        while (_batch.HasRoom && Queue.Peek() is { } message)
        {
            // Nothing tells what became of a message of QoS 0, so none may stand beside a suspect.
            int qos = Math.Min(_suspicion.IsOn ? 1 : message.Qos, connection.Server.MaximumQos);
            if (qos > 0 && !_flights.HasRoom) break;
            Queue.Take();
            PublishPacket packet = new(message.Topic.Utf8, message.Payload) { Qos = qos, CorrelationData = message.CorrelationData, IsVersion311 = connection.IsVersion311 };
            if (IsTooLarge(connection, packet))
            {
                Queue.Drop(message);
                continue;
            }

            Append(packet, new Flight { Message = message, Topic = message.Topic, SentTimestamp = now });
            if (qos > 0) continue;
            _observer?.Delivered(message.Key);
            Queue.Release(message);
        }
    }

    private void AppendSource(MqttConnection connection, long now)
    {
        if (_source is null || _isRetired) return;
        while (_batch.HasRoom && _flights.HasRoom && _source.TryTake(out OutboundMessage message))
        {
            PublishPacket packet = new(message.Topic.Utf8, message.Payload)
            {
                Tail = message.Tail,
                Qos = 1,
                ExpirySeconds = message.ExpirySeconds,
                IsVersion311 = connection.IsVersion311,
            };
            if (IsTooLarge(connection, packet)) _source.TooLarge(message.Token);
            else Append(packet, new Flight { Token = message.Token, Topic = message.Topic, SentTimestamp = now });
        }
    }

    private void Append(in PublishPacket packet, Flight flight)
    {
        if (_suspicion.IsOn) flight.Print = packet.Print();
        _batch.Append(packet, packet.Qos > 0 ? _flights.Add(flight) : (ushort)0);
        Published++;
    }
}
