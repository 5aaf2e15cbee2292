namespace EdgeInfer.Messaging;

/// <summary>
/// The agent's line to its broker, which outlives the session that serves it: those who publish keep it, and a reload puts another
/// session behind it. Any thread.
/// </summary>
/// <param name="first">The session to begin with; owned by the line from now on.</param>
internal sealed class BrokerLine(MqttSession first) : IOutgoing, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private volatile MqttSession _session = first;
    private MqttSession? _delivering;
    private MqttCounts _earlier;
    private Action? _stateChanged;

    /// <summary>Raised after the state of the session in use has changed, on its threads.</summary>
    public event Action? StateChanged
    {
        add
        {
            _stateChanged += value;
            _session.StateChanged += value;
        }

        remove
        {
            _stateChanged -= value;
            _session.StateChanged -= value;
        }
    }

    /// <summary>The session in use; the counts are those of all sessions so far.</summary>
    public MqttSessionStatus Status
    {
        get
        {
            lock (_lock)
            {
                MqttSessionStatus status = _session.Status;
                MqttCounts earlier = _delivering is { } old ? Sum(_earlier, old.Status.Counts) : _earlier;
                return status with { Counts = Sum(earlier, status.Counts) };
            }
        }
    }

    /// <summary>Begins to connect.</summary>
    public void Start() => _session.Start();

    /// <inheritdoc/>
    public bool TryPublish(MqttTopic topic, ReadOnlySpan<byte> payload, int qos, long key = 0)
    {
        MqttSession session = _session;
        if (session.TryPublish(topic, payload, qos, key)) return true;

        // Between reading the field and the call another session may have taken over.
        return session != _session && _session.TryPublish(topic, payload, qos, key);
    }

    /// <inheritdoc/>
    public void PublishState(MqttTopic topic, ReadOnlySpan<byte> payload)
    {
        MqttSession session = _session;
        session.PublishState(topic, payload);
        if (session != _session) _session.PublishState(topic, payload);
    }

    /// <inheritdoc/>
    public bool TryRespond(MqttTopic topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlationData)
    {
        MqttSession session = _session;
        if (session.TryRespond(topic, payload, correlationData)) return true;
        return session != _session && _session.TryRespond(topic, payload, correlationData);
    }

    /// <summary>As <see cref="MqttSession.TryAgain"/>.</summary>
    public void TryAgain() => _session.TryAgain();

    /// <summary>As <see cref="MqttSession.Wake"/>.</summary>
    public void Wake() => _session.Wake();

    /// <summary>
    /// Puts another session in the place of the one in use. What is published from now on waits in the new one, and what the message
    /// source has waits for it; the old one delivers what it has and says goodbye; then the new one connects, so that one client id
    /// never throws itself out.
    /// </summary>
    /// <param name="next">Not started, of the same message source; owned by the line from now on.</param>
    /// <param name="deadline">The longest the old one may take; the new one sends what it has not delivered by then.</param>
    public async Task ReplaceAsync(MqttSession next, TimeSpan deadline)
    {
        MqttSession old = _session;
        next.StateChanged += _stateChanged;
        old.StateChanged -= _stateChanged;
        old.Retire();
        lock (_lock) (_delivering, _session) = (old, next);
        await old.StopAsync(deadline).ConfigureAwait(false);
        await old.DisposeAsync().ConfigureAwait(false);
        lock (_lock)
        {
            next.TakeOver(old);
            _earlier = Sum(_earlier, old.Status.Counts);
            _delivering = null;
        }

        next.Start();
    }

    /// <summary>As <see cref="MqttSession.StopAsync"/>.</summary>
    public Task<int> StopAsync(TimeSpan deadline) => _session.StopAsync(deadline);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private static MqttCounts Sum(MqttCounts earlier, MqttCounts now) => now with
    {
        Published = earlier.Published + now.Published,
        Acknowledged = earlier.Acknowledged + now.Acknowledged,
        Dropped = earlier.Dropped + now.Dropped,
        Refused = earlier.Refused + now.Refused,
        Reconnects = earlier.Reconnects + now.Reconnects,
    };
}
