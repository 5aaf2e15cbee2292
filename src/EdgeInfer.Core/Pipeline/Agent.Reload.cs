using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Posix.Interop;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>Another configuration while the agent runs: all of it, or nothing.</summary>
internal sealed partial class Agent
{
    /// <summary>How long a broker that is left may take to acknowledge what was sent to it.</summary>
    private static readonly TimeSpan s_deliveryAtReload = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Reads a configuration and applies it with only the changed pipelines restarted; where it has a fault, or cannot be applied
    /// without a restart of the agent, nothing changes, and the log and the status say so. Returns once each new model is open and
    /// warm or has failed to open.
    /// </summary>
    /// <param name="read">Reads the configuration; null with faults where it is not sound.</param>
    /// <param name="stop">Ends the wait for the models.</param>
    public async Task<ReloadOutcome> ReloadAsync(Func<FaultList, AgentConfiguration?> read, CancellationToken stop)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop, _stopping.Token);
        await _change.WaitAsync(either.Token).ConfigureAwait(false);
        try
        {
            either.Token.ThrowIfCancellationRequested();
            FaultList faults = new();
            AgentConfiguration? next = read(faults);
            if (next is null || !faults.IsEmpty) return Refuse(faults.Faults);
            return await ApplyAsync(next, either.Token).ConfigureAwait(false);
        }
        finally
        {
            _change.Release();
        }
    }

    private async Task<ReloadOutcome> ApplyAsync(AgentConfiguration next, CancellationToken stop)
    {
        AgentConfiguration now = _pipelines.Now.Configuration;
        if (RestartOnly.Faults(now, next) is { Count: > 0 } faults) return Refuse(faults);
        PipelineChange change;
        try
        {
            // What can fail comes first: from the next step on everything is applied.
            InferenceRuntime? runtime = next.Runtime == now.Runtime ? null : new(next.Runtime, _services.Time, _services.Logger, _services.Devices);
            change = _pipelines.Plan(next, runtime);
        }
        catch (FaultException e)
        {
            return Refuse(e.Faults);
        }

        ReloadOutcome outcome = ReloadOutcome.Of(change, next.Mqtt != now.Mqtt);
        _settings.Adopt(next);
        _heat?.Use(next.Heat);
        _loaded = new(_services.Time.GetUtcNow(), null, null);
        await _pipelines.StopOldAsync(change).ConfigureAwait(false);
        _outbox.Change(OutboxSettingsOf(next));
        if (outcome.IsBrokerChanged) await ReplaceSessionAsync(next).ConfigureAwait(false);
        else
        {
            _line.TryAgain();
            NotePipelines(next);
        }

        StatusChanged();
        try
        {
            await RunningPipelines.StartNewAsync(change, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The agent stops: so do the pipelines that were started.
        }

        // Models and pictures of ended threads: without it a hundred reloads left some 25 MB behind, flat from then on.
        if (change.Stopped.Any()) NativeHeap.Trim();
        LogReloaded(_services.Logger, outcome);
        return outcome;
    }

    /// <summary>The old broker learns that the device is gone, the new one that it is there; results of pipelines that go on wait meanwhile.</summary>
    private async Task ReplaceSessionAsync(AgentConfiguration next)
    {
        StatusReporter old = _status;
        old.Stop();
        MqttTopics topics = new(next.Mqtt.Prefix, next.Device.Id);
        await _line.ReplaceAsync(Listening(Session(next, topics), next.Mqtt, topics), s_deliveryAtReload).ConfigureAwait(false);
        StatusReporter reporter = new(topics, _line, Status, _services.Time);
        _status = reporter;
        reporter.Start();
        Announce(next);
        old.Dispose();
    }

    private ReloadOutcome Refuse(IReadOnlyList<Fault> faults)
    {
        foreach (Fault fault in faults) LogRefused(_services.Logger, fault);
        _loaded = _loaded with { Fault = AgentReports.First(faults), FaultAt = _services.Time.GetUtcNow() };
        StatusChanged();
        return new() { Faults = faults };
    }

    [LoggerMessage(EventId = 6121, Level = LogLevel.Information, Message = "configuration reloaded: {Outcome}")]
    private static partial void LogReloaded(ILogger logger, ReloadOutcome outcome);

    [LoggerMessage(EventId = 6122, Level = LogLevel.Error, Message = "configuration not reloaded, everything goes on as before: {Fault}")]
    private static partial void LogRefused(ILogger logger, Fault fault);
}
