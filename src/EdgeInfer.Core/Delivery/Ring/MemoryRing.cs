using System.Runtime.InteropServices;

namespace EdgeInfer.Delivery.Ring;

/// <summary>A ring in the process's own memory, for where there is no file to have: it does not outlive the process.</summary>
internal sealed unsafe class MemoryRing : IMessageRing
{
    private readonly RingMemory _ring;
    private void* _memory;

    /// <summary>Takes memory.</summary>
    public MemoryRing(Guid kernel, long boot)
    {
        // Cleared by the kernel: pages that are never touched take nothing.
        _memory = NativeMemory.AllocZeroed(RingLayout.FileBytes);
        _ring = new((byte*)_memory, kernel, boot, isSound: true);
    }

    /// <inheritdoc/>
    public int Capacity => RingLayout.Slots;

    /// <inheritdoc/>
    public int LargestPayloadBytes => MappedRing.Largest;

    /// <inheritdoc/>
    public IReadOnlyList<int> Recovered => [];

    /// <inheritdoc/>
    public int TryAdd(in RingMessage message) => _ring.TryAdd(message);

    /// <inheritdoc/>
    public RingMessage Read(int slot) => _ring.Read(slot);

    /// <inheritdoc/>
    public void Free(int slot) => _ring.Free(slot);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
