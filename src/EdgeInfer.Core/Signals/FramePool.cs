using System.Runtime.InteropServices;

namespace EdgeInfer.Signals;

/// <summary>
/// A fixed number of frames in native memory for sources that copy bytes in (a socket, a file, a drawing).
/// One source rents; any thread returns. Buffers grow to the largest frame seen, up to a limit, and are kept.
/// </summary>
public sealed unsafe class FramePool : IFrameOwner, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Frame[] _frames;
    private readonly byte*[] _memory;
    private readonly int[] _capacities;
    private readonly Stack<int> _free;
    private readonly int _limitBytes;
    private bool _isDisposed;

    /// <summary>Creates a pool; no memory is taken before the first frame.</summary>
    /// <param name="count">Frames; 3 serve a mailbox: one being filled, one waiting, one being processed.</param>
    /// <param name="limitBytes">The most bytes a frame may have.</param>
    public FramePool(int count, int limitBytes)
    {
        _limitBytes = limitBytes;
        _frames = new Frame[count];
        _memory = new byte*[count];
        _capacities = new int[count];
        _free = new Stack<int>(count);
        for (int i = count - 1; i >= 0; i--)
        {
            _frames[i] = new Frame(this, i);
            _free.Push(i);
        }
    }

    /// <summary>The most bytes a frame may have.</summary>
    public int LimitBytes => _limitBytes;

    /// <summary>Frames not in anyone's hands.</summary>
    public int FreeCount
    {
        get { lock (_lock) return _free.Count; }
    }

    /// <summary>Takes a free frame to fill, or null when all are held.</summary>
    public Frame? Rent()
    {
        lock (_lock)
        {
            return _isDisposed || !_free.TryPop(out int slot) ? null : _frames[slot];
        }
    }

    /// <summary>The memory of a rented frame, at least <paramref name="bytes"/> long; what was in it is kept up to the old length.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="LimitBytes"/>.</exception>
    public Span<byte> Memory(Frame frame, int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _limitBytes);
        int slot = frame.Slot;
        if (bytes > _capacities[slot])
        {
            // A quarter more, so that JPEG frames of varying size settle soon.
            int capacity = (int)Math.Min(_limitBytes, (long)bytes + bytes / 4 + 4096);
            _memory[slot] = (byte*)NativeMemory.AlignedRealloc(_memory[slot], (nuint)capacity, 64);
            _capacities[slot] = capacity;
        }

        return new(_memory[slot], _capacities[slot]);
    }

    /// <summary>Points a filled frame at its first <paramref name="length"/> bytes and hands it out.</summary>
    public FrameLease Publish(Frame frame, int length)
    {
        frame.Point(_memory[frame.Slot], length);
        return frame.Lease();
    }

    /// <summary>Gives back a rented frame that was never handed out.</summary>
    public void Abandon(Frame frame) => ((IFrameOwner)this).Return(frame);

    /// <inheritdoc/>
    void IFrameOwner.Return(Frame frame)
    {
        lock (_lock)
        {
            _free.Push(frame.Slot);
            if (_isDisposed) Release(frame.Slot);
        }
    }

    /// <summary>Frees the memory; that of frames still held is freed when they return.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            foreach (int slot in _free) Release(slot);
        }
    }

    private void Release(int slot)
    {
        NativeMemory.AlignedFree(_memory[slot]);
        _memory[slot] = null;
        _capacities[slot] = 0;
    }
}
