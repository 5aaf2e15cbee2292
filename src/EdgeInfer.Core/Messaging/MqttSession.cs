using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Messaging;

/// <summary>
/// A lasting connection to a broker: it starts without one and keeps trying, takes messages at any time, and sends them when it can.
/// Whatever the network or the broker does shows in <see cref="Status"/>; nothing here throws at those who publish.
/// </summary>
internal sealed partial class MqttSession : IOutgoing, IPacketHandler, IAsyncDisposable
{
    /// <summary>Packet ids of messages stay below: <see cref="Configuration.MqttOptions.InFlight"/> is at most 1024.</summary>
    private const ushort SubscribePacketId = ushort.MaxValue;

    /// <summary>Of the keep-alive, how often the line is looked at.</summary>
    private const double LookShare = 1.0 / 8;

    /// <summary>Of the keep-alive, how long an acknowledgement may take.</summary>
    private const double PatienceShare = 1.25;

    /// <summary>Two clients with one id throw each other out within their back-off.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly MqttSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly Backoff _backoff;
    private readonly MqttSender _sender;
    private readonly List<TopicFilter> _filters = [];
    private readonly bool _hasSource;
    private readonly CancellationTokenSource _stop = new();
    private MqttMessageHandler? _handler;
    private Task? _running;
    private MqttSessionState _state;
    private Fault? _cause;
    private Fault? _lastError;
    private DateTimeOffset? _connectedSince;
    private DateTimeOffset _since;
    private long _connections;
    private int _silentCloses;
    private volatile bool _isRetired;
    private long _subscribing;

    /// <summary>Prepares a session; nothing is connected before <see cref="Start"/>.</summary>
    /// <param name="settings">Where to, as whom, and how much may wait.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter of the back-off.</param>
    /// <param name="logger">Changes of state go here.</param>
    /// <param name="observer">Learns what became of messages.</param>
    /// <param name="source">Asked for messages while there is room for more unacknowledged, behind all others.</param>
    public MqttSession(MqttSettings settings, TimeProvider time, Random random, ILogger logger, IDeliveryObserver? observer = null, IMessageSource? source = null)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _since = time.GetUtcNow();
        _hasSource = source is not null;
        _random = random;
        _backoff = new(settings.FirstDelay, settings.LongestDelay, random, BackoffJitter.Full);
        _sender = new(settings, time, observer, source, topic => Note(new(FaultKind.Configuration, settings.Address,
            $"the state at '{topic}' is larger than the broker's maximum packet size and is not sent", "raise the broker's maximum packet size")));
    }

    /// <summary>Raised after each change of <see cref="MqttSessionStatus.State"/>, on the session's threads.</summary>
    public event Action? StateChanged;

    /// <summary>Raised after the broker has acknowledged that the state of a topic is cleared, on the session's threads.</summary>
    public event Action<MqttTopic>? StateCleared;

    /// <summary>What the session is doing, and its counts.</summary>
    public MqttSessionStatus Status
    {
        get { lock (_lock) return new(_state, _cause, _lastError, _connectedSince, _since, _sender.Counts(_connections), _trustWatch?.Trouble); }
    }

    /// <summary>Subscribes to topic filters (QoS 1) on each connection, beside those of earlier calls; before <see cref="Start"/>.</summary>
    /// <param name="filters">Filters that do not overlap.</param>
    /// <param name="handler">Gets what comes, of earlier calls too.</param>
    /// <param name="kind">What these are for.</param>
    public void Subscribe(IEnumerable<string> filters, MqttMessageHandler handler, SubscriptionKind kind = SubscriptionKind.Watching)
    {
        _filters.AddRange(filters.Select(filter => new TopicFilter(filter, kind)));
        _handler = handler;
    }

    /// <summary>Begins to connect, and keeps trying.</summary>
    public void Start()
    {
        // Whoever looks before the first attempt has begun is not told that it has ended.
        lock (_lock) _state = MqttSessionState.Connecting;
        _running = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public bool TryPublish(MqttTopic topic, ReadOnlySpan<byte> payload, int qos, long key = 0) => _sender.TryPublish(topic, payload, qos, key);

    /// <inheritdoc/>
    public void PublishState(MqttTopic topic, ReadOnlySpan<byte> payload) => _sender.PublishState(topic, payload);

    /// <inheritdoc/>
    public bool TryRespond(MqttTopic topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlationData)
        => _sender.Fits(new PublishPacket(topic.Utf8, payload) { Qos = 1, CorrelationData = correlationData }) && _sender.TryPublish(topic, payload, 1, 0, correlationData);

    /// <summary>The message source has something to send: it is asked now. Any thread, not under a lock that the source takes.</summary>
    public void Wake() => _sender.Wake();

    /// <summary>Takes nothing more from the message source, which another session serves from now on.</summary>
    public void Retire()
    {
        _isRetired = true;
        _sender.Retire();
    }

    /// <summary>Takes over what a stopped session has not delivered of its queue, before its own messages.</summary>
    public void TakeOver(MqttSession earlier) => _sender.TakeOver(earlier._sender);

    /// <summary>
    /// Takes no more messages, sends what waits, waits for its acknowledgement, and says goodbye; the last will is not published.
    /// </summary>
    /// <param name="deadline">The longest it may take; what is not acknowledged by then goes back to the source, or is lost where it is the queue's.</param>
    /// <returns>Messages of the queue that were not delivered.</returns>
    public async Task<int> StopAsync(TimeSpan deadline)
    {
        if (_stop.IsCancellationRequested) return 0;

        // A tenth of the time is kept for the goodbye to a broker that acknowledges nothing.
        if (_sender.BeginClosing() && !await IsClosedWithin(deadline * 0.9).ConfigureAwait(false))
        {
            _sender.CloseNow();
            await IsClosedWithin(deadline * 0.1).ConfigureAwait(false);
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        _sender.Abort();
        if (_running is not null) await _running.ConfigureAwait(false);
        SetState(MqttSessionState.Stopped, null);
        int left = _sender.Queued;
        if (left > 0 && !_isRetired) LogLeft(_logger, _settings.Address, left);
        return left;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero).ConfigureAwait(false);

    private async Task RunAsync()
    {
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            MqttLinkException? end;
            FileStamp[] files = TrustFiles.Stamps(_settings.Options);
            try
            {
                // A thread of its own for each connection, its attempt included: see PolledStream.
                end = await Task.Factory.StartNew(() => ConnectAsync(stop).GetAwaiter().GetResult(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            }
            catch (MqttLinkException failure)
            {
                end = failure;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Nobody else would try again, and nobody look at this task before the stop.
            catch (Exception defect)
#pragma warning restore CA1031
            {
                end = ConnectFaults.OfDefect(_settings, defect);
            }

            // After the goodbye the broker closes the line: that is no trouble.
            if (stop.IsCancellationRequested || _sender.HasSaidGoodbye) return;
            if (end is null) continue;
            SetState(end.NeedsOperator ? MqttSessionState.Failed : MqttSessionState.Waiting, end.Fault);
            await PauseAsync(end.WaitsLong ? Spread(_settings.FailedDelay) : _backoff.Next(), files, stop).ConfigureAwait(false);
        }
    }

    /// <summary>One connection from its first byte to its end; with subscriptions it counts as connected when the broker has answered them.</summary>
    /// <returns>Why it ended; null where it was left for the next one, or the session stops.</returns>
    private async Task<MqttLinkException?> ConnectAsync(CancellationToken stop)
    {
        SetState(MqttSessionState.Connecting, _cause);
        using MqttConnection connection = await MqttConnection.OpenAsync(_settings.WithFreshPassword(), _time, stop).ConfigureAwait(false);
        if (_hasSource && connection.Server.MaximumQos == 0) throw BrokerAnswers.NoAcknowledgement(_settings);
        if (_settings.Will is not null && !connection.Server.KeepsMessages) Note(BrokerAnswers.KeepsNothing(_settings));
        long opened = _time.GetTimestamp();
        byte[] subscribe = _filters.Count > 0 ? ClientPackets.Subscribe(SubscribePacketId, _filters, connection.IsVersion311) : [];
        lock (_lock)
        {
            _connections++;
            _connectedSince = _time.GetUtcNow();
        }

        Volatile.Write(ref _subscribing, _filters.Count > 0 ? Math.Max(1, opened) : 0);
        TimeSpan look = connection.KeepAlive * LookShare;
        MqttLinkException? end;
        bool hasLeft;
        (MqttTopic Topic, byte Reason)? refused;
        try
        {
            if (!_sender.Open(connection, subscribe, stop)) return null;
            Forget();
            await using ITimer watch = _time.CreateTimer(_ => Watch(connection), null, look, look);
            await using TrustWatch? files = WatchFiles(connection);

            // Not before the watch is on: whoever sees the state may let time pass.
            if (_filters.Count == 0) SetState(MqttSessionState.Connected, null);
            end = await connection.ReceiveAsync(this).ConfigureAwait(false);
        }
        finally
        {
            _trustWatch = null;
            hasLeft = _sender.HasLeft;
            refused = _sender.Close(connection);
        }

        lock (_lock) _connectedSince = null;
        TimeSpan lasted = _time.GetElapsedTime(opened);

        // Two devices with one name throw each other out for as long as both live: the ceiling must grow.
        if (lasted >= _settings.StableAfter && end is not { NeedsOperator: true }) _backoff.Reset();
        if (hasLeft) return null;
        if (refused is { } message) return new(BrokerAnswers.OfEnding(_settings, message.Topic, message.Reason), needsOperator: false);
        _silentCloses = connection.IsClosedSilently && lasted < s_soon ? _silentCloses + 1 : 0;
        return _silentCloses > 1 ? ConnectFaults.ClosedSilently(_settings, _silentCloses) : end;
    }

    /// <summary>
    /// Pings, and notices a broker that is silent, or answers pings and nothing else. Whatever the broker owes is missed within 1.5 times the
    /// keep-alive: a look comes an eighth late at most, and an eighth is left for the timer's own lateness.
    /// </summary>
    private void Watch(MqttConnection connection)
    {
        if (connection.Watch()) _sender.SendControl(MqttWire.PingRequest);
        TimeSpan patience = connection.KeepAlive * PatienceShare;
        long subscribing = Volatile.Read(ref _subscribing);
        string? owed = _sender.OldestUnacknowledged() >= patience ? "has not acknowledged a message"
            : subscribing != 0 && _time.GetElapsedTime(subscribing) >= patience ? "has not answered the subscription" : null;
        if (owed is not null) connection.Break(new(new(FaultKind.Unavailable, _settings.Address, $"the broker {owed} for {patience.TotalSeconds:0.#} s", ""), false));
    }

    private async Task<bool> IsClosedWithin(TimeSpan time)
    {
        using CancellationTokenSource late = new();
        Task delay = Task.Delay(time, _time, late.Token);
        bool isClosed = await Task.WhenAny(_sender.Closed, delay).ConfigureAwait(false) == _sender.Closed;
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
            if ((state == MqttSessionState.Connected) != (_state == MqttSessionState.Connected)) _since = _time.GetUtcNow();
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

    [LoggerMessage(EventId = 4004, Level = LogLevel.Information, Message = "{Broker}: the certificate files have changed: connecting anew with {What}")]
    private static partial void LogRotated(ILogger logger, string broker, string what);

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "{Broker}: {Count} messages were not delivered before the stop")]
    private static partial void LogLeft(ILogger logger, string broker, int count);
}
