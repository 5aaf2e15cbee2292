using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>
/// The driver's buffers of one open, mapped for reading. A frame's lease points into one of them; returning it queues that buffer
/// again. After <see cref="Dispose"/> nothing is queued any more, and the mappings go when the last lease is back, on whatever
/// thread that is.
/// </summary>
internal sealed unsafe class CameraBuffers : IFrameOwner, IDisposable
{
    /// <summary>One in the mailbox, one with the pipeline, two for the driver to fill in turn.</summary>
    private const uint WantedBuffers = 4;

    private const int FewestBuffers = 2;

    private readonly Lock _gate = new();
    private readonly CameraNode _node;
    private readonly List<Mapping> _mappings = [];
    private readonly List<Frame> _frames = [];
    private int _queued;
    private int _leased;
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
            for (int i = 0; i < buffers._mappings.Count; i++) CameraFaults.ThrowIfError(buffers.Queue(i), node, "to take a buffer");
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
        if (buffer.Index >= (uint)_mappings.Count) return Errno.InputOutput;
        lock (_gate) _queued--;
        return Errno.None;
    }

    /// <summary>The bytes of a dequeued buffer; empty where the driver claims more than the buffer holds.</summary>
    public ReadOnlySpan<byte> Data(in V4l2Buffer buffer)
    {
        Mapping mapping = _mappings[(int)buffer.Index];
        return buffer.BytesUsed > mapping.LengthBytes ? [] : new((byte*)mapping.Address, (int)buffer.BytesUsed);
    }

    /// <summary>The frame of a dequeued buffer, to be filled in and leased.</summary>
    /// <param name="buffer">As dequeued.</param>
    /// <param name="lengthBytes">The bytes that are the picture.</param>
    public Frame Hold(in V4l2Buffer buffer, int lengthBytes)
    {
        Frame frame = _frames[(int)buffer.Index];
        frame.Point((byte*)_mappings[(int)buffer.Index].Address, lengthBytes);
        lock (_gate) _leased++;
        return frame;
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
            _leased--;
            // A device that has gone refuses the buffer; the capturing thread learns of it by itself.
            if (!_isStopped) Queue(frame.Slot);
            else if (_leased == 0) UnmapAll();
        }
    }

    /// <summary>Stops the stream. The node may be closed afterwards, leases or not.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isStopped) return;
            _isStopped = true;
            int type = (int)V4l2Values.BufferTypeVideoCapture;
            _node.Control(V4l2Commands.StreamOff, ref type);
            if (_leased == 0) UnmapAll();
            // A mapping keeps the kernel's file open past close(2), and with it the right to stream: without this a lease still
            // out would make the next open EBUSY. Since Linux 4.20 buffers may be given up while they are mapped.
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
            _mappings.Add(new(address, buffer.Length));
            _frames.Add(new Frame(this, (int)i));
        }
    }

    private int Queue(int index)
    {
        V4l2Buffer buffer = new() { Index = (uint)index, Type = V4l2Values.BufferTypeVideoCapture, Memory = V4l2Values.MemoryMap };
        int error = _node.Control(V4l2Commands.QueueBuffer, ref buffer);
        if (error == Errno.None) _queued++;
        return error;
    }

    private void UnmapAll()
    {
        foreach (Mapping mapping in _mappings) V4l2.Unmap(mapping.Address, mapping.LengthBytes);
        _mappings.Clear();
    }

    private readonly record struct Mapping(nint Address, uint LengthBytes);
}
