using EdgeInfer.Delivery;

namespace EdgeInfer.Tests.Delivery.Store;

internal static class SingleLoss
{
    /// <summary>Declares one message lost.</summary>
    public static void AddLoss(this IOutboxStore store, string stream, long boot, long sequence, string reason) => store.AddLoss(stream, boot, sequence, sequence, reason);
}
