namespace EdgeInfer.Signals;

/// <summary>
/// Hands frames from a source's thread to a pipeline's thread. It holds one frame: a newer one displaces it, so the delay
/// never grows; with <paramref name="isLossless"/> (files) the source waits instead.
/// </summary>
public sealed class FrameMailbox(bool isLossless = false) : IDisposable
{
    private readonly object _gate = new();
    private FrameLease _waiting;
    private bool _isFull;
    private bool _isClosed;
    private bool _isEnded;
    private long _displaced;

    /// <summary>Frames that a newer one displaced.</summary>
    public long Displaced => Interlocked.Read(ref _displaced);

    /// <summary>Whether the source has no more frames and the last one was taken.</summary>
    public bool IsEnded
    {
        get { lock (_gate) return _isEnded && !_isFull; }
    }

    /// <summary>Puts a frame in; passes its lease on. A closed mailbox returns it to its owner at once.</summary>
    /// <returns>False once the mailbox is closed.</returns>
    public bool Offer(FrameLease frame)
    {
        FrameLease displaced = default;
        lock (_gate)
        {
            while (isLossless && _isFull && !_isClosed) Monitor.Wait(_gate);
            if (_isClosed)
            {
                displaced = frame;
            }
            else
            {
                if (_isFull)
                {
                    displaced = _waiting;
                    _displaced++;
                }

                _waiting = frame;
                _isFull = true;
                Monitor.PulseAll(_gate);
            }
        }

        displaced.Dispose();
        return !IsClosed;
    }

    /// <summary>Takes the waiting frame, or waits for one: not at all (zero), so long, or without limit (<see cref="Timeout.InfiniteTimeSpan"/>).</summary>
    /// <returns>False when the time is up, the source has ended or the mailbox is closed.</returns>
    public bool TryTake(TimeSpan timeout, out FrameLease frame)
    {
        lock (_gate)
        {
            if (!_isFull && !_isEnded && !_isClosed && timeout != TimeSpan.Zero) Monitor.Wait(_gate, timeout);
            bool taken = _isFull && !_isClosed;
            frame = taken ? _waiting : default;
            if (taken)
            {
                _waiting = default;
                _isFull = false;
                Monitor.PulseAll(_gate);
            }

            return taken;
        }
    }

    /// <summary>The source has no more frames; the one waiting may still be taken.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Wakes both sides for good and returns the waiting frame to its owner.</summary>
    public void Dispose()
    {
        FrameLease waiting;
        lock (_gate)
        {
            _isClosed = true;
            waiting = _waiting;
            _waiting = default;
            _isFull = false;
            Monitor.PulseAll(_gate);
        }

        waiting.Dispose();
    }

    private bool IsClosed
    {
        get { lock (_gate) return _isClosed; }
    }
}
