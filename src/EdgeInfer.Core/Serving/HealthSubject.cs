using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Sinks;

namespace EdgeInfer.Serving;

/// <summary>What the listener speaks of. All of it is for any thread.</summary>
/// <param name="Version">EdgeInfer's version.</param>
/// <param name="Readings">All that the agent counts; null while it is not up.</param>
/// <param name="IsStopping">Whether the agent is about to end.</param>
/// <param name="WhyStuck">One line that says what is stuck; null while everything that is supervised goes on.</param>
internal sealed record HealthSubject(string Version, Func<AgentReadings?> Readings, Func<bool> IsStopping, Func<string?> WhyStuck)
{
    /// <summary>Text of a file by which the system describes itself; null where it cannot be read.</summary>
    public Func<string, string?> SystemText { get; init; } = GroupMemory.SystemText;

    /// <summary>Why the agent is not at work as it was configured: one line; null where it is. Cameras and brokers are not waited for.</summary>
    public string? WhyNotReady() => IsStopping() ? "the agent stops" : Why(Readings());

    /// <summary>As <see cref="WhyNotReady()"/>, of what was read already.</summary>
    public static string? Why(AgentReadings? agent)
    {
        if (agent is null) return "the agent starts: its models are being loaded";
        foreach (PipelineReadings pipeline in agent.Pipelines)
        {
            if (pipeline.Report.State == PipelineState.Disabled) continue;
            foreach (ModelReadings model in pipeline.Models)
            {
                // Only an open model has a provider.
                if (model.Report.Provider is not null) continue;
                string what = model.Report.Cause ?? "it is being loaded";
                return $"pipeline {pipeline.Name}, model {model.Report.Model}: {what}";
            }
        }

        return null;
    }
}
