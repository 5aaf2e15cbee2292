using EdgeInfer.Diagnostics;

namespace EdgeInfer.Messaging;

/// <summary>Why a connection could not be made or ended.</summary>
/// <param name="fault">What, where and the cure.</param>
/// <param name="needsOperator">Whether waiting will not help.</param>
/// <param name="inner">What was thrown below.</param>
internal sealed class MqttLinkException(Fault fault, bool needsOperator, Exception? inner = null) : Exception(fault.ToString(), inner)
{
    /// <summary>What, where and the cure.</summary>
    public Fault Fault { get; } = fault;

    /// <summary>Whether waiting will not help.</summary>
    public bool NeedsOperator { get; } = needsOperator;

    /// <summary>
    /// Whether the next attempt waits <see cref="MqttSettings.FailedDelay"/>, unless a file or the configuration changes: asked more often
    /// a broker locks an account or fills its log, and only a person mends it. Else the delays grow from short ones.
    /// </summary>
    public bool WaitsLong { get; init; } = needsOperator;

    /// <summary>Whether the broker refused the user name and the password, or their absence.</summary>
    public bool WantsCredentials { get; init; }
}
