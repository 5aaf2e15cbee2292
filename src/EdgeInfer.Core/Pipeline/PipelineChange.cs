using EdgeInfer.Configuration;

namespace EdgeInfer.Pipeline;

/// <summary>A pipeline at work, and the plan that it was built from.</summary>
internal sealed record RunningPipeline(PipelinePlan Plan, PipelineWorker Worker)
{
    /// <summary>The pipeline's name.</summary>
    public string Name => Plan.Options.Name;
}

/// <summary>The pipelines of one configuration: immutable, put in the place of the ones before as a whole.</summary>
/// <param name="Configuration">What it came from.</param>
/// <param name="Models">The models that its pipelines open.</param>
/// <param name="Pipelines">In the order written.</param>
internal sealed record PipelineSet(AgentConfiguration Configuration, SessionRegistry Models, IReadOnlyList<RunningPipeline> Pipelines);

/// <summary>The way from one set of pipelines to the next.</summary>
/// <param name="From">The set at work; null at the start.</param>
/// <param name="To">The set that takes its place.</param>
/// <param name="StaleModels">Paths of open models whose files have changed since they were read.</param>
internal sealed record PipelineChange(PipelineSet? From, PipelineSet To, IReadOnlySet<string> StaleModels)
{
    /// <summary>Pipelines that go on untouched.</summary>
    public IEnumerable<RunningPipeline> Kept => To.Pipelines.Where(p => Old.Contains(p));

    /// <summary>Pipelines that stop, for good or to be started anew.</summary>
    public IEnumerable<RunningPipeline> Stopped => Old.Where(p => !To.Pipelines.Contains(p));

    /// <summary>Pipelines that start, new or anew.</summary>
    public IEnumerable<RunningPipeline> Started => To.Pipelines.Where(p => !Old.Contains(p));

    private IReadOnlyList<RunningPipeline> Old => From?.Pipelines ?? [];
}
