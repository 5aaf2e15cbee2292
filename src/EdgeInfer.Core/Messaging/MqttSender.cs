namespace EdgeInfer.Messaging;

/// <summary>
/// The one sender of a session. A message goes out on the thread that hands it over while the line is free: plain code while the
/// system takes the bytes at once (sockets never block), so that nothing is allocated and no thread is woken; what the system does not
/// take at once, and a long backlog, go on in the pool.
/// </summary>
internal sealed class MqttSender
{
    /// <summary>Batches a foreign thread sends before the pool takes over.</summary>
    private const int BorrowedBatches = 2;

    private readonly Lock _lock = new();
    private readonly MqttSettings _settings;
    private readonly TimeProvider _time;
    private readonly SendWindow _window;
    private readonly Action<MqttTopic> _oversize;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MqttConnection? _connection;
    private int _kicks;
    private bool _isStopping;

    /// <summary>Prepares a sender without a connection.</summary>
    /// <param name="settings">The session's.</param>
    /// <param name="time">Clock.</param>
    /// <param name="observer">Learns what became of messages.</param>
    /// <param name="source">Asked for messages behind all others.</param>
    /// <param name="oversize">Learns of a state that is larger than the broker takes; called outside the sender's lock.</param>
    public MqttSender(MqttSettings settings, TimeProvider time, IDeliveryObserver? observer, IMessageSource? source, Action<MqttTopic> oversize)
    {
        _oversize = oversize;
        _settings = settings;
        _time = time;
        _window = new(settings, observer, source);
    }

    /// <summary>Completed when DISCONNECT is sent, or the connection ended while stopping; one that was left has a next, which says the rest.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Whether the goodbye is on its way: the broker closes the line then, and that is no trouble.</summary>
    public bool HasSaidGoodbye
    {
        get { lock (_lock) return _window.IsClosed; }
    }

    /// <summary>Whether this connection was left for the next: its end is no trouble.</summary>
    public bool HasLeft
    {
        get { lock (_lock) return _window.HasLeft; }
    }

    /// <summary>Messages waiting or unacknowledged.</summary>
    public int Queued
    {
        get { lock (_lock) return _window.Queue.Count; }
    }

    /// <summary>Counts since the start.</summary>
    /// <param name="connections">Connections made so far.</param>
    public MqttCounts Counts(long connections)
    {
        lock (_lock)
        {
            return new(_window.Published, _window.Acknowledged, _window.Queue.Dropped, _window.Refused,
                Math.Max(0, connections - 1), _window.Queue.Count, _window.Queue.Bytes);
        }
    }

    /// <summary>Copies a message into the queue and sends what may be sent; false when it cannot be taken.</summary>
    public bool TryPublish(MqttTopic topic, ReadOnlySpan<byte> payload, int qos, long key, ReadOnlySpan<byte> correlationData = default)
    {
        lock (_lock)
        {
            if (_isStopping || !_window.Queue.TryEnqueue(topic, payload, qos, key, correlationData)) return false;
        }

        Kick();
        return true;
    }

    /// <summary>Whether the broker, as far as it is there, takes a packet so large.</summary>
    public bool Fits(in PublishPacket packet) => Volatile.Read(ref _connection) is not { } connection || packet.Bytes <= connection.Server.MaximumPacketBytes;

    /// <summary>Sets the newest state of a topic and sends what may be sent.</summary>
    public void PublishState(MqttTopic topic, ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (_isStopping) return;
            _window.SetState(topic, payload);
        }

        Kick();
    }

    /// <summary>Sends what may be sent.</summary>
    public void Wake() => Kick();

    /// <summary>Sends a whole packet before all messages; false where so many wait already that the broker cannot be reading.</summary>
    public bool SendControl(ReadOnlySpan<byte> packet)
    {
        bool hasRoom;
        lock (_lock) hasRoom = _window.AddControl(packet);
        Kick();
        return hasRoom;
    }

    /// <summary>A connection is there.</summary>
    /// <param name="connection">To send on.</param>
    /// <param name="first">Packets that go before all messages.</param>
    /// <param name="stop">Told to stop before this call: the connection is not taken.</param>
    /// <returns>Whether it was taken.</returns>
    public bool Open(MqttConnection connection, ReadOnlySpan<byte> first, CancellationToken stop)
    {
        lock (_lock)
        {
            // Either this sees the stop, or Abort sees the connection.
            if (stop.IsCancellationRequested) return false;
            _connection = connection;
            _window.Open(connection);
            _window.AddControl(first);
        }

        Kick();
        return true;
    }

    /// <summary>The connection has ended; what it left unacknowledged is sent on the next.</summary>
    /// <returns>The topic of a message at which the broker ends every connection, and the reason for which it is given up.</returns>
    public (MqttTopic Topic, byte Reason)? Close(MqttConnection connection)
    {
        lock (_lock)
        {
            _connection = null;
            (MqttTopic, byte)? refused = _window.Close(connection);
            if (_isStopping && !_window.HasLeft) _closed.TrySetResult();
            return refused;
        }
    }

    /// <summary>The broker has a message, or refuses it: then its topic is returned.</summary>
    /// <param name="connection">The connection that it came on.</param>
    /// <param name="packetId">The message.</param>
    /// <param name="reason">The broker's answer.</param>
    /// <param name="cleared">The topic of a state that is cleared now.</param>
    public MqttTopic? Acknowledge(MqttConnection connection, ushort packetId, byte reason, out MqttTopic? cleared)
    {
        MqttTopic? refused;
        lock (_lock)
        {
            refused = _window.Acknowledge(connection, packetId, reason);
            cleared = _window.TakeCleared();
        }

        Kick();
        return refused;
    }

    /// <summary>How long the oldest unacknowledged message has been waiting.</summary>
    public TimeSpan OldestUnacknowledged()
    {
        long now = _time.GetTimestamp();
        long oldest;
        lock (_lock) oldest = _window.OldestSent(now);
        return _time.GetElapsedTime(oldest, now);
    }

    /// <summary>Takes no more messages; after those it has comes DISCONNECT.</summary>
    /// <returns>False where there is no connection to send them on, or this was said before.</returns>
    public bool BeginClosing()
    {
        lock (_lock)
        {
            if (_isStopping) return false;
            _isStopping = true;
            _window.BeginClosing();
            if (_connection is null && !_window.HasLeft) return false;
        }

        Kick();
        return true;
    }

    /// <summary>Takes nothing more from the message source: another session does from now on.</summary>
    public void Retire()
    {
        lock (_lock) _window.Retire();
    }

    /// <summary>Takes over what waits at another sender that has ended, before its own messages.</summary>
    public void TakeOver(MqttSender earlier)
    {
        lock (earlier._lock)
        {
            lock (_lock) _window.Queue.TakeOver(earlier._window.Queue);
        }
    }

    /// <summary>Sends DISCONNECT without waiting for acknowledgements.</summary>
    public void CloseNow()
    {
        lock (_lock) _window.CloseNow();
        Kick();
    }

    /// <summary>Leaves a connection for the next one.</summary>
    /// <param name="connection">It.</param>
    /// <param name="isNow">Whether DISCONNECT is sent at once instead of behind the last acknowledgement.</param>
    /// <returns>False where it is not the one in use, or the session stops on it.</returns>
    public bool Leave(MqttConnection connection, bool isNow)
    {
        lock (_lock)
        {
            if (_connection != connection || _isStopping) return false;
            if (isNow) _window.LeaveNow();
            else _window.BeginLeaving();
        }

        Kick();
        return true;
    }

    /// <summary>Ends the connection, if there is one, without a word.</summary>
    public void Abort()
    {
        lock (_lock) _connection?.Dispose();
    }

    /// <summary>Sends what may be sent, here and now, unless another thread is at it: then that one goes on.</summary>
    private void Kick()
    {
        if (Interlocked.Increment(ref _kicks) == 1) Pump(isBorrowed: true);
    }

    private void Pump(bool isBorrowed)
    {
        int batches = 0;
        int seen;
        do
        {
            seen = Volatile.Read(ref _kicks);
            while (Volatile.Read(ref _connection) is { } connection)
            {
                Task? sending = SendBatch(connection);
                if (sending is null) break;
                if (!sending.IsCompletedSuccessfully || (++batches == BorrowedBatches && isBorrowed))
                {
                    // This still is the one sender, wherever it goes on.
                    _ = ResumeAsync(connection, sending);
                    return;
                }

                if (_window.IsClosed) _closed.TrySetResult();
            }
        }
        while (Interlocked.Add(ref _kicks, -seen) != 0);
    }

    /// <summary>Begins to send the next batch; null when there is none.</summary>
    private Task? SendBatch(MqttConnection connection)
    {
        try
        {
            int length;
            MqttTopic? oversize;
            lock (_lock)
            {
                length = _window.Fill(connection, _time.GetTimestamp());
                oversize = _window.TakeOversize();
            }

            if (oversize is { } topic) _oversize(topic);
            return length == 0 ? null : connection.SendAsync(_window.Batch, length);
        }
#pragma warning disable CA1031 // Whatever goes wrong ends this connection and nothing else.
        catch (Exception e)
#pragma warning restore CA1031
        {
            connection.Break(ConnectFaults.OfConnection(_settings, e));
            return null;
        }
    }

    private async Task ResumeAsync(MqttConnection connection, Task sending)
    {
        try
        {
            await sending.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (_window.IsClosed) _closed.TrySetResult();
        }
#pragma warning disable CA1031 // Whatever goes wrong ends this connection and nothing else.
        catch (Exception e)
#pragma warning restore CA1031
        {
            connection.Break(ConnectFaults.OfConnection(_settings, e));
        }

        Pump(isBorrowed: false);
    }
}
