using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Delivery;

/// <summary>A store that was opened, and what was found wrong with the one before.</summary>
/// <param name="Store">The store; owned by whoever asked.</param>
/// <param name="Notice">What an operator should know; null where there is nothing.</param>
internal sealed record OpenedStore(IOutboxStore Store, Fault? Notice);

/// <summary>The writer: the one thread that touches the store.</summary>
internal sealed partial class Outbox
{
    /// <summary>While nothing is sent, messages wait this long for others to share their sync with.</summary>
    private const long GroupMilliseconds = 1000;

    /// <summary>So many share one at most.</summary>
    private const int GroupCount = 100;

    /// <summary>Durable messages wait for others only so long, within the 50 ms that they may take.</summary>
    private const long DurableGroupMilliseconds = 20;

    /// <summary>The line lags when its oldest message is older, or when more than <see cref="GroupCount"/> wait.</summary>
    private const long LagMilliseconds = 2000;
    private const long ExpiryMilliseconds = 60_000;

    /// <summary>Each new database costs syncs, and one that breaks again at once shows a device that damages them all.</summary>
    private const long BrokenMilliseconds = 60_000;
    private const int MostExpired = 1000;

    /// <summary>Rows of a stream looked through after a kill: what was stored while the longest silence of a broker lasts.</summary>
    private const int MostMatched = 4096;
    private const long Never = long.MaxValue;

    private readonly Func<bool, OpenedStore> _openStore;
    private readonly RingPast _past;
    private readonly Backoff _reopening;
    private readonly AutoResetEvent _signal = new(false);
    private readonly int[] _slots = new int[256];
    private readonly long[] _rows = new long[256];
    private readonly List<OutboxStream> _earlierStreams = [];
    private readonly List<Backlog.Entry> _finished = [];
    private List<long> _unended = [];
    private int _recovered;
    private Thread? _thread;
    private IOutboxStore? _store;
    private Fault? _storeFault;
    private string? _notice;
    private long _storeDue;
    private long _writerDue;
    private long _expiryDue;
    private long _brokenDue;
    private bool _hasRun;
    private bool _hasUnregistered;
    private bool _isResizing;
    private byte _storeEpoch;
    private bool _isKnownBroken;
    private string? _loggedFault;
    private bool _hasSpareSpace;

    /// <summary>Whether messages can be put on the disk now; under the lock.</summary>
    private bool IsStoreUsable => _store is not null && _storeFault is null;

    /// <summary>Starts the writer.</summary>
    public void Start()
    {
        _thread = new Thread(Write) { IsBackground = true, Name = "outbox" };
        _thread.Start();
    }

    /// <summary>Takes no more messages; what is in memory goes to the disk. Where the disk cannot take it, it stays in the ring.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isClosed) return;
            _isClosed = _isClosing = true;
            _isUp = false;
        }

        Signal();
        _thread?.Join();
        if (_thread is null) Close();
        _signal.Dispose();
        _live.Ring.Dispose();
    }

    /// <summary>Does all that is due.</summary>
    /// <returns>How many milliseconds until something is due again; <see cref="Timeout.Infinite"/> for nothing known.</returns>
    internal int Step()
    {
        OpenStoreWhenDue();
        if (_store is { } store && Now() >= _storeDue)
        {
            try
            {
                WriteGroup(store);
                FillBacklog(store);
                Maintain(store);
                lock (_lock) Healed();
            }
            catch (OutboxStoreException e)
            {
                Fail(e);
            }
        }

        bool hasNews, isSendable;
        int wait;
        lock (_lock)
        {
            long now = Now();
            if (!IsStoreUsable && _isUp) _losses.PublishNoticed();
            isSendable = _isUp && (_live.HasSendable(now) || _losses.HasSendable(now) || (_backlog.HasSendable(now) && _backlog.NextAllowed(now) <= now));
            hasNews = _hasNews;
            _hasNews = false;
            long due = Due(now);
            _writerDue = due;
            wait = due == Never ? Timeout.Infinite : (int)Math.Clamp(due - now, 0, int.MaxValue);
        }

        if (isSendable) WakeLine();
        if (hasNews) StateChanged?.Invoke();
        return wait;
    }

    /// <summary>Whether the writer was called since it was last asked: for whoever steps it by hand.</summary>
    internal bool TakeSignal() => _signal.WaitOne(0);

    private void Write()
    {
        int wait = 0;
        while (true)
        {
            _signal.WaitOne(wait);
            lock (_lock)
            {
                if (_isClosed) break;
            }

            wait = Step();
        }

        Close();
    }

    private long Now() => _clock.MonotonicMilliseconds;

    private void Signal()
    {
        try
        {
            _signal.Set();
        }
        catch (ObjectDisposedException)
        {
            // Between the end of Dispose and the last caller nobody waits any more.
        }
    }
}
