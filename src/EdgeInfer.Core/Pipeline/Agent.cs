using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Inference;
using EdgeInfer.Messaging;
using EdgeInfer.Models;
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
internal sealed record AgentServices(TimeProvider Time, Random Random, ILogger Logger, string Version, bool MayMovePort = false);

/// <summary>A configuration at work: broker session, models, pipelines and their status, from start to stop.</summary>
internal sealed partial class Agent : IAsyncDisposable
{
    // SIGTERM to exit within 2 s: the rest is for threads and the runtime.
    private static readonly TimeSpan s_deliveryAtStop = TimeSpan.FromMilliseconds(1400);

    private readonly AgentConfiguration _configuration;
    private readonly AgentServices _services;
    private readonly MqttTopics _topics;
    private readonly ClockQuality _clock;
    private readonly List<PipelineWorker> _workers = [];
    private readonly DateTimeOffset _startedAt;
    private readonly long _boot;
    private readonly EmbeddedBroker? _broker;
    private readonly SessionRegistry _models;
    private readonly MqttSession _session;
    private readonly StatusReporter _status;
    private bool _isStopped;

    private Agent(AgentConfiguration configuration, AgentServices services, EmbeddedBroker? broker, InferenceRuntime runtime)
    {
        _configuration = configuration;
        _services = services;
        _broker = broker;
        _startedAt = services.Time.GetUtcNow();
        _boot = CountBoot();
        _topics = new(configuration.Mqtt.Prefix, configuration.Device.Id);
        _clock = new(services.Time);
        _models = new(runtime);
        MqttOptions mqtt = broker is null ? configuration.Mqtt : configuration.Mqtt with { Url = broker.Url };
        LastWill will = StatusReporter.Will(_topics, configuration.Device.Id, services.Version, _boot);
        _session = new(MqttSettings.ForDevice(mqtt, configuration.Device.Id, will), services.Time, NextRandom(), services.Logger);
        _status = new(_topics, _session, Status, services.Time);
        _session.StateChanged += _status.Changed;
        foreach (PipelineOptions pipeline in configuration.Pipelines) _workers.Add(Worker(pipeline));
    }

    /// <summary>Where clients on this machine reach the embedded broker; null where there is none.</summary>
    public Uri? BrokerUrl => _broker?.Url;

    /// <summary>Counts the agent's starts on this device; 0 where the state folder cannot be written.</summary>
    public long Boot => _boot;

    /// <summary>
    /// Starts everything and returns once each model is open and warm or has failed to open. Cameras and brokers are not waited for.
    /// </summary>
    /// <param name="configuration">What to do.</param>
    /// <param name="services">What the process gives.</param>
    /// <param name="stop">Ends the wait for the models; the agent is returned as far as it is, to be stopped.</param>
    /// <exception cref="FaultException">Nothing could ever run: the runtime, the embedded broker's port, or every pipeline's model.</exception>
    public static async Task<Agent> StartAsync(AgentConfiguration configuration, AgentServices services, CancellationToken stop)
    {
        InferenceRuntime runtime = new(configuration.Runtime, services.Time, services.Logger);
        EmbeddedBroker? broker = configuration.Mqtt.Url.Scheme == "embedded"
            ? await EmbeddedBroker.StartAsync(configuration.Mqtt, services.MayMovePort).ConfigureAwait(false)
            : null;
        Agent agent = new(configuration, services, broker, runtime);
        agent._session.Start();
        agent._status.Start();
        foreach (PipelineWorker worker in agent._workers) worker.Start();
        Fault?[] faults;
        try
        {
            faults = await Task.WhenAll(agent._workers.Select(static w => w.FirstModel)).WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return agent;
        }

        if (faults.Length == 0 || faults.Any(static f => f is null)) return agent;
        await agent.StopAsync().ConfigureAwait(false);
        throw new FaultException([.. faults.Select(static f => AsExit(f!)).DistinctBy(static f => f.ToString())]);
    }

    /// <summary>Stops capturing, delivers what was accepted, says goodbye; at most about 2 s.</summary>
    public async Task StopAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        await Task.WhenAll(_workers.Select(static worker => Task.Run(worker.Dispose))).ConfigureAwait(false);
        _status.Stop();
        await _session.StopAsync(s_deliveryAtStop).ConfigureAwait(false);
        _status.Dispose();
        await _session.DisposeAsync().ConfigureAwait(false);
        _models.Dispose();
        if (_broker is not null) await _broker.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <summary>A path that the configuration names and that is not there is the configuration's fault; a disk that fails is a device that is not there.</summary>
    private static Fault AsExit(Fault fault) => fault.Kind switch
    {
        FaultKind.NoInput => fault with { Kind = FaultKind.Configuration },
        FaultKind.InputOutput => fault with { Kind = FaultKind.Unavailable },
        _ => fault,
    };

    private PipelineWorker Worker(PipelineOptions pipeline)
    {
        string path = _configuration.Models[pipeline.Models[0]].Path;
        Random ids = NextRandom();
        PipelineWorker worker = new(
            pipeline, () => _models.Open(path), stages => new MqttPredictionSink(
                new PredictionEnvelope(Facts(pipeline, stages)), pipeline.Publish, _topics.Prediction(pipeline, pipeline.Models[0]), _session, _clock, _services.Time, ids),
            _services.Time, NextRandom(), _services.Logger, Recorder(pipeline));
        worker.StateChanged += _status.Changed;
        return worker;
    }

    /// <summary>What a pipeline has recorded; the recording stands still until it is disposed of.</summary>
    /// <exception cref="FaultException">There is no such pipeline, or it records nothing.</exception>
    public RecordingArchive Capture(string pipeline) => PipelineRecorder.Of(pipeline, _workers.ToDictionary(static w => w.Name, static w => w.Recorder)).Capture();

    private PipelineRecorder? Recorder(PipelineOptions pipeline) => pipeline.Record is null ? null : new(
        pipeline, new(_configuration.Device.Id, _boot, _services.Version, _models.Threads), stages => [new(_configuration.Models[pipeline.Models[0]], Facts(pipeline, stages))],
        _clock, _services.Time, NextRandom());

    private PredictionFacts Facts(PipelineOptions pipeline, FrameStages stages) => new(
        _configuration.Device.Id, pipeline.Name, _boot, stages.Model.Name, stages.Model.Version, stages.Model.Digest, stages.Provider,
        EnvelopeShape.Of(stages.Model.Task), stages.Model.Labels);

    /// <summary>The agent now, as its status messages say it. Any thread.</summary>
    public StatusMessage Status()
    {
        MqttSessionStatus session = _session.Status;
        MqttCounts counts = session.Counts;
        Dictionary<string, ModelReport> models = [];
        foreach (ModelReference reference in _configuration.Models.Values)
        {
            if (_models.Find(reference.Path) is { } model) models.Add(reference.Name, new(model.Name, model.Version, model.Digest));
        }

        return new()
        {
            State = AgentState.Online,
            Device = _configuration.Device.Id,
            Version = _services.Version,
            Boot = _boot,
            At = _services.Time.GetUtcNow(),
            StartedAt = _startedAt,
            Clock = _clock.IsSynced ? "synced" : "unsynced",
            Labels = _configuration.Device.Labels.Count == 0 ? null : _configuration.Device.Labels,
            Models = models,
            Pipelines = _workers.ToDictionary(static w => w.Name, static w => w.Report()),
            Broker = AgentReports.Broker(_broker?.Url ?? _configuration.Mqtt.Url, session),
            Delivery = new(counts.Published, counts.Acknowledged, counts.Dropped, counts.Refused, counts.Reconnects, counts.Queued),
        };
    }

    private long CountBoot()
    {
        string folder = _configuration.Runtime.StateFolder;
        try
        {
            return BootCounter.Next(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogStateFolder(_services.Logger, new(FaultKind.InputOutput, folder, $"the state folder cannot be written: {e.Message}",
                "starts are not counted (boot is 0); make it writable or set runtime.state_folder"));
            return 0;
        }
    }

#pragma warning disable CA5394 // Jitter and ids need to be spread, not secret.
    private Random NextRandom() => new(_services.Random.Next());
#pragma warning restore CA5394

    [LoggerMessage(EventId = 6101, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogStateFolder(ILogger logger, Fault fault);
}
