using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>
/// The driver's buffers of one open, mapped for reading. A frame's lease points into one of them; returning it queues that buffer
/// again. <see cref="Dispose"/> gives every buffer up at once: leases still out keep their bytes, at the same address, in memory of
/// the program's own, which goes when they come back, on whatever thread that is.
/// </summary>
internal sealed unsafe class CameraBuffers : IFrameOwner, IDisposable
{
    /// <summary>One in the mailbox, one with the pipeline, two for the driver to fill in turn.</summary>
    private const uint WantedBuffers = 4;

    private const int FewestBuffers = 2;

    private readonly Lock _gate = new();
    private readonly CameraNode _node;
    private readonly List<Slot> _slots = [];
    private int _queued;
    private bool _isStopped;

    private CameraBuffers(CameraNode node) => _node = node;

    /// <summary>Buffers that the driver may fill.</summary>
    public int Queued
    {
        get { lock (_gate) return _queued; }
    }

    /// <summary>Maps the buffers, queues them all and starts the stream.</summary>
    /// <exception cref="SourceException">The driver refused.</exception>
    public static CameraBuffers Start(CameraNode node, CameraMode mode)
    {
        CameraBuffers buffers = new(node);
        try
        {
            buffers.MapAll();
            int type = (int)V4l2Values.BufferTypeVideoCapture;
            for (int i = 0; i < buffers._slots.Count; i++) CameraFaults.ThrowIfError(buffers.Queue(i), node, "to take a buffer");
            int error = node.Control(V4l2Commands.StreamOn, ref type);
            if (error != Errno.None) throw CameraFaults.OfStreamOn(error, node, mode);
            return buffers;
        }
        catch
        {
            buffers.Dispose();
            throw;
        }
    }

    /// <summary>Takes a filled buffer from the driver.</summary>
    /// <returns>The error, or 0; EAGAIN when none is filled.</returns>
    public int TryDequeue(out V4l2Buffer buffer)
    {
        buffer = new() { Type = V4l2Values.BufferTypeVideoCapture, Memory = V4l2Values.MemoryMap };
        int error = _node.Control(V4l2Commands.DequeueBuffer, ref buffer);
        if (error != Errno.None) return error;
        if (buffer.Index >= (uint)_slots.Count) return Errno.InputOutput;
        lock (_gate) _queued--;
        return Errno.None;
    }

    /// <summary>The bytes of a dequeued buffer; empty where the driver claims more than the buffer holds.</summary>
    public ReadOnlySpan<byte> Data(in V4l2Buffer buffer)
    {
        Slot slot = _slots[(int)buffer.Index];
        return buffer.BytesUsed > slot.LengthBytes ? [] : new((byte*)slot.Address, (int)buffer.BytesUsed);
    }

    /// <summary>The frame of a dequeued buffer, to be filled in and leased.</summary>
    /// <param name="buffer">As dequeued.</param>
    /// <param name="lengthBytes">The bytes that are the picture.</param>
    public Frame Hold(in V4l2Buffer buffer, int lengthBytes)
    {
        Slot slot = _slots[(int)buffer.Index];
        slot.Frame.Point((byte*)slot.Address, lengthBytes);
        lock (_gate) slot.LeasedBytes = lengthBytes;
        return slot.Frame;
    }

    /// <summary>Gives a dequeued buffer that nobody holds back to the driver.</summary>
    public int Requeue(in V4l2Buffer buffer)
    {
        lock (_gate) return Queue((int)buffer.Index);
    }

    /// <inheritdoc/>
    public void Return(Frame frame)
    {
        lock (_gate)
        {
            Slot slot = _slots[frame.Slot];
            slot.LeasedBytes = 0;
            // A device that has gone refuses the buffer; the capturing thread learns of it by itself.
            if (_isStopped) slot.Unmap();
            else Queue(frame.Slot);
        }
    }

    /// <summary>Stops the stream and gives the buffers up. The node may be closed afterwards, leases or not.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isStopped) return;
            _isStopped = true;
            int type = (int)V4l2Values.BufferTypeVideoCapture;
            _node.Control(V4l2Commands.StreamOff, ref type);
            foreach (Slot slot in _slots)
            {
                if (slot.LeasedBytes == 0) slot.Unmap();
                else slot.Detach();
            }

            V4l2RequestBuffers none = new() { Type = V4l2Values.BufferTypeVideoCapture, Memory = V4l2Values.MemoryMap };
            _node.Control(V4l2Commands.RequestBuffers, ref none);
        }
    }

    private void MapAll()
    {
        V4l2RequestBuffers request = new() { Count = WantedBuffers, Type = V4l2Values.BufferTypeVideoCapture, Memory = V4l2Values.MemoryMap };
        CameraFaults.ThrowIfError(_node.Control(V4l2Commands.RequestBuffers, ref request), _node, "to give mapped buffers");
        if (request.Count < FewestBuffers)
        {
            throw CameraFaults.Of(SourceState.Failed, FaultKind.Unavailable, _node.Path,
                $"gives {request.Count} buffers where {FewestBuffers} are needed",
                "free memory for video buffers (cma= on the kernel's command line), or ask for a smaller size");
        }

        for (uint i = 0; i < request.Count; i++)
        {
            V4l2Buffer buffer = new() { Index = i, Type = V4l2Values.BufferTypeVideoCapture, Memory = V4l2Values.MemoryMap };
            CameraFaults.ThrowIfError(_node.Control(V4l2Commands.QueryBuffer, ref buffer), _node, "to describe a buffer");
            (nint address, int error) = _node.Map(buffer.Offset, buffer.Length);
            CameraFaults.ThrowIfError(error, _node, "to map a buffer");
            _slots.Add(new(new Frame(this, (int)i), address, buffer.Length));
        }
    }

    private int Queue(int index)
    {
        V4l2Buffer buffer = new() { Index = (uint)index, Type = V4l2Values.BufferTypeVideoCapture, Memory = V4l2Values.MemoryMap };
        int error = _node.Control(V4l2Commands.QueueBuffer, ref buffer);
        if (error == Errno.None) _queued++;
        return error;
    }

    /// <summary>One buffer; guarded by the gate.</summary>
    private sealed class Slot(Frame frame, nint address, uint lengthBytes)
    {
        public Frame Frame { get; } = frame;

        public nint Address { get; } = address;

        public uint LengthBytes { get; } = lengthBytes;

        /// <summary>The bytes a lease may read; 0 for none out.</summary>
        public int LeasedBytes { get; set; }

        public void Unmap() => V4l2.Unmap(Address, LengthBytes);

        /// <summary>
        /// Puts a copy of the leased bytes in the place of the driver's memory. A mapping keeps the kernel's file open past close(2):
        /// a lease still out would make the next open EBUSY, and an unplugged camera would keep its number, so that it came back as
        /// another /dev/videoN. The kernel swaps the mappings under its lock: a reader sees one or the other, with the same bytes.
        /// </summary>
        public void Detach()
        {
            nint copy = V4l2.MapMemory(null, LengthBytes, V4l2.ProtectionReadWrite, V4l2.MapPrivateAnonymous, -1, 0);
            if (copy == -1) return; // no memory: the driver's stays until the lease is back
            new ReadOnlySpan<byte>((byte*)Address, LeasedBytes).CopyTo(new Span<byte>((byte*)copy, LeasedBytes));
            if (V4l2.Remap(copy, LengthBytes, LengthBytes, V4l2.RemapInPlaceOf, Address) == -1) V4l2.Unmap(copy, LengthBytes);
        }
    }
}
