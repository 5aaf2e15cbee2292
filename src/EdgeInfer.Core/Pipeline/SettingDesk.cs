using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using EdgeInfer.Settings;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>
/// What can be set of pipelines while they run: takes the messages, keeps the values over restarts, and says what is at work. Messages
/// are handled one after the other away from whoever brings them; of several for one key that wait, the newest counts.
/// </summary>
internal sealed partial class SettingDesk : IDisposable
{
    /// <summary>Values that follow each other (a slider) make one write: flash wears out.</summary>
    private static readonly TimeSpan s_betweenWrites = TimeSpan.FromMilliseconds(500);

    // Topics that are named in the log before it is taken as known that somebody sends to no pipeline of ours.
    private const int MostNamed = 32;

    // Two locks: whoever brings a message never waits for the disk.
    private readonly Lock _inbox = new();
    private readonly Lock _lock = new();
    private readonly SettingStore _store;
    private readonly SettingStates _states;
    private readonly Func<string, Task> _switched;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, LiveSettings> _live = [];
    private readonly HashSet<string> _named = [];
    private Dictionary<(string Pipeline, string Key), byte[]> _waiting = [];
    private volatile Dictionary<string, PipelineOptions> _pipelines = [];
    private bool _isStopping;
    private bool _isWorking;
    private bool _isRefreshDue;
    private Task _work = Task.CompletedTask;

    /// <summary>Prepares the desk; it knows no pipeline before <see cref="Adopt"/>.</summary>
    /// <param name="store">What was set before.</param>
    /// <param name="outgoing">Where states go.</param>
    /// <param name="modelThreshold">The threshold that a pipeline's models have of their own; null while that is not known.</param>
    /// <param name="switched">Turns a pipeline on or off as its settings now say.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">What is set, and what is refused.</param>
    public SettingDesk(
        SettingStore store, IOutgoing outgoing, Func<string, double?> modelThreshold, Func<string, Task> switched, TimeProvider time, ILogger logger)
    {
        _store = store;
        _states = new(store, outgoing, modelThreshold, time);
        _switched = switched;
        _time = time;
        _logger = logger;
    }

    /// <summary>The settings of a pipeline, from now on.</summary>
    public LiveSettings Of(PipelineOptions pipeline)
    {
        lock (_lock)
        {
            if (!_live.TryGetValue(pipeline.Name, out LiveSettings? live)) _live.Add(pipeline.Name, live = new(Effective(pipeline)));
            return live;
        }
    }

    /// <summary>Another configuration: what was set over other values than it has is forgotten.</summary>
    public void Adopt(AgentConfiguration configuration)
    {
        lock (_lock)
        {
            IReadOnlyList<StoredSetting> outdated = _store.DropOutdated(configuration);
            foreach (StoredSetting setting in outdated) LogDropped(_logger, setting.Pipeline, setting.Key, setting.Value);
            if (outdated.Count > 0) Save();
            Dictionary<string, PipelineOptions> before = _pipelines;
            _pipelines = configuration.Pipelines.ToDictionary(static p => p.Name);
            foreach (string gone in before.Keys.Where(name => !_pipelines.ContainsKey(name)))
            {
                _live.Remove(gone);
                _states.Forget(gone);
            }

            foreach (PipelineOptions pipeline in _pipelines.Values) Of(pipeline).Replace(Effective(pipeline));
        }
    }

    /// <summary>Publishes every state, to a broker that may be another.</summary>
    /// <param name="topics">The device's topics from now on.</param>
    /// <param name="isNewBroker">Whether what was published before is not known there.</param>
    public void Publish(MqttTopics topics, bool isNewBroker)
    {
        lock (_lock)
        {
            _states.Use(topics, isNewBroker);
            _states.Publish(_pipelines.Values);
        }
    }

    /// <summary>A model may have been opened: the states that depend on it are published shortly where they are others now.</summary>
    public void Refresh()
    {
        lock (_inbox)
        {
            if (_isStopping) return;
            _isRefreshDue = true;
            Work();
        }
    }

    /// <summary>Takes a message and returns at once.</summary>
    /// <param name="pipeline">The pipeline's level of the topic.</param>
    /// <param name="key">The key's level.</param>
    /// <param name="message">The message; empty clears what was set.</param>
    public void Receive(string pipeline, string key, ReadOnlySpan<byte> message)
    {
        lock (_inbox)
        {
            if (_isStopping) return;
            if (!_pipelines.ContainsKey(pipeline) || !SettingKey.IsKnown(key))
            {
                NameUnknown(pipeline, key);
                return;
            }

            // One byte more than a value may have tells that it is too long.
            _waiting[(pipeline, key)] = message[..Math.Min(message.Length, SettingValue.LongestBytes + 1)].ToArray();
            Work();
        }
    }

    /// <summary>Takes no more messages; what waits is taken up, written down and said first. Ends when that is done.</summary>
    public async Task StopAsync()
    {
        Task work;
        lock (_inbox)
        {
            // Also where nothing waits: what a full disk has not taken may find room now.
            if (!_isStopping) Work();
            _isStopping = true;
            work = _work;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    /// <summary>Takes no more messages; what is at work ends by itself.</summary>
    public void Dispose() => _ = StopAsync();

    /// <summary>Completes when nothing waits; for tests.</summary>
    internal Task Idle
    {
        get { lock (_inbox) return _work; }
    }

    private void Work()
    {
        if (_isWorking) return;
        _isWorking = true;
        _work = Task.Run(WorkAsync);
    }

    private async Task WorkAsync()
    {
        while (true)
        {
            Dictionary<(string Pipeline, string Key), byte[]> messages;
            bool isLast;
            lock (_inbox)
            {
                isLast = _isStopping;
                if (_waiting.Count == 0 && !_isRefreshDue && !isLast)
                {
                    _isWorking = false;
                    return;
                }

                _isRefreshDue = false;
                (messages, _waiting) = (_waiting, []);
            }

            try
            {
                await HandleAsync(messages, isLast).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // A defect in one setting must not end all others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogFault(_logger, new(FaultKind.Internal, "set", $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect"));
            }

            if (isLast) return;

            // After each message, also one that set nothing: whoever sends without end fills neither log nor line.
            if (messages.Count > 0) await Task.Delay(s_betweenWrites, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HandleAsync(Dictionary<(string Pipeline, string Key), byte[]> messages, bool isLast)
    {
        List<string> switched = [];
        lock (_lock)
        {
            bool isDue = Apply(messages, switched) || (_states.Unsaved is not null && (messages.Count > 0 || isLast));
            if (isDue) Save();
        }

        try
        {
            foreach (string pipeline in switched) await _switched(pipeline).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock) _states.Publish(_pipelines.Values);
        }
    }

    // Applied and written down before a state says so.
    private bool Apply(Dictionary<(string Pipeline, string Key), byte[]> messages, List<string> switched)
    {
        bool isChanged = false;
        foreach (((string pipeline, string key), byte[] message) in messages)
        {
            if (!_pipelines.TryGetValue(pipeline, out PipelineOptions? options)) continue;
            isChanged |= Apply(options, key, message);
            PipelineSettings next = Effective(options);
            LiveSettings live = Of(options);
            if (live.Now.IsEnabled != next.IsEnabled) switched.Add(pipeline);
            live.Replace(next);
        }

        return isChanged;
    }

    /// <summary>Changes the store in memory; false where it stays as it is.</summary>
    private bool Apply(PipelineOptions pipeline, string key, byte[] message)
    {
        if (message.Length == 0)
        {
            _states.Answer(pipeline.Name, key, null);
            if (!_store.Remove(pipeline.Name, key)) return false;
            LogCleared(_logger, pipeline.Name, key);
            return true;
        }

        SettingValue value = default;
        string? wrong = SettingKey.IsLater(key) ? $"this version does not have '{key}' yet" : SettingValue.Read(key, message, out value);
        _states.Answer(pipeline.Name, key, wrong is null ? null : new(SettingValue.Shown(message), wrong, _time.GetUtcNow()));
        if (wrong is not null)
        {
            LogRefused(_logger, pipeline.Name, key, wrong);
            return false;
        }

        string? over = SettingKey.Configured(pipeline, key)?.Json;
        if (_store.Find(pipeline.Name, key) is { } before && before.Value == value.Json && before.Over == over) return false;
        _store.Set(new() { Pipeline = pipeline.Name, Key = key, Value = value.Json, Over = over, At = _time.GetUtcNow() });
        LogSet(_logger, pipeline.Name, key, value.Json);
        return true;
    }

    private void Save()
    {
        try
        {
            _store.Save();
            _states.Unsaved = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // At work all the same: a full disk must not keep an operator from turning a camera off.
            _states.Unsaved = $"it is not kept over a restart: {e.Message}";
            LogUnsaved(_logger, e.Message);
        }
    }

    private PipelineSettings Effective(PipelineOptions pipeline)
        => PipelineSettings.Of(pipeline, key => _store.Find(pipeline.Name, key) is { } set ? new SettingValue(set.Value) : null);

    private void NameUnknown(string pipeline, string key)
    {
        if (_named.Count >= MostNamed || !_named.Add($"{Quoted.Text(pipeline)}/{Quoted.Text(key)}")) return;
        bool isKnownPipeline = _pipelines.ContainsKey(pipeline);
        IEnumerable<string> known = isKnownPipeline ? SettingKey.All : _pipelines.Keys;
        string what = isKnownPipeline ? $"there is no setting {Quoted.Text(key)}" : $"there is no pipeline {Quoted.Text(pipeline)}";
        string? near = NearestKey.Find(isKnownPipeline ? key : pipeline, known);
        LogFault(_logger, new(FaultKind.Usage, "set", what, near is null ? $"there are {string.Join(", ", known)}" : $"did you mean '{near}'?"));
    }

    [LoggerMessage(EventId = 6131, Level = LogLevel.Information, Message = "{Pipeline}: {Key} is set to {Value}")]
    private static partial void LogSet(ILogger logger, string pipeline, string key, string value);

    [LoggerMessage(EventId = 6132, Level = LogLevel.Information, Message = "{Pipeline}: {Key} is as the configuration says again")]
    private static partial void LogCleared(ILogger logger, string pipeline, string key);

    [LoggerMessage(EventId = 6133, Level = LogLevel.Warning, Message = "{Pipeline}: {Key} is not set: {Cause}")]
    private static partial void LogRefused(ILogger logger, string pipeline, string key, string cause);

    [LoggerMessage(EventId = 6134, Level = LogLevel.Information, Message = "{Pipeline}: {Key} was set to {Value}, which the configuration has replaced")]
    private static partial void LogDropped(ILogger logger, string pipeline, string key, string value);

    [LoggerMessage(EventId = 6135, Level = LogLevel.Warning, Message = "settings are not kept over a restart: {Cause}")]
    private static partial void LogUnsaved(ILogger logger, string cause);

    [LoggerMessage(EventId = 6136, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogFault(ILogger logger, Fault fault);
}
