using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Messaging;

namespace EdgeInfer.Pipeline;

/// <summary>From a configuration to an agent at work, or to why there is none.</summary>
internal sealed partial class Agent
{
    /// <summary>
    /// Starts everything and returns once each model is open and warm, has failed to open or takes minutes. Cameras and brokers are not waited for.
    /// </summary>
    /// <param name="configuration">What to do.</param>
    /// <param name="services">What the process gives.</param>
    /// <param name="stop">Ends the wait for the models; the agent is returned as far as it is, to be stopped.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> before the native library was loaded: there is no agent.</exception>
    /// <exception cref="FaultException">Nothing could ever run: the runtime, the embedded broker's port, or every pipeline's model.</exception>
    public static async Task<Agent> StartAsync(AgentConfiguration configuration, AgentServices services, CancellationToken stop)
    {
        Task<InferenceRuntime> loading = InferenceRuntime.LoadAsync(configuration.Runtime, services.Time, services.Logger, services.Devices);
        EmbeddedBroker? broker = configuration.Mqtt.Url.Scheme == "embedded"
            ? await EmbeddedBroker.StartAsync(configuration.Mqtt, services.MayMovePort, services.Time).ConfigureAwait(false)
            : null;
        Agent agent = new(configuration, services, broker);
        PipelineChange start = agent._pipelines.Plan(configuration, await agent.OrStop(loading, stop).ConfigureAwait(false));
        await agent._pipelines.StopOldAsync(start).ConfigureAwait(false);
        // The models first, since they take longest; what they give waits in the outbox for the line.
        agent._outbox.Start();
        Task<IReadOnlyList<Fault?>> opened = RunningPipelines.StartNewAsync(start, stop).WaitAsync(s_patienceAtStart, services.Time, stop);
        agent._line.Start();
        agent._status.Start();
        agent.Announce(configuration);
        agent.WatchHeat();
        IReadOnlyList<Fault?> faults;
        try
        {
            if (await Task.WhenAny(opened, services.Devices.Lost).ConfigureAwait(false) != opened) return agent;
            faults = await opened.ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            foreach (RunningPipeline pipeline in start.Started.Where(static p => !p.Worker.FirstModel.IsCompleted))
                LogStillLoading(services.Logger, pipeline.Name, s_patienceAtStart.TotalMinutes);
            return agent;
        }
        catch (OperationCanceledException)
        {
            return agent;
        }

        if (faults.Count == 0 || faults.Any(static f => f is null)) return agent;
        // The first release of a managed model, or files in the place of damaged ones, come only while the agent is there.
        if (start.Started.Any(p => p.Plan.Options.Models.Any(name => configuration.Models[name].Managed is not null))) return agent;
        await agent.StopAsync().ConfigureAwait(false);
        throw new FaultException([.. faults.Select(static f => AsExit(f!)).DistinctBy(static f => f.ToString())]);
    }

    // A library that hangs as it is loaded keeps nobody from stopping.
    private async Task<InferenceRuntime> OrStop(Task<InferenceRuntime> loading, CancellationToken stop)
    {
        try
        {
            return await loading.WaitAsync(stop).ConfigureAwait(false);
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A path that the configuration names and that is not there is the configuration's fault; a disk that fails is a device that is not there.</summary>
    private static Fault AsExit(Fault fault) => fault.Kind switch
    {
        FaultKind.NoInput => fault with { Kind = FaultKind.Configuration },
        FaultKind.InputOutput => fault with { Kind = FaultKind.Unavailable },
        _ => fault,
    };
}
