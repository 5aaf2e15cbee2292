using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Delivery;

/// <summary>Finds the outbox its places: the ring in memory that outlives the process, the store in the state folder.</summary>
internal static partial class OutboxOpening
{
    /// <summary>An outbox, its writer not started; where no ring can be had in a file, one in the process's own memory.</summary>
    public static Outbox Open(OutboxSettings settings, RuntimeOptions runtime, Func<bool> isSynced, TimeProvider time, Random random, ILogger logger)
    {
        throw new NotImplementedException();
    }
}
