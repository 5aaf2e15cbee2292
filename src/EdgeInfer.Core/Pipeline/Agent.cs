using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Heat;
using EdgeInfer.Inference;
using EdgeInfer.Messaging;
using EdgeInfer.Models;
using EdgeInfer.Posix;
using EdgeInfer.Recording;
using EdgeInfer.Results;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>What the agent needs from its process.</summary>
/// <param name="Time">Clock.</param>
/// <param name="Random">Seeds jitter and result ids.</param>
/// <param name="Logger">Changes of state.</param>
/// <param name="Version">EdgeInfer's version, for the status.</param>
/// <param name="MayMovePort">Whether an embedded broker takes another free port when its own is in use.</param>
internal sealed record AgentServices(TimeProvider Time, Random Random, ILogger Logger, string Version, bool MayMovePort = false)
{
    /// <summary>Takes commands from the broker; null where nobody does.</summary>
    public ICommandInbox? Commands { get; init; }

    /// <summary>Text of a file by which the system describes itself; null where it cannot be read.</summary>
    public Func<string, string?> SystemText { get; init; } = GroupMemory.SystemText;

    /// <summary>Knows whether a device that runs models is lost: then nothing is published any more, and the process has to begin anew.</summary>
    public DeviceWatch Devices { get; init; } = new();

    /// <summary>Which generations of managed models serve.</summary>
    public LiveModels Live { get; init; } = new();

    /// <summary>Takes what comes about model updates; null where nothing is managed.</summary>
    public IUpdateInbox? Updates { get; init; }

    /// <summary>Where the device tells of its heat; null where nobody looks.</summary>
    public SystemFiles? System { get; init; }
}

/// <summary>A configuration at work: broker session, models, pipelines and their status, from start to stop.</summary>
internal sealed partial class Agent : IAsyncDisposable
{
    // SIGTERM to exit within 2 s: the rest is for threads and the runtime.
    private static readonly TimeSpan s_deliveryAtStop = TimeSpan.FromMilliseconds(1400);
    private static readonly TimeSpan s_writingAtStop = TimeSpan.FromMilliseconds(200);

    private readonly AgentServices _services;
    private readonly ClockQuality _clock;
    private readonly DateTimeOffset _startedAt;
    private readonly long _startedTimestamp;
    private readonly long _boot;
    private readonly EmbeddedBroker? _broker;
    private readonly Outbox _outbox;
    private readonly BrokerLine _line;
    private readonly RunningPipelines _pipelines;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _change = new(1);
    private readonly SettingDesk _settings;
    private readonly MessageReception _reception;
    private readonly RetainedLedger? _ledger;
    private readonly HeatWatch? _heat;
    private volatile StatusReporter _status;
    private volatile ConfigurationReport _loaded;
    private bool _isStopped;

    private Agent(AgentConfiguration configuration, AgentServices services, EmbeddedBroker? broker)
    {
        _services = services;
        _broker = broker;
        _startedAt = services.Time.GetUtcNow();
        _startedTimestamp = services.Time.GetTimestamp();
        _loaded = new(_startedAt, null, null);
        _boot = CountBoot(configuration.Runtime.StateFolder);
        _clock = new(services.Time);
        MqttTopics topics = new(configuration.Mqtt.Prefix, configuration.Device.Id);
        _outbox = OutboxOpening.Open(OutboxSettingsOf(configuration), configuration.Runtime, () => _clock.IsSynced, services.Time, NextRandom(), services.Logger);
        _outbox.StateChanged += StatusChanged;
        MqttSession session = Session(configuration, topics);
        _line = new(session);
        _outbox.WakeLine = _line.Wake;
        _ledger = OpenLedger(configuration);
        _settings = OpenSettings(configuration);
        _reception = new(_settings, services.Commands, services.Updates, _line, services.Logger);
        Listening(session, configuration.Mqtt, topics);
        _status = new(topics, _line, Status, services.Time);
        _line.StateChanged += StatusChanged;
        _heat = services.System is null ? null : new(services.System, configuration.Heat, services.Time, services.Logger);
        _pipelines = new(services.Live, new(services, configuration.Device.Id, _boot, _outbox, _line, _clock, _settings.Of, _heat?.Rate ?? new(), StatusChanged), services.Time, services.Logger, StatusChanged);
    }

    /// <summary>Where clients on this machine reach the embedded broker; null where there is none.</summary>
    public Uri? BrokerUrl => _broker?.Url;

    /// <summary>The device's heat and what is done about it; null before the first reading, and where the device tells nothing. Any thread.</summary>
    public HeatSnapshot? Heat => _heat?.Now;

    /// <summary>How long it has been at work.</summary>
    public TimeSpan Uptime => _services.Time.GetElapsedTime(_startedTimestamp);

    /// <summary>Counts the agent's starts on this device; 0 where the state folder cannot be written.</summary>
    public long Boot => _boot;

    /// <summary>Stops capturing, delivers what was accepted, says goodbye; at most about 2 s, and what the commands of sources take to end.</summary>
    public async Task StopAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        _heat?.Dispose();
        await _stopping.CancelAsync().ConfigureAwait(false);

        // A reload on its way ends first: it would start what has been stopped here.
        await _change.WaitAsync().ConfigureAwait(false);

        // What was set a moment ago outlasts a restart too; a disk that hangs does not hold up the end.
        await Task.WhenAny(_settings.StopAsync(), Task.Delay(s_writingAtStop, _services.Time, CancellationToken.None)).ConfigureAwait(false);
        await _pipelines.StopAsync().ConfigureAwait(false);
        _status.Stop();
        _outbox.BeginClosing();
        await _line.StopAsync(s_deliveryAtStop).ConfigureAwait(false);
        _outbox.Dispose();
        _status.Dispose();
        await _line.DisposeAsync().ConfigureAwait(false);
        _pipelines.Dispose();
        if (_broker is not null) await _broker.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopping.Dispose();
        _change.Dispose();
    }

    /// <summary>What a pipeline has recorded; the recording stands still until it is disposed of.</summary>
    /// <exception cref="FaultException">There is no such pipeline, or it records nothing.</exception>
    public RecordingArchive Capture(string pipeline)
        => PipelineRecorder.Of(pipeline, _pipelines.Now.Pipelines.ToDictionary(static p => p.Name, static p => p.Worker.Recorder)).Capture();

    /// <summary>The agent now, as its status messages say it. Any thread.</summary>
    public StatusMessage Status() => Status(_pipelines.Reports());

    private StatusMessage Status(Dictionary<string, PipelineReport> pipelines)
    {
        AgentConfiguration configuration = _pipelines.Now.Configuration;
        MqttSessionStatus session = _line.Status;
        MqttCounts counts = session.Counts;
        return new()
        {
            State = AgentState.Online,
            Device = configuration.Device.Id,
            Version = _services.Version,
            Onnxruntime = _pipelines.Now.Models.RuntimeVersion,
            Boot = _boot,
            At = _services.Time.GetUtcNow(),
            StartedAt = _startedAt,
            Clock = _clock.IsSynced ? "synced" : "unsynced",
            Labels = configuration.Device.Labels.Count == 0 ? null : configuration.Device.Labels,
            Configuration = _loaded,
            Models = _pipelines.Models(),
            Pipelines = pipelines,
            Heat = Heat is { } heat ? AgentReports.Heat(heat) : null,
            Broker = AgentReports.Broker(_broker?.Url ?? configuration.Mqtt.Url, session),
            Received = _reception.Report,
            Outbox = AgentReports.Outbox(_outbox.Status(), configuration.Outbox),
            Memory = Memory(),
            Delivery = new(counts.Published, counts.Acknowledged, counts.Dropped, counts.Refused, counts.Reconnects, counts.Queued),
        };
    }

    /// <summary>All that the agent counts, now. Any thread.</summary>
    public AgentReadings Readings()
    {
        IReadOnlyList<PipelineReadings> pipelines = _pipelines.Readings();
        return new(Status(pipelines.ToDictionary(static p => p.Name, static p => p.Report)), pipelines) { Heat = Heat };
    }

    private MqttSession Session(AgentConfiguration configuration, MqttTopics topics)
    {
        MqttOptions mqtt = _broker is null ? configuration.Mqtt : configuration.Mqtt with { Url = _broker.Url };
        LastWill will = StatusReporter.Will(topics, configuration.Device.Id, _services.Version, _boot);
        MqttSettings settings = MqttSettings.ForDevice(mqtt, configuration.Device.Id, will) with { IsClockSynced = () => _clock.IsSynced };
        return new(settings, _services.Time, NextRandom(), _services.Logger, source: _outbox);
    }

    private OutboxSettings OutboxSettingsOf(AgentConfiguration configuration) => new(
        configuration.Device.Id, _boot, configuration.Outbox, new MqttTopics(configuration.Mqtt.Prefix, configuration.Device.Id).Gap, configuration.Mqtt.InFlight);

#pragma warning disable CA5394 // Jitter needs to be spread, not secret.
    private Random NextRandom() => new(_services.Random.Next());
#pragma warning restore CA5394

    private void StatusChanged()
    {
        _status.Changed();
        _settings.Refresh();
    }

    private void WatchHeat()
    {
        if (_heat is null) return;
        _heat.Changed += StatusChanged;
        _heat.Start();
    }

    private long CountBoot(string folder)
    {
        try
        {
            return BootCounter.Next(folder, () => OutboxOpening.LastStart(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogStateFolder(_services.Logger, new(FaultKind.InputOutput, folder, $"the state folder cannot be written: {e.Message}",
                "starts are not counted (boot is 0); make it writable or set runtime.state_folder"));
            return 0;
        }
    }

    [LoggerMessage(EventId = 6101, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogStateFolder(ILogger logger, Fault fault);
}
