using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>A request that brought nothing, or not all.</summary>
internal sealed class TransferException(Fault fault, bool isPassing, Exception? inner = null) : Exception(fault.ToString(), inner)
{
    /// <summary>What to say when it is given up.</summary>
    public Fault Fault { get; } = fault;

    /// <summary>Whether the same request may succeed a little later.</summary>
    public bool IsPassing { get; } = isPassing;

    /// <summary>What it is where it stops a model update.</summary>
    public UpdateCode Code { get; init; } = UpdateCode.Network;

    /// <summary>How long the server asks to be left alone; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What an operator sees.</summary>
    public FaultException ToFault() => new(Fault, this);
}
