using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>What a supervisor of the agent sees of it.</summary>
internal sealed partial class Agent
{
    /// <summary>How long a start waits for models before the agent counts as started without those that still load.</summary>
    private static readonly TimeSpan s_patienceAtStart = TimeSpan.FromMinutes(5);

    /// <summary>The share of the limit from which on memory is said to be nearly used up.</summary>
    private const double ScarceShare = 0.9;

    /// <summary>The agent in short, now. Any thread.</summary>
    /// <param name="longestStep">What one step of a pipeline may take before it counts as stuck; loading a model has a limit of its own.</param>
    public AgentCondition Condition(TimeSpan longestStep)
    {
        IReadOnlyList<RunningPipeline> pipelines = _pipelines.Now.Pipelines;
        List<(string, PipelineState, Fault?)> states = [];
        List<Fault> stuck = [];
        foreach (RunningPipeline pipeline in pipelines)
        {
            (PipelineState state, Fault? cause) = pipeline.Worker.Condition();
            states.Add((pipeline.Name, state, cause));
            if (pipeline.Worker.Stuck(longestStep) is { } fault) stuck.Add(fault);
        }

        return new()
        {
            Pipelines = states,
            Broker = AgentReports.State(_line.Status.State),
            ConfigurationFault = _loaded.Fault,
            Memory = Memory(),
            Stuck = stuck,
        };
    }

    private MemoryReport? Memory()
    {
        if (GroupMemory.Read(_services.SystemText) is not { } memory) return null;
        string? cause = memory.UsedBytes is { } used && used >= memory.LimitBytes * ScarceShare
            ? "memory is nearly used up: at the limit the kernel ends the agent; raise MemoryMax= of the unit (--memory of a container), or use fewer or smaller models"
            : null;
        return new(memory.LimitBytes, memory.UsedBytes, memory.Kills, cause);
    }

    [LoggerMessage(EventId = 6102, Level = LogLevel.Warning, Message = "the agent counts as started while pipeline {Pipeline} still loads its model, for {Minutes} minutes now")]
    private static partial void LogStillLoading(ILogger logger, string pipeline, double minutes);
}
