using EdgeInfer.Configuration;
using EdgeInfer.Delivery.Ring;
using EdgeInfer.Delivery.Store;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Delivery;

/// <summary>Finds the outbox its places: the ring in memory that outlives the process, the store in the state folder.</summary>
internal static partial class OutboxOpening
{
    /// <summary>An outbox, its writer not started; where no ring can be had in a file, one in the process's own memory.</summary>
    public static Outbox Open(OutboxSettings settings, RuntimeOptions runtime, Func<bool> isSynced, TimeProvider time, Random random, ILogger logger)
    {
        KernelBoot kernel = KernelBoot.Read();
        if (kernel.Fault is { } unknown) LogRing(logger, unknown);
        OutboxClock clock = new(time, isSynced, kernel.Id);
        IMessageRing ring = OpenRing(settings, runtime, clock.Kernel, logger, out RingPast past);
        Outbox? outbox = null;
        outbox = new(settings, ring, past, OpenStore, clock, random, logger);
        return outbox;

        OpenedStore OpenStore(bool isKnownBroken)
        {
            OutboxStore store = OutboxStore.Open(runtime.StateFolder, outbox!.Options, clock, settings.Boot, out StoreIncident? incident, isKnownBroken);
            return new(store, incident?.Fault);
        }
    }

    /// <summary>The last start that a state folder's store knows of; 0 for none, or where it cannot be read.</summary>
    public static long LastStart(string stateFolder)
    {
        StoreFiles files = new(stateFolder);
        if (!files.HasDatabase || files.CannotBeDatabase) return 0;
        try
        {
            using SqliteDatabase database = SqliteDatabase.Open(files.Database, isReadOnly: true);
            return database.Number("SELECT max(boot) FROM run");
        }
        catch (OutboxStoreException)
        {
            // The writer meets the same fault, and says so.
            return 0;
        }
    }

    private static IMessageRing OpenRing(OutboxSettings settings, RuntimeOptions runtime, Guid kernel, ILogger logger, out RingPast past)
    {
        past = default;
        if (runtime.RunFolder.Length == 0) return new MemoryRing();
        string? folder = RunFolder.Resolve(runtime.RunFolder, Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"), out Fault? fault);
        if (folder is not null)
        {
            try
            {
                MappedRing ring = MappedRing.Open(folder, runtime.StateFolder, kernel, settings.Boot, out RingOpening opening);
                past = new(opening.HasOutlived(kernel), opening.Torn, opening.PreviousBoot, opening.Warning);
                if (opening.Warning is { } warning) LogRing(logger, warning);
                return ring;
            }
            catch (FaultException e)
            {
                fault = e.Fault;
            }
        }

        LogMemory(logger, fault!);
        past = new(HasOutlived: false, Torn: 0, Boot: 0, fault);
        return new MemoryRing();
    }

    [LoggerMessage(EventId = 4511, Level = LogLevel.Warning, Message = "outbox: {Fault}")]
    private static partial void LogRing(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 4512, Level = LogLevel.Warning, Message = "outbox: {Fault}; results on their way are in the process's memory, and lost with it")]
    private static partial void LogMemory(ILogger logger, Fault fault);
}
