using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Heat;
using EdgeInfer.Inference;
using EdgeInfer.Preprocessing;
using EdgeInfer.Settings;
using EdgeInfer.Signals;
using EdgeInfer.Sinks;
using EdgeInfer.Sources;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>
/// One pipeline at work on a thread of its own: it opens its models (again and again where that fails), starts its source once one of
/// them is open, and takes the newest frame through them into their sinks. Nothing is allocated per frame.
/// </summary>
internal sealed partial class PipelineWorker : IDisposable
{
    // A model that is being loaded cannot be interrupted: its thread ends with the process.
    private static readonly TimeSpan s_patienceAtStop = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan s_pauseAfterDefect = TimeSpan.FromSeconds(1);

    private readonly PipelineOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FrameMailbox _mailbox;
    private readonly FrameSource _source;
    private readonly PipelineModels _models;
    private readonly FrameRefusals _refusals;
    private readonly GovernedRate _rate;
    private readonly RateMeter _meter;
    private readonly FrameAges _ages;
    private readonly PipelineRecorder? _recorder;
    private readonly LiveSettings _settings;
    private readonly Pulse _pulse;
    private readonly DeviceWatch _devices;
    private PipelineSettings? _followed;
    private volatile bool _isDisabled;
    private readonly CancellationTokenSource _stop = new();
    private readonly AutoResetEvent _tryModel = new(false);
    private readonly TaskCompletionSource<Fault?> _firstModel = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private volatile Fault? _defect;
    private string? _loggedDefect;
    private volatile bool _hasSource;
    private long _lastCaptureTicks;

    /// <summary>Prepares a pipeline; nothing is opened before <see cref="Start"/>.</summary>
    /// <param name="options">What it does.</param>
    /// <param name="numbers">Numbers its results; one that was there before goes on.</param>
    /// <param name="models">Opens its models, in their order.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter; not shared with another thread.</param>
    /// <param name="logger">Changes of state.</param>
    /// <param name="recorder">Keeps inputs with their results; disposed of with this.</param>
    /// <param name="settings">What can be set while it runs; null where nothing can.</param>
    /// <param name="governed">What the governor leaves of its rate; null where nobody governs.</param>
    /// <param name="devices">Whether a device is lost; null where nobody asks.</param>
    public PipelineWorker(
        PipelineOptions options, ResultNumbers numbers, IReadOnlyList<ModelOpening> models, TimeProvider time, Random random, ILogger logger,
        PipelineRecorder? recorder = null, LiveSettings? settings = null, RateFactor? governed = null, DeviceWatch? devices = null)
    {
        _devices = devices ?? new();
        _recorder = recorder;
        _pulse = new(time);
        _settings = settings ?? new(PipelineSettings.Of(options));
        _isDisabled = !_settings.Now.IsEnabled;
        _options = options;
        _time = time;
        _logger = logger;
        _mailbox = SourceFactory.Mailbox(options.Source);
        (SourceOptions source, double? framesPerSecond) = SourceFactory.Paced(options.Source, options.FramesPerSecond);
#pragma warning disable CA5394 // Jitter needs to be spread, not secret.
        _source = SourceFactory.Create(source, _mailbox, time, new Random(random.Next()), logger);
        _models = new([.. models.Select(m => new PipelineModel(m, options, time, new Random(random.Next())))], options, numbers, recorder, time, logger, _pulse, _devices);
#pragma warning restore CA5394
        _models.StateChanged += Changed;
        _refusals = new(options, logger);
        _rate = new(framesPerSecond, governed ?? new(), time.TimestampFrequency);
        _meter = new RateMeter(time.TimestampFrequency);
        _ages = new FrameAges(time);
        _since = time.GetUtcNow();
        _thread = new Thread(Loop) { IsBackground = true, Name = "pipeline " + options.Name };
    }

    /// <summary>Raised after the state has changed, on the pipeline's or the source's thread.</summary>
    public event Action? StateChanged;

    /// <summary>Its name.</summary>
    public string Name => _options.Name;

    /// <summary>What became of the frames.</summary>
    public PipelineCounters Counters { get; } = new();

    /// <summary>Gives copies of its frames to whoever asks.</summary>
    public FrameTap Tap { get; } = new();

    /// <summary>Ends when each model was tried for the first time: null where one is open, or where the pipeline ended before; otherwise why the first is not.</summary>
    public Task<Fault?> FirstModel => _firstModel.Task;

    /// <summary>Keeps its inputs; null where they are not kept.</summary>
    public PipelineRecorder? Recorder => _recorder;

    /// <summary>Whether it was turned off when it was started: it then does nothing, and stays so.</summary>
    public bool IsDisabled => _isDisabled;

    /// <summary>Starts the thread, unless the settings say that the pipeline is turned off.</summary>
    public void Start()
    {
        _isDisabled = !_settings.Now.IsEnabled;
        if (!_isDisabled)
        {
            _pulse.Step();
            _thread.Start();
            return;
        }

        _firstModel.TrySetResult(null);
        Changed();
    }

    /// <summary>A model that could not be opened is tried again at once.</summary>
    public void TryModelNow()
    {
        foreach (PipelineModel model in _models.All)
        {
            if (model.Fault is null) continue;
            model.TryNow();
            _tryModel.Set();
        }
    }

    /// <summary>Stops the source and the thread; what the sinks held back is sent.</summary>
    public void Dispose()
    {
        if (_stop.IsCancellationRequested) return;
        _stop.Cancel();

        // Whoever waits for a model that is still being opened waits for nothing now.
        _firstModel.TrySetResult(null);
        _source.Dispose();
        _mailbox.Dispose();
        _recorder?.Dispose(); // Not after the thread, whose end may be long in coming.
        if (_thread.IsAlive && !_thread.Join(s_patienceAtStop)) return;
        _stop.Dispose();
        _tryModel.Dispose();
    }

    private void Loop()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Serve();
            }
#pragma warning disable CA1031 // A defect in one pipeline must not end the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _models.Dispose();
                Fail(e is FaultException fault ? fault.Fault : new(FaultKind.Internal, Name, $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect"));
                _pulse.Step();
                _stop.Token.WaitHandle.WaitOne(s_pauseAfterDefect);
            }
        }

        _models.Dispose();
        _pulse.Rest();
    }

    private void Serve()
    {
        while (!_stop.IsCancellationRequested)
        {
            _pulse.Step();
            FollowSettings();
            if (_devices.IsLost)
            {
                // Nothing is right any more that this process would compute, and nothing is tried: it is about to end.
                _firstModel.TrySetResult(null);
                _stop.Token.WaitHandle.WaitOne(Pulse.LongestSleep);
                continue;
            }

            _models.OpenDue(_stop.Token);
            if (!_models.IsAnyOpen)
            {
                if (_models.All[0].Fault is { } fault) _firstModel.TrySetResult(fault);
                else if (_models.All[0].IsPending) _firstModel.TrySetResult(null);
                WaitForModel();
                continue;
            }

            StartSource();
            if (_mailbox.TryTake(Nap(_models.Wait), out FrameLease frame)) Take(frame);

            // The source has ended: nothing more comes, and the service goes on with its other pipelines.
            else if (_mailbox.IsEnded) WaitForModel();
        }
    }

    // Once a frame, and before a model is opened: one reading of one reference.
    private void FollowSettings()
    {
        PipelineSettings now = _settings.Now;
        if (ReferenceEquals(now, _followed)) return;
        _followed = now;
        _models.UseThreshold(now.Threshold);
    }

    private void WaitForModel()
    {
        // Whole milliseconds, rounded up: waits are no finer, and a shorter one would spin.
        TimeSpan wait = TimeSpan.FromMilliseconds(Math.Ceiling(Nap(_models.Wait).TotalMilliseconds));
        if (!_stop.IsCancellationRequested) WaitHandle.WaitAny([_stop.Token.WaitHandle, _tryModel], wait);
    }

    private static TimeSpan Nap(TimeSpan wait) => wait == Timeout.InfiniteTimeSpan || wait > Pulse.LongestSleep ? Pulse.LongestSleep : wait;

    private void StartSource()
    {
        if (_stop.IsCancellationRequested) return;
        _defect = null;
        if (!_hasSource)
        {
            _hasSource = true;
            _source.StateChanged += Changed;
            _source.Start();
            Changed();
        }

        _firstModel.TrySetResult(null);
    }

    private void Fail(Fault fault)
    {
        // A defect that comes again with the next frame is no news, though the pipeline was at work between the two.
        bool isNews = _loggedDefect != fault.What;
        (_defect, _loggedDefect) = (fault, fault.What);
        _firstModel.TrySetResult(fault);
        if (!isNews) return;
        LogFailed(_logger, Name, fault);
        Changed();
    }

    private void Changed() => StateChanged?.Invoke();

    [LoggerMessage(EventId = 6003, Level = LogLevel.Error, Message = "pipeline {Pipeline} has failed and goes on: {Fault}")]
    private static partial void LogFailed(ILogger logger, string pipeline, Fault fault);
}
