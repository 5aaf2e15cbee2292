using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Pipeline;
using EdgeInfer.Slots;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>From the swap to the end of the trial.</summary>
internal sealed partial class ModelUpdate
{
    private Recorded? _recorded;

    /// <summary>The generation goes on trial: written down, with the start that it counts as, before it is loaded.</summary>
    private void BeginTrial(PreparedGeneration prepared, bool isHard)
    {
        LiveGeneration old = _services.Preparation.Host.Live(_model).Now;
        ServiceReading reading = old.Record.Read();
        // What stands in may be a smaller model, and is no measure; nor is an agent that has hardly begun, whose memory still fills.
        bool isComparable = reading.Results >= TrialVerdict.ComparableResults && _serving.StandIn is null;
        if (!isComparable && old.Path.Length > 0) LogNotCompared(_services.Logger, _model, prepared.Generation.ToString(), WhyNot(reading));
        double? latency = isComparable ? reading.P95Milliseconds : null;
        long? memory = isComparable ? _services.Preparation.Host.RssBytes : null;
        _serving.CountStart(State.Slots.BeginTrial(prepared.Generation, isHard, latency, memory, Now));
        _serving.EndStandIn();
        EnsureLive(prepared.Generation);
    }

    private string WhyNot(ServiceReading reading) => _serving.StandIn is not null
        ? "another model stands in for the one before it"
        : string.Create(CultureInfo.InvariantCulture, $"the model before it has given {reading.Results} results since it was loaded, fewer than {TrialVerdict.ComparableResults}");

    /// <summary>The rest of the beginning, or what the disk refused of it; what served before is not judged in its place.</summary>
    /// <returns>Whether it is live.</returns>
    private bool EnsureLive(Generation tried)
    {
        if (_job is { IsRunning: true, Target: { } target } job && job.State != JobState.Trial && target.Manifest == tried.Manifest)
        {
            Write(job.MoveTo(JobState.Trial, Now));
            LogTrial(_services.Logger, _model, tried.ToString());
        }

        if (_services.Preparation.Host.Live(_model).Now.Path == PathOf(tried)) return true;
        try
        {
            GoLive(PathOf(tried));
            return true;
        }
        catch (FaultException e)
        {
            RollBack(UpdateCode.TrialErrors, $"it cannot be loaded: {e.Fault}");
            return false;
        }
    }

    private async Task TrialAsync(CancellationToken stop)
    {
        SlotTrial state = State.Slots.Trial!;
        IModelHost host = _services.Preparation.Host;
        if (!EnsureLive(state.Generation)) return;
        ServiceRecord record = host.Live(_model).Now.Record;
        // Once for each record: what was written down since is in it.
        if (_recorded?.Record != record) _recorded = new(record, state.Results);
        ModelTrial trial = new(State, record, _recorded.ResultsBefore, new(state.P95BeforeMs, state.RssBeforeBytes), _services.Trial, () => host.RssBytes, _services.Time);
        _trial = trial;
        _serving.StartIsWatched();
        try
        {
            while (State.Slots.Trial is not null && !Look(trial, state.Generation))
            {
                await WaitAsync(s_look, stop).ConfigureAwait(false);
                RunCommands();
            }
        }
        catch (OperationCanceledException)
        {
            trial.Suspend();
            throw;
        }
        finally
        {
            _trial = null;
        }
    }

    /// <summary>Judges once; true where the trial has ended.</summary>
    private bool Look(ModelTrial trial, Generation generation)
    {
        switch (trial.Look())
        {
            case TrialCommits:
                TrialEnd.Commit(State);
                LogCommitted(_services.Logger, _model, generation.ToString());
                TellJob();
                _changed(true);
                Collect();
                return true;
            case TrialRollsBack rolls:
                RollBack(rolls.Code, trial.LastError is { } last && rolls.Code == UpdateCode.TrialErrors ? $"{rolls.What}: {last}" : rolls.What);
                return true;
            case TrialGoesOn goesOn when _job is { State: JobState.Trial } job && job.Reason != goesOn.Why:
                // Told, not written: what counts is in the slots.
                _job = job with { Reason = goesOn.Why };
                _changed(false);
                return false;
            default:
                return false;
        }
    }

    // A disk that refuses that is no reason to leave the wrong model serving, nor to call the end failed: the job is told of it later.
    private void TellJob()
    {
        _isTakenUp = false;
        try
        {
            TakeUpJob();
        }
        catch (FaultException e)
        {
            SayDisk(e.Fault);
        }
    }

    private void RollBack(UpdateCode? code, string why)
    {
        Generation tried = State.Slots.Trial!.Generation;
        TrialEnd.RollBack(_model, State, _store, code, why, _services.Time);
        LogRolledBack(_services.Logger, _model, tried.ToString(), code?.Word() ?? "operator", why);
        GoBack();
        TellJob();
        _changed(true);
        Collect();
    }

    // Whatever is wrong with the old one by now, the new one does not stay: where the old one is damaged another stands in, else its pipelines try it
    // again and again, and say so.
    private void GoBack()
    {
        try
        {
            GoLive(PathOf(State.Slots.Active));
            _serving.EndStandIn();
        }
        catch (FaultException e)
        {
            LogOld(_services.Logger, _model, e.Fault);
            Serve(_serving.Choose(readsAll: true));
        }
    }

    // As what can be done, and not as what has to succeed.
    private void Serve(string path)
    {
        try
        {
            GoLive(path);
        }
        catch (FaultException)
        {
            _services.Preparation.Host.Live(_model).Swap(path);
            _services.Preparation.Host.TryNow();
        }
    }

    private string PathOf(Generation? generation) => generation is null ? _serving.Initial : _store.Generations.PathOf(_model, generation);

    // Opened before it is live, so that pipelines lose no more than the frame they are at; what is live no more is let go of.
    private void GoLive(string path)
    {
        IModelHost host = _services.Preparation.Host;
        LiveModel live = host.Live(_model);
        string old = live.Now.Path;
        if (path.Length > 0) host.Open(path);
        live.Swap(path);
        host.TryNow();
        if (old.Length > 0 && old != path) host.Close(old);
    }

    /// <summary>A record and the results of the starts before it.</summary>
    private sealed record Recorded(ServiceRecord Record, long ResultsBefore);

    [LoggerMessage(EventId = 10021, Level = LogLevel.Information, Message = "model {Model}: {Generation} goes on trial")]
    private static partial void LogTrial(ILogger logger, string model, string generation);

    [LoggerMessage(EventId = 10025, Level = LogLevel.Warning, Message = "model {Model}: the times and the memory of {Generation} on trial are not compared: {Why}")]
    private static partial void LogNotCompared(ILogger logger, string model, string generation, string why);

    [LoggerMessage(EventId = 10022, Level = LogLevel.Information, Message = "model {Model}: {Generation} serves from now on")]
    private static partial void LogCommitted(ILogger logger, string model, string generation);

    [LoggerMessage(EventId = 10024, Level = LogLevel.Error, Message = "model {Model}: what was active before cannot be loaded: {Fault}")]
    private static partial void LogOld(ILogger logger, string model, Fault fault);

    [LoggerMessage(EventId = 10023, Level = LogLevel.Error, Message = "model {Model}: {Generation} is rolled back ({Code}): {Why}")]
    private static partial void LogRolledBack(ILogger logger, string model, string generation, string code, string why);
}
