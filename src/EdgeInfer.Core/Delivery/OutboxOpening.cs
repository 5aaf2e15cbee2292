using EdgeInfer.Configuration;
using EdgeInfer.Delivery.Ring;
using EdgeInfer.Delivery.Store;
using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Delivery;

/// <summary>Finds the outbox its places: the ring in memory that outlives the process, the store in the state folder.</summary>
internal static partial class OutboxOpening
{
    // As the folder of the control socket, which is the same one.
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
    private const string KernelStart = "/proc/sys/kernel/random/boot_id";

    /// <summary>An outbox, its writer not started; where no ring can be had in a file, one in the process's own memory.</summary>
    public static Outbox Open(OutboxSettings settings, RuntimeOptions runtime, Func<bool> isSynced, TimeProvider time, Random random, ILogger logger)
    {
        OutboxClock clock = new(time, isSynced, Kernel());
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

    private static IMessageRing OpenRing(OutboxSettings settings, RuntimeOptions runtime, Guid kernel, ILogger logger, out RingPast past)
    {
        past = default;
        if (runtime.RunFolder.Length == 0) return new MemoryRing(kernel, settings.Boot);
        Fault? first = null;
        foreach (string folder in Folders(runtime.RunFolder))
        {
            try
            {
                Directory.CreateDirectory(folder, FolderMode);
                MappedRing ring = MappedRing.Open(folder, runtime.StateFolder, kernel, settings.Boot, out RingOpening opening);
                past = new(opening.HasOutlived, opening.Torn);
                if (opening.Warning is { } warning) LogRing(logger, warning);
                return ring;
            }
            catch (FaultException e) when (e.Fault.Kind == FaultKind.InputOutput)
            {
                first ??= e.Fault;
            }
            catch (FaultException e)
            {
                first = e.Fault;
                break;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                first ??= new(FaultKind.InputOutput, folder, $"this folder cannot be made: {e.Message.TrimEnd('.')}", "set runtime.run_folder to a writable folder in memory");
            }
        }

        LogMemory(logger, first!);
        return new MemoryRing(kernel, settings.Boot);
    }

    private static IEnumerable<string> Folders(string configured)
    {
        yield return configured;
        string? own = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        if (configured == new RuntimeOptions().RunFolder && !string.IsNullOrEmpty(own)) yield return Path.Combine(own, "edgeinfer");
    }

    // Where it cannot be read ages do not reach over a restart of the agent.
    private static Guid Kernel()
    {
        try
        {
            return Guid.TryParse(File.ReadAllText(KernelStart), out Guid kernel) ? kernel : Guid.NewGuid();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Guid.NewGuid();
        }
    }

    [LoggerMessage(EventId = 4511, Level = LogLevel.Warning, Message = "outbox: {Fault}")]
    private static partial void LogRing(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 4512, Level = LogLevel.Warning, Message = "outbox: {Fault}; results on their way are in the process's memory, and lost with it")]
    private static partial void LogMemory(ILogger logger, Fault fault);
}
