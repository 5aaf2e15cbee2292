using EdgeInfer.Diagnostics;
using EdgeInfer.Sinks;
using EdgeInfer.Sources;

namespace EdgeInfer.Pipeline;

/// <summary>What a pipeline says of itself.</summary>
internal sealed partial class PipelineWorker
{
    private readonly Lock _stateLock = new();
    private PipelineState _lastState = PipelineState.Starting;
    private DateTimeOffset _since;

    /// <summary>The pipeline now, as status shows it. Any thread.</summary>
    public PipelineReport Report()
    {
        lock (_stateLock)
        {
            (PipelineState state, Fault? cause) = State();
            if (state != _lastState) (_lastState, _since) = (state, _time.GetUtcNow());
            long captured = Interlocked.Read(ref _lastCaptureTicks);
            SourceCounts frames = _source.Counts;
            PipelineModelReport[] models = [.. _models.All.Select(static m => m.Report())];
            PipelineModelReport first = models.FirstOrDefault(static m => m.Provider is not null) ?? models[0];
            return new()
            {
                State = state,
                Since = _since,
                Cause = cause?.ToString(),
                Fps = Math.Round(_meter.Read(Counters.Predictions, _time.GetTimestamp()), 2),
                FrameAgeMs = _ages.Read(),
                LastFrame = captured == 0 ? null : new DateTimeOffset(captured, TimeSpan.Zero),
                Source = _source.Description.Length == 0 ? null : _source.Description,
                Model = first.Model,
                Provider = first.Provider,
                ProviderNodes = first.ProviderNodes,
                Nodes = first.Nodes,
                NodeProviders = first.NodeProviders,
                PassedOver = first.PassedOver,
                Build = first.Build,
                Models = models.Length > 1 ? models : null,
                Received = frames.Received,
                Displaced = frames.Displaced,
                Lost = frames.Lost,
                Corrupt = frames.Corrupt + Counters.Undecodable,
                Results = models.Sum(static m => m.Results),
                Published = models.Sum(static m => m.Published),
                Dropped = models.Sum(static m => m.Dropped),
                Overridden = _settings.Now.Overridden is { Count: > 0 } overridden ? overridden : null,
            };
        }
    }

    /// <summary>All that the pipeline counts. Any thread.</summary>
    public PipelineReadings Readings() => new()
    {
        Name = Name,
        Report = Report(),
        Models = [.. _models.All.Select(static m => m.Readings())],
        SkippedByRate = Counters.SkippedByRate,
        Damaged = _source.Counts.Corrupt,
        Refused = Counters.Refused(),
        Capture = _models.Durations.Capture.Read(),
        Decode = _models.Durations.Decode.Read(),
    };

    /// <summary>What it is doing and why, and nothing more: leaves the rates of <see cref="Report"/> alone. Any thread.</summary>
    public (PipelineState State, Fault? Cause) Condition() => State();

    /// <summary>What of it has not come back for longer than it may, and for how long; null where all goes on. Any thread.</summary>
    /// <param name="longestStep">What one step may take.</param>
    public Fault? Stuck(TimeSpan longestStep)
    {
        if (_stop.IsCancellationRequested) return null;
        if (_pulse.Overdue(longestStep) is { } step) return Stuck("its pipeline", step);
        return _source.Pulse.Overdue(longestStep) is { } call ? Stuck($"the driver of {_source.Name}", call) : null;
    }

    private Fault Stuck(string what, TimeSpan taken) => new(FaultKind.Internal, Name,
        $"{what} has not come back for {taken.TotalSeconds:0} s", "");

    // With several models one at fault does not make the pipeline fail: it runs, and the cause says what is missing.
    private (PipelineState State, Fault? Cause) State()
    {
        if (_isDisabled) return (PipelineState.Disabled, new(FaultKind.Unavailable, Name, "it was turned off", $"turn it on again: publish true to {Name}/set/enabled of this device"));
        if (_defect is { } defect) return (PipelineState.Failed, defect);
        Fault? fault = _models.All.Select(static m => m.Fault).FirstOrDefault(static f => f is not null);
        if (fault is not null && _models.All.All(static m => m.Fault is not null))
            return (_models.All.Any(static m => m.HasBeenOpen) ? PipelineState.Failed : PipelineState.NoModel, fault);
        if (!_hasSource) return (PipelineState.Starting, _models.All.Select(static m => m.Pending).FirstOrDefault(static p => p is not null));
        return _source.State switch
        {
            SourceState.Starting => (PipelineState.Starting, fault),
            SourceState.Running when _refusals.Fault is { } frame => (PipelineState.Failed, frame),
            SourceState.Running => (PipelineState.Running, fault),
            SourceState.Failed => (PipelineState.Failed, _source.Cause),
            SourceState.Ended => (PipelineState.NoSignal, new(FaultKind.NoInput, _source.Name, "the last frame has been read", "")),
            _ => (PipelineState.NoSignal, _source.Cause),
        };
    }
}
