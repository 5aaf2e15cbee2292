using EdgeInfer.Delivery;

namespace EdgeInfer.Tests.Delivery;

/// <summary>A ring of managed memory; handed to another outbox it is what a killed process leaves.</summary>
/// <param name="capacity">Slots.</param>
/// <param name="mostBytes">Room for payloads.</param>
internal sealed class FakeRing(int capacity = 256, int mostBytes = int.MaxValue) : IMessageRing
{
    private readonly (StreamLabel Stream, long Boot, long Seq, AcceptedAt At, byte[] Payload, long Order)?[] _slots = new (StreamLabel, long, long, AcceptedAt, byte[], long)?[capacity];
    private long _order;

    public int Capacity => capacity;

    public int LargestPayloadBytes => 1000;

    public int Used => _slots.Count(s => s is not null);

    public IReadOnlyList<int> Recovered => [.. Enumerable.Range(0, capacity).Where(i => _slots[i] is not null).OrderBy(i => _slots[i]!.Value.Order)];

    public int TryAdd(in RingMessage message)
    {
        int slot = message.Payload.Length > mostBytes - _slots.Sum(s => s?.Payload.Length ?? 0) ? -1 : Array.FindIndex(_slots, s => s is null);
        if (slot >= 0) _slots[slot] = (message.Stream, message.Boot, message.Sequence, message.At, message.Payload.ToArray(), _order++);
        return slot;
    }

    public RingMessage Read(int slot)
    {
        var kept = _slots[slot]!.Value;
        return new(kept.Stream, kept.Boot, kept.Seq, kept.At, kept.Payload);
    }

    public void Free(int slot)
    {
        Assert.NotNull(_slots[slot]);
        _slots[slot] = null;
    }

    private readonly Dictionary<long, long> _lost = [];

    public IReadOnlyList<(long Boot, long Count)> RecoveredLosses => [.. _lost.Where(l => l.Value > 0).Select(l => (l.Key, l.Value))];

    public void CountLost(long boot, long change) => _lost[boot] = _lost.GetValueOrDefault(boot) + change;

    public void Dispose()
    {
    }
}
