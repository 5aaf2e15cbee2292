using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using EdgeInfer.Settings;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>What is set over the configuration, and what the broker keeps of this device.</summary>
internal sealed partial class Agent
{
    private SettingDesk OpenSettings(AgentConfiguration configuration)
    {
        SettingStore store = SettingStore.Open(configuration.Runtime.StateFolder, out Fault? fault);
        if (fault is not null) LogStateFolder(_services.Logger, fault);
        SettingDesk desk = new(store, _line, pipeline => _pipelines.ModelThreshold(pipeline), SwitchAsync, _services.Time, _services.Logger);
        desk.Adopt(configuration);
        return desk;
    }

    /// <summary>The ledger of retained topics; null with a broker that forgets them with this process.</summary>
    private RetainedLedger? OpenLedger(AgentConfiguration configuration)
    {
        if (_broker is not null) return null;
        RetainedLedger ledger = RetainedLedger.Open(configuration.Runtime.StateFolder, out Fault? fault);
        if (fault is not null) LogStateFolder(_services.Logger, fault);
        return ledger;
    }

    /// <summary>Clears what an earlier start, an earlier prefix or an earlier id of this device retained at the broker and nobody keeps true any more.</summary>
    private void Reconcile(AgentConfiguration configuration, MqttTopics topics) => Note(() =>
    {
        foreach (string stale in _ledger!.Begin(configuration.Mqtt.Url.Authority, topics.Retained(configuration.Pipelines.Select(static p => p.Name), _services.Updates?.Models ?? [])))
            _line.PublishState(new(stale), []);
    });

    /// <summary>The first words to a broker, behind the status: what is stale is cleared, what is set is said.</summary>
    private void Announce(AgentConfiguration configuration)
    {
        MqttTopics topics = new(configuration.Mqtt.Prefix, configuration.Device.Id);
        Reconcile(configuration, topics);
        _settings.Publish(topics, isNewBroker: true);
        _services.Updates?.Announce();
    }

    /// <summary>Another set of pipelines at the same broker.</summary>
    private void NotePipelines(AgentConfiguration configuration)
    {
        MqttTopics topics = new(configuration.Mqtt.Prefix, configuration.Device.Id);
        Note(() => _ledger!.Extend(configuration.Mqtt.Url.Authority, topics.Retained(configuration.Pipelines.Select(static p => p.Name), _services.Updates?.Models ?? [])));
        _settings.Publish(topics, isNewBroker: false);
    }

    private void Note(Action note)
    {
        if (_ledger is null) return;
        try
        {
            note();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotNoted(_services.Logger, e.Message);
        }
    }

    private MqttSession Listening(MqttSession session, MqttOptions mqtt, MqttTopics topics)
    {
        string broker = mqtt.Url.Authority;

        // Not on the session's thread: it may write.
        session.StateCleared += topic => Task.Run(() => Note(() => _ledger!.Cleared(broker, topic.Name)));
        _reception.Listen(session, mqtt, topics);
        return session;
    }

    /// <summary>Stops a pipeline that was turned off, starts one that was turned on; does not wait for its models.</summary>
    private async Task SwitchAsync(string pipeline)
    {
        try
        {
            await _change.WaitAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return;
        }

        try
        {
            if (_pipelines.Now.Pipelines.FirstOrDefault(p => p.Name == pipeline) is not { } running) return;
            if (running.Worker.IsDisabled != _settings.Of(running.Plan.Options).Now.IsEnabled) return;
            if (_stopping.IsCancellationRequested || _pipelines.PlanAnew(pipeline) is not { } change) return;
            await _pipelines.StopOldAsync(change).ConfigureAwait(false);
            _ = RunningPipelines.StartNewAsync(change, CancellationToken.None);
            StatusChanged();
        }
        finally
        {
            _change.Release();
        }
    }

    [LoggerMessage(EventId = 6142, Level = LogLevel.Warning,
        Message = "the retained topics of this device cannot be written down: {Cause}; what is removed while the agent is off may stay at the broker")]
    private static partial void LogNotNoted(ILogger logger, string cause);
}
