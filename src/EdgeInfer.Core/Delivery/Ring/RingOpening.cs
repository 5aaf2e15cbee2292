using EdgeInfer.Diagnostics;

namespace EdgeInfer.Delivery.Ring;

/// <summary>What was found where the ring is.</summary>
/// <param name="HasExisted">Whether a whole ring of an earlier process was there; under another start of the kernel it may be an old state of it.</param>
/// <param name="PreviousBoot">The agent's start that wrote it; 0 where there was none.</param>
/// <param name="PreviousKernel">The kernel's start that it was written under; empty where there was none.</param>
/// <param name="Torn">Slots that were damaged, and freed.</param>
/// <param name="Warning">What an operator should know: something else was there and set aside, or the ring wears flash.</param>
internal readonly record struct RingOpening(bool HasExisted, long PreviousBoot, Guid PreviousKernel, int Torn, Fault? Warning)
{
    /// <summary>Whether the ring has outlived the process that wrote it, with all that it held.</summary>
    public bool HasOutlived(Guid kernel) => HasExisted && PreviousKernel == kernel;
}
