using EdgeInfer.Messaging;

namespace EdgeInfer.Sinks;

/// <summary>
/// Keeps the retained status of the device and of its pipelines true: at the start, shortly after each change, every minute, and at
/// the end. The session sends the newest one at each new connection by itself.
/// </summary>
internal sealed class StatusReporter : IDisposable
{
    /// <summary>Changes that come together (several cameras at the start) make one message.</summary>
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly MqttTopics _topics;
    private readonly IOutgoing _outgoing;
    private readonly Func<StatusMessage> _snapshot;
    private readonly ITimer _timer;
    private readonly MqttTopic _topic;
    private readonly Dictionary<string, (MqttTopic Topic, bool IsOnline)> _pipelines = [];
    private bool _hasStarted;
    private bool _hasStopped;
    private bool _isDue;

    /// <summary>Prepares to report; nothing is published before <see cref="Start"/>.</summary>
    /// <param name="topics">The device's topics.</param>
    /// <param name="outgoing">The session.</param>
    /// <param name="snapshot">The agent's state now, complete; called on any thread, one call at a time.</param>
    /// <param name="time">Clock.</param>
    public StatusReporter(MqttTopics topics, IOutgoing outgoing, Func<StatusMessage> snapshot, TimeProvider time)
    {
        _topics = topics;
        _outgoing = outgoing;
        _snapshot = snapshot;
        _topic = topics.Status;
        _timer = time.CreateTimer(static r => ((StatusReporter)r!).Report(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What the broker is to say when the agent is gone without a word.</summary>
    public static LastWill Will(MqttTopics topics, string device, string version, long boot)
        => new(topics.Status, new StatusMessage { State = AgentState.Offline, Device = device, Version = version, Boot = boot }.Encode());

    /// <summary>Publishes the birth message, and goes on by itself.</summary>
    public void Start()
    {
        lock (_lock) _hasStarted = true;
        Report();
    }

    /// <summary>Something in the snapshot has changed: it is published shortly.</summary>
    public void Changed()
    {
        lock (_lock)
        {
            if (!_hasStarted || _hasStopped || _isDue) return;
            _isDue = true;
            _timer.Change(s_settle, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Publishes the last message: stopped, every pipeline offline. The session then sends it before it ends. Who never began has nothing to say.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            if (_hasStopped) return;
            _hasStopped = true;
            if (!_hasStarted) return;
            Publish(_snapshot() with { State = AgentState.Stopped }, isOver: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Report()
    {
        lock (_lock)
        {
            if (_hasStopped) return;
            _isDue = false;
            Publish(_snapshot(), isOver: false);
            _timer.Change(s_interval, Timeout.InfiniteTimeSpan);
        }
    }

    private void Publish(StatusMessage status, bool isOver)
    {
        IReadOnlyDictionary<string, PipelineReport> pipelines = status.Pipelines ?? new Dictionary<string, PipelineReport>();

        // Before the device's own: after a crash they may say online of pipelines that have not begun, and together the two would be believed.
        foreach ((string name, PipelineReport pipeline) in pipelines) Publish(name, !isOver && pipeline.State == PipelineState.Running);

        // Those that a reload has taken away.
        foreach (string name in _pipelines.Keys.Where(name => !pipelines.ContainsKey(name)).ToArray())
        {
            Publish(name, isOnline: false);
            _pipelines.Remove(name);
        }

        _outgoing.PublishState(_topic, status.Encode());
    }

    private void Publish(string name, bool isOnline)
    {
        if (!_pipelines.TryGetValue(name, out (MqttTopic Topic, bool IsOnline) known)) known = (_topics.PipelineStatus(name), !isOnline);
        if (known.IsOnline != isOnline) _outgoing.PublishState(known.Topic, isOnline ? "online"u8 : "offline"u8);
        _pipelines[name] = (known.Topic, isOnline);
    }
}
