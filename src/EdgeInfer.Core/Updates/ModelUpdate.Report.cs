using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Slots;

namespace EdgeInfer.Updates;

/// <summary>What is told of one model's updates.</summary>
internal sealed partial class ModelUpdate
{
    /// <summary>Everything that is known now. Any thread: each part is of this moment, all of them of nearly the same.</summary>
    /// <param name="repository">Why nothing new can be learnt of it; null where that can.</param>
    public UpdateReport Report(UpdateException? repository)
    {
        if (_serving.Slots is not { Slots: { } slots }) return Unread(repository);
        return new()
        {
            Device = _services.Device,
            Model = _model,
            At = Now,
            Active = Of(slots.Active),
            Previous = Of(slots.Previous),
            StandIn = _serving.StandIn is { } standIn ? new(standIn.For.Seq, standIn.For.Version, standIn.Why, standIn.Serves, _repairWaits ?? _disk?.ToString()) : null,
            Floor = slots.Floor,
            Pin = slots.Pin,
            Job = _job is { } job ? Of(job) : null,
            Progress = _progress,
            Trial = slots.Trial is { } state && _trial is { } trial ? Of(trial, state) : null,
            Refused = Refusal(),
            Repository = repository?.Fault.ToString(),
            RepositoryCode = repository?.Code.Word(),
        };
    }

    private UpdateReport Unread(UpdateException? repository) => new()
    {
        Device = _services.Device,
        Model = _model,
        At = Now,
        StandIn = new(null, null, (_disk ?? new(FaultKind.Unavailable, _model, "its state could not be read", "see the log")).ToString(), null, null),
        Repository = repository?.Fault.ToString(),
        RepositoryCode = repository?.Code.Word(),
    };

    private RefusalReport? Refusal()
    {
        try
        {
            return _store.Jobs.Refused(_model) is [.., var last] ? new(last.Seq, last.Manifest, last.Code?.Word(), last.Reason, last.At) : null;
        }
        catch (FaultException)
        {
            // The loop meets the same disk, and says so.
            return null;
        }
    }

    private static GenerationReport? Of(Generation? generation)
        => generation is null ? null : new(generation.Seq, generation.Version, generation.Manifest, generation.Digest);

    private JobReport Of(UpdateJob job) => new(
        job.State.Word(), job.Since, job.Target?.Path, job.Target?.Seq, job.Target?.Version, job.Target?.Manifest, job.Code?.Word(),
        job.IsRunning && _disk is { } disk ? disk.ToString() : job.Reason, job.Retries, job.NotBefore);

    private static TrialReport Of(ModelTrial trial, SlotTrial state)
    {
        TrialCounters counters = trial.Counters;
        return new(
            state.Generation.Seq, state.Generation.Version, counters.Results, counters.Errors, counters.NotNumbers, Math.Round(counters.Served.TotalSeconds, 1), state.Attempts, Rounded(counters.InferenceP95Milliseconds),
            Rounded(trial.Before.InferenceP95Milliseconds), counters.RssBytes, trial.Before.RssBytes);
    }

    private static double? Rounded(double? milliseconds) => milliseconds is { } number ? Math.Round(number, 2) : null;
}
