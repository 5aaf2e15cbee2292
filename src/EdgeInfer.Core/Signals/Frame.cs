using System.Diagnostics;

namespace EdgeInfer.Signals;

/// <summary>Takes a frame back: a pool to use its memory again, a driver to queue its buffer again.</summary>
public interface IFrameOwner
{
    /// <summary>The last holder is done with the frame; may be called on any thread.</summary>
    void Return(Frame frame);
}

/// <summary>
/// One frame's bytes and facts. A frame has one holder at a time, who got it by a <see cref="FrameLease"/>;
/// passing the lease on passes the frame on. The memory is the owner's and outlives the lease.
/// </summary>
public sealed unsafe class Frame(IFrameOwner owner, int slot)
{
    /// <summary>What is known of the frame.</summary>
    public FrameInfo Info;

    private byte* _data;
    private int _length;
    private uint _generation;

    /// <summary>The owner's number of this frame's buffer.</summary>
    public int Slot { get; } = slot;

    internal uint Generation => Volatile.Read(ref _generation);

    internal ReadOnlySpan<byte> Data => new(_data, _length);

    /// <summary>The owner points the frame at bytes that stay in place until the frame comes back.</summary>
    public void Point(byte* data, int length)
    {
        _data = data;
        _length = length;
    }

    /// <summary>Hands the frame out. Only its owner calls this, and only while nobody holds it.</summary>
    public FrameLease Lease() => new(this, Generation);

    internal void Return(uint generation)
    {
        // Two holders returning the same lease race here; one of them is a defect, and it loses.
        if (Interlocked.CompareExchange(ref _generation, generation + 1, generation) != generation)
        {
            Debug.Fail("a frame was returned twice");
            return;
        }

        owner.Return(this);
    }
}

/// <summary>The right to read one frame, to be returned exactly once; goes stale when it is.</summary>
public readonly struct FrameLease : IDisposable
{
    private readonly Frame? _frame;
    private readonly uint _generation;

    internal FrameLease(Frame frame, uint generation)
    {
        _frame = frame;
        _generation = generation;
    }

    /// <summary>Whether there is no frame.</summary>
    public bool IsEmpty => _frame is null;

    /// <summary>The bytes, valid until the lease is returned.</summary>
    public ReadOnlySpan<byte> Data => Valid().Data;

    /// <summary>The facts, valid until the lease is returned.</summary>
    public ref readonly FrameInfo Info => ref Valid().Info;

    /// <summary>The frame counts as captured at another time; only its holder calls this.</summary>
    /// <param name="timestamp">On the monotonic clock.</param>
    /// <param name="at">UTC.</param>
    public void CaptureAt(long timestamp, DateTimeOffset at)
    {
        Frame frame = Valid();
        (frame.Info.CapturedTimestamp, frame.Info.CapturedAt) = (timestamp, at);
    }

    /// <summary>Returns the frame to its owner.</summary>
    public void Dispose() => _frame?.Return(_generation);

    private Frame Valid()
    {
        if (_frame is null || _frame.Generation != _generation) throw new InvalidOperationException("a frame was used after it was returned");
        return _frame;
    }
}
