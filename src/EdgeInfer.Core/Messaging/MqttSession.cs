using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;
using MQTTnet.Protocol;

namespace EdgeInfer.Messaging;

/// <summary>
/// A lasting connection to a broker: it starts without one and keeps trying, takes messages at any time, and sends them when it can.
/// A message goes out on the thread that hands it over while the line is free (sockets never block: what does not fit is sent
/// from the pool); one sender at a time.
/// </summary>
internal sealed partial class MqttSession : IOutgoing, IPacketHandler, IAsyncDisposable
{
    /// <summary>Packet ids of messages stay below: <see cref="Configuration.MqttOptions.InFlight"/> is at most 1024.</summary>
    private const ushort SubscribePacketId = ushort.MaxValue;

    /// <summary>Batches a foreign thread sends before the pool takes over.</summary>
    private const int BorrowedBatches = 2;

    private readonly Lock _lock = new();
    private readonly MqttSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Backoff _unreachable;
    private readonly Backoff _refused;
    private readonly SendWindow _window;
    private readonly List<string> _filters = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MqttMessageHandler? _handler;
    private MqttConnection? _connection;
    private Task? _running;
    private int _kicks;
    private bool _isStopping;
    private MqttSessionState _state;
    private Fault? _cause;
    private Fault? _lastError;
    private DateTimeOffset? _connectedSince;
    private long _connections;

    /// <summary>Prepares a session; nothing is connected before <see cref="Start"/>.</summary>
    /// <param name="settings">Where to, as whom, and how much may wait.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter of the back-off.</param>
    /// <param name="logger">Changes of state go here.</param>
    /// <param name="observer">Learns what became of messages.</param>
    public MqttSession(MqttSettings settings, TimeProvider time, Random random, ILogger logger, IDeliveryObserver? observer = null)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _unreachable = new(settings.FirstDelay, settings.LongestDelay, random);
        _refused = new(settings.FirstDelay, settings.FailedDelay, random);
        _window = new(settings, observer);
    }

    /// <summary>Raised after each change of <see cref="MqttSessionStatus.State"/>, on the session's threads.</summary>
    public event Action? StateChanged;

    /// <summary>What the session is doing, and its counts.</summary>
    public MqttSessionStatus Status
    {
        get
        {
            lock (_lock)
            {
                MqttCounts counts = new(_window.Published, _window.Acknowledged, _window.Queue.Dropped, _window.Refused,
                    Math.Max(0, _connections - 1), _window.Queue.Count, _window.Queue.Bytes);
                return new(_state, _cause, _lastError, _connectedSince, counts);
            }
        }
    }

    /// <summary>Subscribes to topic filters (QoS 1) on each connection; before <see cref="Start"/>.</summary>
    public void Subscribe(IEnumerable<string> filters, MqttMessageHandler handler)
    {
        _filters.AddRange(filters);
        _handler = handler;
    }

    /// <summary>Begins to connect, and keeps trying.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <inheritdoc/>
    public bool TryPublish(MqttTopic topic, ReadOnlySpan<byte> payload, int qos, long key = 0)
    {
        lock (_lock)
        {
            if (_isStopping || !_window.Queue.TryEnqueue(topic, payload, qos, key)) return false;
        }

        Kick();
        return true;
    }

    /// <inheritdoc/>
    public void PublishState(MqttTopic topic, ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (_isStopping) return;
            _window.SetState(topic, payload);
        }

        Kick();
    }

    /// <summary>
    /// Takes no more messages, sends what waits, waits for its acknowledgement, and says goodbye; the last will is not published.
    /// </summary>
    /// <param name="deadline">The longest it may take; what is not acknowledged by then is lost.</param>
    /// <returns>Messages that were not delivered.</returns>
    public async Task<int> StopAsync(TimeSpan deadline)
    {
        bool isConnected;
        lock (_lock)
        {
            if (_isStopping) return 0;
            _isStopping = true;
            _window.BeginClosing();
            isConnected = _connection is not null;
        }

        if (isConnected)
        {
            Kick();

            // A tenth of the time is kept for the goodbye of a broker that acknowledges nothing.
            if (!await IsClosedWithin(deadline * 0.9).ConfigureAwait(false))
            {
                lock (_lock) _window.CloseNow();
                Kick();
                await IsClosedWithin(deadline * 0.1).ConfigureAwait(false);
            }
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        lock (_lock) _connection?.Dispose();
        if (_running is not null) await _running.ConfigureAwait(false);
        int left;
        lock (_lock) left = _window.Queue.Count;
        SetState(MqttSessionState.Stopped, null);
        if (left > 0) LogLeft(_logger, _settings.Address, left);
        return left;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <inheritdoc/>
    void IPacketHandler.Acknowledged(MqttConnection connection, ushort packetId, byte reason)
    {
        MqttTopic? refused;
        lock (_lock) refused = _window.Acknowledge(connection, packetId, reason);
        if (refused is not null)
        {
            Note(new(FaultKind.Configuration, _settings.Address, $"the broker refuses messages to '{refused}' (0x{reason:X2})",
                reason == 0x87 ? "allow this user to publish there" : ""));
        }

        Kick();
    }

    /// <inheritdoc/>
    void IPacketHandler.Received(MqttConnection connection, in ReceivedMessage message)
    {
        _handler?.Invoke(message);
        if (message.Qos == 0) return;
        Span<byte> answer = stackalloc byte[4];
        MqttWire.WritePubAck(answer, message.PacketId);
        SendControl(answer);
    }

    /// <inheritdoc/>
    void IPacketHandler.Subscribed(MqttConnection connection, IReadOnlyList<MqttSubscribeReasonCode> reasons)
    {
        for (int i = 0; i < reasons.Count && i < _filters.Count; i++)
        {
            if ((int)reasons[i] < 0x80) continue;
            Note(new(FaultKind.Configuration, _settings.Address, $"the broker refuses the subscription to '{_filters[i]}' (0x{(int)reasons[i]:X2})", "allow this user to read there"));
        }
    }

    private async Task RunAsync()
    {
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            MqttLinkException? end;
            try
            {
                end = await ConnectAsync(stop).ConfigureAwait(false);
            }
            catch (MqttLinkException failure)
            {
                end = failure;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (end is null || stop.IsCancellationRequested) return;
            SetState(end.NeedsOperator ? MqttSessionState.Failed : MqttSessionState.Waiting, end.Fault);
            TimeSpan delay = (end.NeedsOperator ? _refused : _unreachable).Next();
            await Task.Delay(delay, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One connection from its first byte to its end.</summary>
    private async Task<MqttLinkException?> ConnectAsync(CancellationToken stop)
    {
        SetState(MqttSessionState.Connecting, _cause);
        using MqttConnection connection = await MqttConnection.OpenAsync(_settings, _time, stop).ConfigureAwait(false);
        long opened = _time.GetTimestamp();
        lock (_lock)
        {
            // Either this sees the stop, or the stop sees this connection.
            if (stop.IsCancellationRequested) return null;
            _connection = connection;
            _window.Open(connection);
            if (_filters.Count > 0) _window.AddControl(connection.EncodeSubscribe(SubscribePacketId, _filters));
            _connections++;
            _connectedSince = _time.GetUtcNow();
        }

        SetState(MqttSessionState.Connected, null);
        Kick();
        TimeSpan look = TimeSpan.FromMilliseconds(Math.Max(100, connection.KeepAlive.TotalMilliseconds / 4));
        await using ITimer watch = _time.CreateTimer(_ => Watch(connection), null, look, look);
        MqttLinkException? end = await connection.ReceiveAsync(this).ConfigureAwait(false);
        lock (_lock)
        {
            _connection = null;
            _connectedSince = null;
            _window.Close(connection);
            if (_isStopping) _closed.TrySetResult();
        }

        if (_time.GetElapsedTime(opened) >= _settings.StableAfter)
        {
            _unreachable.Reset();
            _refused.Reset();
        }

        return end;
    }

    /// <summary>Pings, and notices a broker that is silent or acknowledges nothing.</summary>
    private void Watch(MqttConnection connection)
    {
        if (connection.Watch()) SendControl(MqttWire.PingRequest);
        long now = _time.GetTimestamp();
        long oldest;
        lock (_lock) oldest = _window.OldestSent(now);
        TimeSpan patience = connection.KeepAlive * 2;
        if (_time.GetElapsedTime(oldest, now) < patience) return;
        connection.Break(new(new(FaultKind.Unavailable, _settings.Address, $"the broker has not acknowledged a message for {patience.TotalSeconds:0.#} s", ""), false));
    }

    private void SendControl(ReadOnlySpan<byte> packet)
    {
        lock (_lock) _window.AddControl(packet);
        Kick();
    }

    /// <summary>Sends what may be sent, here and now, unless another thread is at it: then that one goes on.</summary>
    private void Kick()
    {
        if (Interlocked.Increment(ref _kicks) == 1) _ = PumpAsync();
    }

    private async Task PumpAsync()
    {
        int seen = 1;
        int batches = 0;
        do
        {
            seen = Volatile.Read(ref _kicks);
            while (Volatile.Read(ref _connection) is { } connection)
            {
                try
                {
                    int length;
                    lock (_lock) length = _window.Fill(connection, _time.GetTimestamp());
                    if (length == 0) break;
                    if (++batches == BorrowedBatches + 1) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                    await connection.SendAsync(_window.Batch, length).ConfigureAwait(false);
                }
#pragma warning disable CA1031 // Whatever the network does ends this connection and nothing else.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    connection.Break(ConnectFaults.OfConnection(_settings, e));
                }

                if (_window.IsClosed) _closed.TrySetResult();
            }
        }
        while (Interlocked.Add(ref _kicks, -seen) != 0);
    }

    private async Task<bool> IsClosedWithin(TimeSpan time)
    {
        using CancellationTokenSource late = new();
        Task delay = Task.Delay(time, _time, late.Token);
        bool isClosed = await Task.WhenAny(_closed.Task, delay).ConfigureAwait(false) == _closed.Task;
        await late.CancelAsync().ConfigureAwait(false);
        return isClosed;
    }

    private void SetState(MqttSessionState state, Fault? cause)
    {
        bool isNews;
        lock (_lock)
        {
            // A new attempt is no news to an operator; its end is.
            isNews = cause is not null && cause.What != _cause?.What;
            _state = state;
            _cause = cause;
            if (cause is not null) _lastError = cause;
        }

        if (state == MqttSessionState.Connected) LogConnected(_logger, _settings.Address, _settings.ClientId);
        else if (isNews) LogTrouble(_logger, cause!);
        StateChanged?.Invoke();
    }

    private void Note(Fault fault)
    {
        bool isNews;
        lock (_lock)
        {
            isNews = fault.What != _lastError?.What;
            _lastError = fault;
        }

        if (isNews) LogTrouble(_logger, fault);
    }

    [LoggerMessage(EventId = 4001, Level = LogLevel.Information, Message = "connected to {Broker} as {ClientId}")]
    private static partial void LogConnected(ILogger logger, string broker, string clientId);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Warning, Message = "MQTT: {Fault}")]
    private static partial void LogTrouble(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "{Broker}: {Count} messages were not delivered before the stop")]
    private static partial void LogLeft(ILogger logger, string broker, int count);
}
