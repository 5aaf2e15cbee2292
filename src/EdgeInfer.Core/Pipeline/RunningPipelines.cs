using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>
/// The pipelines at work: from a configuration a change is planned, then what it ends is stopped, then what it begins is started.
/// One change at a time; readings on any thread.
/// </summary>
/// <param name="live">Which generations of managed models serve.</param>
/// <param name="factory">Builds pipelines.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Models that cannot be looked at, and what runs the others.</param>
/// <param name="changed">Called after another session serves a model, or none will.</param>
internal sealed partial class RunningPipelines(LiveModels live, PipelineFactory factory, TimeProvider time, ILogger logger, Action changed) : IDisposable
{
    private volatile PipelineSet? _now;

    /// <summary>The configuration and the pipelines in place.</summary>
    public PipelineSet Now => _now!;

    /// <summary>Each pipeline as status shows it.</summary>
    public Dictionary<string, PipelineReport> Reports() => Now.Pipelines.ToDictionary(static p => p.Name, static p => p.Worker.Report());

    /// <summary>All that each pipeline counts, in the order of the configuration.</summary>
    public PipelineReadings[] Readings() => [.. Now.Pipelines.Select(static p => p.Worker.Readings())];

    /// <summary>The models that are open, by the names of the configuration.</summary>
    public Dictionary<string, ModelReport> Models()
    {
        PipelineSet now = Now;
        Dictionary<string, ModelReport> models = [];
        foreach (ModelReference reference in now.Configuration.Models.Values)
            if (now.Models.Find(live.PathOf(PipelinePlan.KeyOf(reference))) is { } model) models.Add(reference.Name, new(model.Name, model.Version, model.Digest));
        return models;
    }

    /// <summary>The threshold that the models of a pipeline have of their own; null while one is not open, and where they differ.</summary>
    public double? ModelThreshold(string pipeline)
    {
        PipelineSet now = Now;
        if (now.Pipelines.FirstOrDefault(p => p.Name == pipeline) is not { } running) return null;
        double?[] thresholds = [.. running.Plan.Models.Select(m => now.Models.Find(live.PathOf(m.Key)) is { } model ? (double)(decimal)model.Threshold : (double?)null).Distinct()];
        return thresholds.Length == 1 ? thresholds[0] : null;
    }

    /// <summary>Compares what is there with what is wanted; touches nothing that runs. Reads the files of open models.</summary>
    /// <param name="next">The configuration.</param>
    /// <param name="runtime">What opens the models where that is another than before; null for the same.</param>
    public PipelineChange Plan(AgentConfiguration next, InferenceRuntime? runtime)
    {
        PipelineSet? now = _now;
        SessionRegistry models = runtime is null ? now!.Models : new(runtime, time, logger, changed);
        PipelinePlan[] plans = [.. next.Pipelines.Select(pipeline => PipelinePlan.Of(next, pipeline))];
        HashSet<string> stale = runtime is null ? StaleModels(models, plans) : [];
        List<RunningPipeline> pipelines = [];
        foreach (PipelinePlan plan in plans)
        {
            RunningPipeline? same = now?.Pipelines.FirstOrDefault(p => p.Plan == plan);
            bool isKept = same is not null && runtime is null && !plan.Models.Any(m => stale.Contains(m.Key));
            pipelines.Add(isKept ? same! : factory.Build(plan, models));
        }

        return new(now, new(next, models, pipelines), stale);
    }

    /// <summary>One pipeline anew, as it was planned, and nothing else: it has been turned on or off. Null where there is none of this name.</summary>
    public PipelineChange? PlanAnew(string pipeline)
    {
        PipelineSet now = Now;
        if (now.Pipelines.All(p => p.Name != pipeline)) return null;
        return new(now, now with { Pipelines = [.. now.Pipelines.Select(p => p.Name == pipeline ? factory.Build(p.Plan, now.Models) : p)] }, new HashSet<string>());
    }

    /// <summary>Puts the new set in place, stops what is no longer wanted as it was, and frees models that nobody uses any more.</summary>
    public async Task StopOldAsync(PipelineChange change)
    {
        _now = change.To;
        await Task.WhenAll(change.Stopped.Select(static p => Task.Run(p.Worker.Dispose))).ConfigureAwait(false);
        if (change.From is not { } old) return;
        if (old.Models != change.To.Models) old.Models.Dispose();
        foreach (string path in change.StaleModels) change.To.Models.Forget(path);
        change.To.Models.ForgetFailed();
        change.To.Models.KeepOnly(change.To.Pipelines.SelectMany(static p => p.Plan.Models).Select(m => live.PathOf(m.Key)));
    }

    /// <summary>Starts what is new; returns once each of its models is open and warm, or has failed to open.</summary>
    /// <param name="change">The change that <see cref="StopOldAsync"/> has begun.</param>
    /// <param name="stop">Ends the wait; the pipelines go on by themselves.</param>
    /// <returns>Per pipeline started: why it has no model; null where it has one.</returns>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public static async Task<IReadOnlyList<Fault?>> StartNewAsync(PipelineChange change, CancellationToken stop)
    {
        // Whoever waits to try a model again tries now: somebody may have mended it.
        foreach (RunningPipeline pipeline in change.Kept) pipeline.Worker.TryModelNow();
        RunningPipeline[] started = [.. change.Started];
        foreach (RunningPipeline pipeline in started) pipeline.Worker.Start();
        return await Task.WhenAll(started.Select(static p => p.Worker.FirstModel)).WaitAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Stops every pipeline; what their sinks held back is sent.</summary>
    public Task StopAsync() => _now is { } now ? Task.WhenAll(now.Pipelines.Select(static p => Task.Run(p.Worker.Dispose))) : Task.CompletedTask;

    /// <summary>Lets go of the models.</summary>
    public void Dispose() => _now?.Models.Dispose();

    private HashSet<string> StaleModels(SessionRegistry models, PipelinePlan[] plans)
    {
        HashSet<string> stale = [];
        foreach (string path in plans.SelectMany(static p => p.Models).Select(static m => m.Key).Distinct())
        {
            // Of a managed model the folders never change, and another one is put in its place.
            if (models.Find(path) is not { } open) continue;
            try
            {
                if (ModelLoader.Digest(path) != open.Digest) stale.Add(path);
            }
            catch (FaultException e)
            {
                // What runs is worth more than what could not be started again.
                LogKept(logger, open.Name, e.Fault);
            }
        }

        return stale;
    }

    [LoggerMessage(EventId = 6111, Level = LogLevel.Warning, Message = "model {Model} goes on as it was loaded: {Fault}")]
    private static partial void LogKept(ILogger logger, string model, Fault fault);
}
