using System.Runtime.InteropServices;
using EdgeInfer.Delivery.Ring.Interop;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Delivery.Ring;

/// <summary>A ring in the process's own memory, for when there is none that outlives it: what a killed process held is lost.</summary>
internal sealed unsafe class MemoryRing : SlotRing
{
    /// <summary>Takes memory, which costs nothing until it is used.</summary>
    /// <param name="bytes">Of the whole ring.</param>
    /// <exception cref="FaultException">There is none.</exception>
    public MemoryRing(int bytes = RingLayout.DefaultFileBytes)
        : base(Take(bytes), bytes)
    {
    }

    /// <inheritdoc/>
    protected override void Release(byte* memory) => RingFileCalls.Unmap(memory, Bytes);

    private static byte* Take(int bytes)
    {
        byte* memory = RingFileCalls.TryMapPrivate(bytes, out int error);
        return memory != null
            ? memory
            : throw FaultException.Of(FaultKind.Unavailable, "outbox", $"no memory for the ring of messages: {Marshal.GetPInvokeErrorMessage(error)}", "give the service more memory");
    }
}
