using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>How a pipeline opens one of its models and where the results go.</summary>
/// <param name="Name">The name that the configuration gives it.</param>
/// <param name="Live">Which folder serves it, now and later.</param>
/// <param name="OpenModel">Opens it from a path; may throw <see cref="FaultException"/>, and is then called again later.</param>
/// <param name="OpenSink">Makes its sink once the model is known.</param>
internal sealed record ModelOpening(string Name, LiveModel Live, Func<string, ServedModel> OpenModel, Func<ModelStages, IPredictionSink> OpenSink);

/// <summary>
/// One model of a pipeline: opened, and opened again later where that fails or where it fails in a run, whatever the pipeline's other
/// models do. The pipeline's thread drives it; readings on any thread.
/// </summary>
internal sealed class PipelineModel
{
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(60);

    // Nothing serves yet and nothing is wrong: looked at again as often as the thread wakes up anyway.
    private static readonly TimeSpan s_pendingDelay = Pulse.LongestSleep;

    private readonly ModelOpening _opening;
    private PipelineOptions _options;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly ModelDurations _durations = new();
    private readonly Lock _lock = new();
    private volatile Fault? _fault;
    private volatile ModelStages? _stages;
    private volatile ServedModel? _served;
    private volatile bool _hasBeenOpen;
    private volatile LiveGeneration? _live;
    private IPredictionSink? _sink;
    private SinkCounts _earlier;
    private long _results;
    private long _dueTimestamp;

    /// <summary>Prepares a model; nothing is opened.</summary>
    /// <param name="opening">How to open it.</param>
    /// <param name="options">The pipeline.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter; not shared with another thread.</param>
    public PipelineModel(ModelOpening opening, PipelineOptions options, TimeProvider time, Random random)
    {
        _opening = opening;
        _options = options;
        _time = time;
        _backoff = new(s_firstDelay, s_longestDelay, random);
        _dueTimestamp = time.GetTimestamp();
    }

    /// <summary>The name that the configuration gives it.</summary>
    public string Name => _opening.Name;

    /// <summary>What frames go through; null while it is not open.</summary>
    public ModelStages? Stages => _stages;

    /// <summary>Why it gives no results; null while it does.</summary>
    public Fault? Fault => _fault;

    /// <summary>Whether it has no results for the only reason that its provider is still being made ready.</summary>
    public bool IsPending => _stages is null && _fault is null && _served is { Session: null, Build.State: BuildState.Running };

    /// <summary>Why it has no results yet, where <see cref="IsPending"/>; null otherwise.</summary>
    public Fault? Pending => IsPending && _served is { Build: { } build } ? new(FaultKind.Unavailable, Name,
        $"{build.Provider} is being made ready for it, and nothing may serve meanwhile (runtime.required, or no other provider)", "") : null;

    /// <summary>Whether another session serves the model by now, or another generation of it is live. Between two frames.</summary>
    public bool IsOutdated => _stages is { } stages
        && (!ReferenceEquals(_live, _opening.Live.Now) || (_served?.Session is { } now && !ReferenceEquals(now, stages.Session)));

    /// <summary>Whether it was open once.</summary>
    public bool HasBeenOpen => _hasBeenOpen;

    /// <summary>Whether this frame is in its tensor; the pipeline's thread alone.</summary>
    public bool HasFrame { get; set; }

    /// <summary>How long until it is to be opened; not at all while it is open.</summary>
    public TimeSpan Wait
    {
        get
        {
            if (_stages is not null) return Timeout.InfiniteTimeSpan;
            TimeSpan left = _time.GetElapsedTime(_time.GetTimestamp(), Interlocked.Read(ref _dueTimestamp));
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>It is tried at the next occasion, not when its delay is over. Any thread.</summary>
    public void TryNow() => Interlocked.Exchange(ref _dueTimestamp, _time.GetTimestamp());

    /// <summary>Another score threshold, now and whenever it is opened; null for the model's. The pipeline's thread alone.</summary>
    public void UseThreshold(double? threshold)
    {
        _options = _options with { Threshold = threshold };
        _stages?.UseThreshold(threshold);
    }

    /// <summary>Opens model and sink, or takes the session that serves the model by now in place of the one before.</summary>
    /// <param name="stop">The pipeline stops: what has been opened is let go of.</param>
    /// <returns>Whether it is open now; otherwise <see cref="Fault"/> or <see cref="Pending"/> says why, unless the pipeline stops.</returns>
    public bool TryOpen(CancellationToken stop)
    {
        LiveGeneration live = _opening.Live.Now;
        _live = live;
        ServedModel served = _opening.OpenModel(live.Path);
        if (stop.IsCancellationRequested) return false;
        _served = served;
        if (Bound(served) is not { } stages)
        {
            Interlocked.Exchange(ref _dueTimestamp, _time.GetTimestamp() + (long)(s_pendingDelay.TotalSeconds * _time.TimestampFrequency));
            return false;
        }

        try
        {
            lock (_lock)
            {
                CloseSink();
                _sink = _opening.OpenSink(stages);
                _stages?.Dispose();
                _stages = stages;
            }
        }
        catch
        {
            // Tried again and again: what was bound must not pile up.
            stages.Dispose();
            throw;
        }

        _hasBeenOpen = true;
        _fault = null;
        return true;
    }

    /// <summary>The model is at fault: it is closed, and opened again after a delay that grows.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Fail(Fault fault)
    {
        Close();
        _live?.Record.AddError(fault.What);
        bool isNews = _fault?.What != fault.What;
        _fault = fault;
        Interlocked.Exchange(ref _dueTimestamp, _time.GetTimestamp() + (long)(_backoff.Next().TotalSeconds * _time.TimestampFrequency));
        return isNews;
    }

    /// <summary>Hands the result on.</summary>
    public void Publish()
    {
        Record(_live!.Record, _stages!);
        long began = _time.GetTimestamp();
        _sink!.Accept(_stages!.Prediction);
        _durations.Add(_stages.Prediction, _time.GetElapsedTime(began));
        Interlocked.Increment(ref _results);
        _backoff.Reset();
    }

    /// <summary>It stays open, and gives no result of the frames of now: why; null where it does again.</summary>
    public void Note(Fault? fault) => _fault = fault;

    /// <summary>Sends what the sink holds back and frees what was bound.</summary>
    public void Close()
    {
        lock (_lock)
        {
            CloseSink();
            _stages?.Dispose();
            _stages = null;
        }
    }

    private static void Record(ServiceRecord record, ModelStages stages)
    {
        record.Add(stages.Prediction.Timing.InferenceMilliseconds);
        if (record.WatchesOutputs && stages.OutputWithoutNumber() is not null) record.AddNotNumber();
    }

    private void CloseSink()
    {
        if (_sink is not { } sink) return;
        _sink = null;
        sink.Flush();
        _earlier = Sum(_earlier, sink.Counts);
        sink.Dispose();
    }

    // Between the two readings another session may have taken the place of this one, which nobody holds any more.
    private ModelStages? Bound(ServedModel served)
    {
        while (served.Session is { } session)
        {
            try
            {
                return new(session, OptionsFor(_options, session.Model.Labels), _time);
            }
            catch (ObjectDisposedException) when (!ReferenceEquals(served.Session, session))
            {
                // The one in its place is taken.
            }
        }

        return null;
    }

    /// <summary>The model as status shows it, as a part of its pipeline.</summary>
    public PipelineModelReport Report()
    {
        lock (_lock)
        {
            SinkCounts counts = _sink is { } sink ? Sum(_earlier, sink.Counts) : _earlier;
            ProviderReport? provider = _stages?.ProviderReport;
            ServedModel? served = _served;
            return new()
            {
                Model = Name,
                State = _fault is not null ? (_hasBeenOpen ? PipelineState.Failed : PipelineState.NoModel) : _stages is null ? PipelineState.Starting : PipelineState.Running,
                Cause = (_fault ?? Pending)?.ToString(),
                Provider = provider?.Used,
                ProviderNodes = provider?.Nodes.FirstOrDefault(n => n.Provider == provider.Used)?.Nodes,
                Nodes = provider is { Nodes.Count: > 0 } ? provider.Nodes.Sum(n => n.Nodes) : null,
                NodeProviders = provider is { Nodes.Count: > 0 } ? provider.Nodes.ToDictionary(static n => n.Provider, static n => n.Nodes) : null,
                PassedOver = provider is null || served?.PassedOver(provider) is not { Count: > 0 } passed ? null : passed.ToDictionary(static r => r.Provider, static r => r.Why),
                Build = served?.Build is { } build ? ReportOf(build) : null,
                Results = Interlocked.Read(ref _results),
                Published = counts.Published,
                Dropped = counts.Dropped,
            };
        }
    }

    private ProviderBuildReport ReportOf(ProviderBuild build)
    {
        string state = build.State switch { BuildState.Running => "running", BuildState.Done => "done", _ => "failed" };
        TimeSpan taken = build.Taken ?? _time.GetElapsedTime(build.Timestamp);
        return new(build.Provider, state, build.Since, Math.Round(taken.TotalSeconds, 1), build.Why);
    }

    /// <summary>All that is counted of it. Any thread.</summary>
    public ModelReadings Readings() => new(
        Report(), _durations.Preprocess.Read(), _durations.Inference.Read(), _durations.Postprocess.Read(), _durations.Publish.Read(), _durations.Age.Read());

    /// <summary>
    /// What a pipeline wants of a model's results. A pipeline's labels and thresholds are for all its models: of several, each takes
    /// those that it knows.
    /// </summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="labels">The model's labels.</param>
    public static DecoderOptions OptionsFor(PipelineOptions pipeline, IReadOnlyList<string> labels)
    {
        DecoderOptions options = new()
        {
            Labels = pipeline.Labels,
            Threshold = pipeline.Threshold,
            LabelThresholds = pipeline.LabelThresholds,
            MinArea = pipeline.MinArea,
        };
        return pipeline.Models.Count > 1 ? Known(options, labels) : options;
    }

    /// <summary>The same without labels that a model does not have.</summary>
    public static DecoderOptions Known(DecoderOptions options, IReadOnlyList<string> labels) => options with
    {
        Labels = options.Labels?.Where(labels.Contains).ToArray(),
        LabelThresholds = options.LabelThresholds.Where(t => labels.Contains(t.Key)).ToDictionary(),
    };

    private static SinkCounts Sum(SinkCounts a, SinkCounts b) => new(a.Accepted + b.Accepted, a.Published + b.Published, a.Dropped + b.Dropped);
}
