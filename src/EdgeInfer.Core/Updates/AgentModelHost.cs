using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix;

namespace EdgeInfer.Updates;

/// <summary>The running agent as updates see it.</summary>
/// <param name="agent">The agent.</param>
/// <param name="live">Which generations serve.</param>
internal sealed class AgentModelHost(Agent agent, LiveModels live) : IModelHost
{
    /// <inheritdoc/>
    public LiveModel Live(string model) => live.Of(LiveModels.KeyOf(model));

    /// <inheritdoc/>
    public bool IsOpen(string path) => agent.HasModel(path);

    /// <inheritdoc/>
    public void Open(string path) => agent.OpenModel(path);

    /// <inheritdoc/>
    public void Close(string path) => agent.CloseModel(path);

    /// <inheritdoc/>
    public void TryNow() => agent.TryModelsNow();

    /// <inheritdoc/>
    public string? Missing(string model, Model candidate) => agent.MissingLabel(model, candidate);

    /// <inheritdoc/>
    public long? RssBytes => MachineMemory.Kibibytes((GroupMemory.SystemText("/proc/self/status") ?? "").Split('\n'), "VmRSS:");
}
