using EdgeInfer.Diagnostics;
using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>The agent in short, for whoever supervises it.</summary>
internal sealed record AgentCondition
{
    /// <summary>Each pipeline: its state, and why where it is not running.</summary>
    public required IReadOnlyList<(string Name, PipelineState State, Fault? Cause)> Pipelines { get; init; }

    /// <summary>The connection to the broker, as <see cref="BrokerReport.State"/>.</summary>
    public required string Broker { get; init; }

    /// <summary>Why the last reload changed nothing; null where it did, or there was none.</summary>
    public string? ConfigurationFault { get; init; }

    /// <summary>Memory of the control group; null where none limits the agent.</summary>
    public MemoryReport? Memory { get; init; }

    /// <summary>Pipelines that have not got on for longer than they may: what of them, and for how long.</summary>
    public IReadOnlyList<Fault> Stuck { get; init; } = [];
}
