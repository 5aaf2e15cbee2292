using EdgeInfer.Configuration;
using EdgeInfer.Delivery.Store;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Delivery;

/// <summary>Finds the outbox its places: the ring in memory that outlives the process, the store in the state folder.</summary>
internal static class OutboxOpening
{
    /// <summary>An outbox, its writer not started; where no ring can be had in a file, one in the process's own memory.</summary>
    public static Outbox Open(OutboxSettings settings, RuntimeOptions runtime, Func<bool> isSynced, TimeProvider time, Random random, ILogger logger)
    {
        OutboxClock clock = new(time, isSynced, Guid.Parse(File.ReadAllText("/proc/sys/kernel/random/boot_id")));
        Outbox? outbox = null;
        outbox = new(settings, new PlainRing(), default, OpenStore, clock, random, logger);
        return outbox;

        OpenedStore OpenStore(bool isKnownBroken)
        {
            OutboxStore store = OutboxStore.Open(runtime.StateFolder, outbox!.Options, clock, settings.Boot, out StoreIncident? incident, isKnownBroken);
            return new(store, incident?.Fault);
        }
    }

    private sealed class PlainRing : IMessageRing
    {
        private readonly byte[]?[] _payloads = new byte[]?[256];
        private readonly (StreamLabel Stream, long Boot, long Seq, AcceptedAt At)[] _facts = new (StreamLabel, long, long, AcceptedAt)[256];

        public int Capacity => 256;

        public int LargestPayloadBytes => 1 << 20;

        public IReadOnlyList<int> Recovered => [];

        public int TryAdd(in RingMessage message)
        {
            int slot = Array.FindIndex(_payloads, static p => p is null);
            if (slot < 0) return slot;
            _payloads[slot] = message.Payload.ToArray();
            _facts[slot] = (message.Stream, message.Boot, message.Sequence, message.At);
            return slot;
        }

        public RingMessage Read(int slot) => new(_facts[slot].Stream, _facts[slot].Boot, _facts[slot].Seq, _facts[slot].At, _payloads[slot]);

        public void Free(int slot) => _payloads[slot] = null;

        public void Dispose()
        {
        }
    }
}
