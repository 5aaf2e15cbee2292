using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;
using EdgeInfer.Sinks;
using EdgeInfer.Sources;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>
/// One pipeline at work on a thread of its own: it opens its model (again and again where that fails), starts its source, and takes
/// the newest frame through the stages into the sink. Nothing is allocated per frame.
/// </summary>
internal sealed partial class PipelineWorker : IDisposable
{
    private const int UndecodableFramesToFail = 10;
    private const int NamedFilesLimit = 256;

    // A model that is being loaded cannot be interrupted: its thread ends with the process.
    private static readonly TimeSpan s_patienceAtStop = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(60);

    private readonly PipelineOptions _options;
    private readonly ResultNumbers _numbers;
    private readonly AutoResetEvent _tryModel = new(false);
    private readonly Func<ModelSession> _openModel;
    private readonly Func<FrameStages, IPredictionSink> _openSink;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly FrameMailbox _mailbox;
    private readonly FrameSource _source;
    private readonly RateGate _gate;
    private readonly RateMeter _meter;
    private readonly FrameAges _ages;
    private readonly PipelineRecorder? _recorder;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<Fault?> _firstModel = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private readonly Lock _stateLock = new();
    private volatile Fault? _modelFault;
    private volatile Fault? _frameFault;
    private volatile bool _hasModel;
    private volatile FrameStages? _stages;
    private volatile IPredictionSink? _sink;
    private PipelineState _lastState = PipelineState.Starting;
    private DateTimeOffset _since;
    private long _lastCaptureTicks;
    private int _undecodableInARow;
    private SinkCounts _earlierSinks;
    private readonly HashSet<string> _namedFiles = [];

    /// <summary>Prepares a pipeline; nothing is opened before <see cref="Start"/>.</summary>
    /// <param name="options">What it does.</param>
    /// <param name="numbers">Numbers its results; one that was there before goes on.</param>
    /// <param name="openModel">Opens its model's session; may throw <see cref="FaultException"/>, and is then called again later.</param>
    /// <param name="openSink">Makes the sink once the model is known.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter; not shared with another thread.</param>
    /// <param name="logger">Changes of state.</param>
    /// <param name="recorder">Keeps inputs with their results; disposed of with this.</param>
    public PipelineWorker(
        PipelineOptions options, ResultNumbers numbers, Func<ModelSession> openModel, Func<FrameStages, IPredictionSink> openSink, TimeProvider time, Random random, ILogger logger,
        PipelineRecorder? recorder = null)
    {
        _recorder = recorder;
        _options = options;
        _numbers = numbers;
        _openModel = openModel;
        _openSink = openSink;
        _time = time;
        _random = random;
        _logger = logger;
        _mailbox = SourceFactory.Mailbox(options.Source);
        (SourceOptions source, double? framesPerSecond) = SourceFactory.Paced(options.Source, options.FramesPerSecond);
        _source = SourceFactory.Create(source, _mailbox, time, new Random(random.Next()), logger);
        _gate = new RateGate(framesPerSecond, time.TimestampFrequency);
        _meter = new RateMeter(time.TimestampFrequency);
        _ages = new FrameAges(time);
        _since = time.GetUtcNow();
        _thread = new Thread(Loop) { IsBackground = true, Name = "pipeline " + options.Name };
    }

    /// <summary>Its name.</summary>
    public string Name => _options.Name;

    /// <summary>What became of the frames.</summary>
    public PipelineCounters Counters { get; } = new();

    /// <summary>Ends when the model was opened for the first time (null) or could not be (why).</summary>
    public Task<Fault?> FirstModel => _firstModel.Task;

    /// <summary>Keeps its inputs; null where they are not kept.</summary>
    public PipelineRecorder? Recorder => _recorder;

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>A model that could not be opened is tried again at once.</summary>
    public void TryModelNow()
    {
        if (_modelFault is not null) _tryModel.Set();
    }

    /// <summary>Raised after the state has changed, on the pipeline's or the source's thread.</summary>
    public event Action? StateChanged;

    /// <summary>The pipeline now, as status shows it. Any thread.</summary>
    public PipelineReport Report()
    {
        lock (_stateLock)
        {
            (PipelineState state, Fault? cause) = State();
            if (state != _lastState) (_lastState, _since) = (state, _time.GetUtcNow());
            long captured = Interlocked.Read(ref _lastCaptureTicks);
            SourceCounts frames = _source.Counts;
            SinkCounts sink = _sink?.Counts ?? default;
            SinkCounts earlier = _earlierSinks;
            ProviderReport? provider = _stages?.ProviderReport;
            return new()
            {
                State = state,
                Since = _since,
                Cause = cause?.ToString(),
                Fps = Math.Round(_meter.Read(Counters.Predictions, _time.GetTimestamp()), 2),
                FrameAgeMs = _ages.Read(),
                LastFrame = captured == 0 ? null : new DateTimeOffset(captured, TimeSpan.Zero),
                Source = _source.Description.Length == 0 ? null : _source.Description,
                Model = _options.Models[0],
                Provider = provider?.Used,
                ProviderNodes = provider?.Nodes.FirstOrDefault(n => n.Provider == provider.Used)?.Nodes,
                Nodes = provider is { Nodes.Count: > 0 } ? provider.Nodes.Sum(n => n.Nodes) : null,
                Received = frames.Received,
                Displaced = frames.Displaced,
                Lost = frames.Lost,
                Corrupt = frames.Corrupt + Counters.Undecodable,
                Results = Counters.Predictions,
                Published = earlier.Published + sink.Published,
                Dropped = earlier.Dropped + sink.Dropped,
            };
        }
    }

    /// <summary>Stops the source and the thread; what the sink held back is sent.</summary>
    public void Dispose()
    {
        if (_stop.IsCancellationRequested) return;
        _stop.Cancel();
        _source.Dispose();
        _mailbox.Dispose();
        if (_thread.IsAlive && !_thread.Join(s_patienceAtStop)) return;
        _stop.Dispose();
        _tryModel.Dispose();
        _recorder?.Dispose();
    }

    private (PipelineState State, Fault? Cause) State()
    {
        if (_modelFault is { } model) return (_hasModel ? PipelineState.Failed : PipelineState.NoModel, model);
        if (!_hasModel) return (PipelineState.Starting, null);
        return _source.State switch
        {
            SourceState.Starting => (PipelineState.Starting, null),
            SourceState.Running when _frameFault is { } frame => (PipelineState.Failed, frame),
            SourceState.Running => (PipelineState.Running, null),
            SourceState.Failed => (PipelineState.Failed, _source.Cause),
            SourceState.Ended => (PipelineState.NoSignal, new(FaultKind.NoInput, _source.Name, "the last frame has been read", "")),
            _ => (PipelineState.NoSignal, _source.Cause),
        };
    }

    private void Loop()
    {
        Backoff backoff = new(s_firstDelay, s_longestDelay, _random);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Work(backoff);
                return;
            }
            catch (FaultException e)
            {
                Fail(e.Fault);
            }
#pragma warning disable CA1031 // A defect in one pipeline must not end the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Fail(new(FaultKind.Internal, Name, $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect"));
            }

            WaitHandle.WaitAny([_stop.Token.WaitHandle, _tryModel], backoff.Next());
        }
    }

    private void Work(Backoff backoff)
    {
        ModelSession session = _openModel();
        if (_stop.IsCancellationRequested) return;
        using FrameStages stages = new(session, FrameStages.OptionsOf(_options), _time, _logger, _options.Source.Turn) { Numbers = _numbers };
        using IPredictionSink sink = _openSink(stages);
        _stages = stages;
        _sink = sink;
        _recorder?.Bind(stages);
        _modelFault = null;
        if (!_hasModel)
        {
            _hasModel = true;
            _source.StateChanged += () => StateChanged?.Invoke();
            _source.Start();
        }

        _firstModel.TrySetResult(null);
        StateChanged?.Invoke();
        try
        {
            Serve(stages, sink, backoff);
        }
        finally
        {
            sink.Flush();
            lock (_stateLock)
            {
                SinkCounts last = sink.Counts;
                _earlierSinks = new(_earlierSinks.Accepted + last.Accepted, _earlierSinks.Published + last.Published, _earlierSinks.Dropped + last.Dropped);
                _sink = null;
            }
        }
    }

    private void Serve(FrameStages stages, IPredictionSink sink, Backoff backoff)
    {
        while (!_stop.IsCancellationRequested)
        {
            if (!_mailbox.TryTake(Timeout.InfiniteTimeSpan, out FrameLease frame))
            {
                // The source has ended: nothing more comes, and the service goes on with its other pipelines.
                if (_mailbox.IsEnded && !_stop.IsCancellationRequested) _stop.Token.WaitHandle.WaitOne();
                continue;
            }

            if (!HasTurn())
            {
                frame.Dispose();
                Counters.CountSkipped();
                continue;
            }

            _recorder?.Begin(frame);
            DecodeOutcome outcome = stages.Process(frame);
            if (outcome == DecodeOutcome.Ok) Publish(stages, sink, backoff);
            else Refuse(stages, outcome);
            _recorder?.End(outcome);
        }
    }

    private bool HasTurn()
    {
        long now = _time.GetTimestamp();
        if (_options.Source is not FilesOptions) return _gate.TryPass(now);

        // Files are not dropped: they wait for their turn.
        while (!_gate.TryPass(now))
        {
            // Whole milliseconds, rounded up: waits are no finer.
            if (_stop.Token.WaitHandle.WaitOne((int)Math.Ceiling(Math.Max(1, _gate.Wait(now).TotalMilliseconds)))) return false;
            now = _time.GetTimestamp();
        }

        return true;
    }

    private void Publish(FrameStages stages, IPredictionSink sink, Backoff backoff)
    {
        sink.Accept(stages.Prediction);
        _recorder?.Result(0, stages.Prediction);
        Counters.CountPrediction();
        _ages.Add(stages.Prediction.AgeMilliseconds);
        Interlocked.Exchange(ref _lastCaptureTicks, stages.Prediction.Frame.CapturedAt.UtcTicks);
        backoff.Reset();
        _undecodableInARow = 0;
        if (_frameFault is null) return;
        _frameFault = null;
        StateChanged?.Invoke();
    }

    private void Refuse(FrameStages stages, DecodeOutcome outcome)
    {
        Counters.CountUndecodable();
        _undecodableInARow++;

        // A file is refused by name; a live source only once it gives nothing else, so that a bad cable does not fill the log.
        bool isFile = _options.Source is FilesOptions;
        if (!isFile && _undecodableInARow != UndecodableFramesToFail) return;
        string where = isFile ? stages.Prediction.Frame.Id.ToString() : _source.Name;
        if (isFile && (_namedFiles.Count >= NamedFilesLimit || !_namedFiles.Add(where))) return;
        Fault fault = stages.Describe(outcome, where);
        LogRefused(_logger, Name, fault);
        if (isFile) return;
        _frameFault = fault;
        StateChanged?.Invoke();
    }

    private void Fail(Fault fault)
    {
        bool isNews = _modelFault?.What != fault.What;
        _modelFault = fault;
        _firstModel.TrySetResult(fault);
        if (!isNews) return;
        LogFailed(_logger, Name, fault);
        StateChanged?.Invoke();
    }

    [LoggerMessage(EventId = 6001, Level = LogLevel.Warning, Message = "pipeline {Pipeline}: {Fault}")]
    private static partial void LogRefused(ILogger logger, string pipeline, Fault fault);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Error, Message = "pipeline {Pipeline} cannot run and is tried again: {Fault}")]
    private static partial void LogFailed(ILogger logger, string pipeline, Fault fault);
}
