using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources;

/// <summary>What a source is doing.</summary>
public enum SourceState
{
    /// <summary>Not opened yet.</summary>
    Starting,

    /// <summary>Frames arrive.</summary>
    Running,

    /// <summary>The device or server gives no frames; it is tried again.</summary>
    NoSignal,

    /// <summary>Something an operator must mend; it is tried again all the same.</summary>
    Failed,

    /// <summary>A finite source has given its last frame.</summary>
    Ended,
}

/// <summary>Counts of one source since its start.</summary>
/// <param name="Received">Frames that arrived whole.</param>
/// <param name="Displaced">Whole frames that a newer one displaced before anyone took them.</param>
/// <param name="Lost">Frames that the device or the line lost: gaps in its own count, no free buffer.</param>
/// <param name="Corrupt">Frames refused for their bytes: truncated, empty, flagged by the driver.</param>
/// <param name="Opens">Times the source was opened with success.</param>
/// <param name="Failures">Times it could not be opened or broke.</param>
public readonly record struct SourceCounts(long Received, long Displaced, long Lost, long Corrupt, long Opens, long Failures);

/// <summary>Why a source has no frames, as one attempt ended.</summary>
/// <param name="State"><see cref="SourceState.NoSignal"/> where waiting may help, <see cref="SourceState.Failed"/> where an operator must act.</param>
/// <param name="Fault">What, where and the cure.</param>
public sealed class SourceException(SourceState state, Fault fault) : Exception(fault.ToString())
{
    /// <summary>Whether waiting may help.</summary>
    public SourceState State { get; } = state;

    /// <summary>What, where and the cure.</summary>
    public Fault Fault { get; } = fault;

    /// <summary>The shortest wait before the next attempt, where trying does harm.</summary>
    public TimeSpan Pause { get; init; }
}

/// <summary>
/// A picture source on a thread of its own: it opens its device, delivers frames into a mailbox, and after any failure waits
/// (back-off, at most 10 s unless its kind says otherwise) and opens it anew. Kinds override <see cref="RunOnce"/>.
/// </summary>
public abstract partial class FrameSource : IDisposable
{
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(10);

    /// <summary>Frames that make an open count as a success: a device that breaks right after its first one is not opened ever faster.</summary>
    private const int FramesToTrust = 3;

    private readonly Lock _lifeLock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Backoff _backoff;
    private readonly ILogger _logger;
    private Thread? _thread;
    private volatile int _state;
    private volatile Fault? _cause;
    private long _received;
    private long _lost;
    private long _corrupt;
    private long _opens;
    private long _failures;
    private int _framesSinceOpen;

    /// <summary>Prepares the source; nothing is opened before <see cref="Start"/>.</summary>
    /// <param name="name">How logs and status name it: a device path, an address without credentials.</param>
    /// <param name="output">Where frames go; the pipeline owns it.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter of the back-off.</param>
    /// <param name="logger">Changes of state go here.</param>
    /// <param name="longestDelay">The longest wait between two attempts; null for 10 s.</param>
    protected FrameSource(string name, FrameMailbox output, TimeProvider time, Random random, ILogger logger, TimeSpan? longestDelay = null)
    {
        Name = name;
        Output = output;
        Time = time;
        Pulse = new(time);
        _backoff = new Backoff(s_firstDelay, longestDelay ?? s_longestDelay, random);
        _logger = logger;
    }

    /// <summary>Raised after <see cref="State"/> or <see cref="Cause"/> has changed, on the source's thread.</summary>
    public event Action? StateChanged;

    /// <summary>How logs and status name the source; free of secrets.</summary>
    public string Name { get; }

    /// <summary>What the source is doing.</summary>
    public SourceState State => (SourceState)_state;

    /// <summary>Why there are no frames; null while there are.</summary>
    public Fault? Cause => _cause;

    /// <summary>Counts since the start.</summary>
    public SourceCounts Counts => new(
        Interlocked.Read(ref _received), Output.Displaced, Interlocked.Read(ref _lost), Interlocked.Read(ref _corrupt), Interlocked.Read(ref _opens), Interlocked.Read(ref _failures));

    /// <summary>What the device or server really gives, in words, once known: <c>1280x720 MJPG 15/s</c>.</summary>
    public string Description { get; protected set; } = "";

    /// <summary>Shows that the source's thread gets on, for those kinds that call a driver; the others rest: their waits end by themselves.</summary>
    internal Pulse Pulse { get; }

    /// <summary>Where frames go.</summary>
    protected FrameMailbox Output { get; }

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; }

    /// <summary>Starts the source's thread; a source that was disposed before stays still.</summary>
    public void Start()
    {
        lock (_lifeLock)
        {
            if (_stop.IsCancellationRequested) return;
            CancellationToken stop = _stop.Token;
            _thread = new Thread(() => Loop(stop)) { IsBackground = true, Name = "source " + Name };
            _thread.Start();
        }
    }

    /// <summary>Stops the thread and closes the device.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the device, delivers frames until <paramref name="stop"/> or the end, and closes it, whatever happens.</summary>
    /// <exception cref="SourceException">The device could not be opened, or broke.</exception>
    protected abstract void RunOnce(CancellationToken stop);

    /// <summary>Called once the device is open and frames are expected.</summary>
    protected void Opened() => Interlocked.Increment(ref _opens);

    /// <summary>Passes a whole frame on; its lease goes with it.</summary>
    /// <returns>False when nobody wants frames any more.</returns>
    protected bool Deliver(FrameLease frame)
    {
        Interlocked.Increment(ref _received);
        if (_state != (int)SourceState.Running)
        {
            _cause = null;
            _state = (int)SourceState.Running;
            _framesSinceOpen = 0;
            LogRunning(_logger, Name, Description);
            StateChanged?.Invoke();
        }

        if (_framesSinceOpen < FramesToTrust && ++_framesSinceOpen == FramesToTrust) _backoff.Reset();
        return Output.Offer(frame);
    }

    /// <summary>Counts frames that the device or the line lost.</summary>
    protected void CountLost(long frames) => Interlocked.Add(ref _lost, frames);

    /// <summary>Counts a frame refused for its bytes.</summary>
    protected void CountCorrupt() => Interlocked.Increment(ref _corrupt);

    /// <summary>Stops the thread and closes the device.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        lock (_lifeLock)
        {
            if (_stop.IsCancellationRequested) return;
            _stop.Cancel();
        }

        Output.Dispose();
        _thread?.Join();
        _stop.Dispose();
    }

    private void Loop(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            TimeSpan pause = default;
            try
            {
                RunOnce(stop);
                Pulse.Rest();
                if (stop.IsCancellationRequested) return;
                _state = (int)SourceState.Ended;
                Output.End();
                StateChanged?.Invoke();
                return;
            }
            catch (SourceException failure)
            {
                Report(failure.State, failure.Fault);
                pause = failure.Pause;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A defect in one source must not end the other pipelines.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Report(SourceState.Failed, new(FaultKind.Internal, Name, $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect"));
            }

            // Trying again is progress, however often.
            Pulse.Rest();
            TimeSpan delay = _backoff.Next();
            stop.WaitHandle.WaitOne(delay > pause ? delay : pause);
        }
    }

    private void Report(SourceState state, Fault fault)
    {
        Interlocked.Increment(ref _failures);
        bool isNews = _cause is null || _cause.What != fault.What;
        _cause = fault;
        _state = (int)state;
        if (!isNews) return;
        LogFailure(_logger, fault);
        StateChanged?.Invoke();
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "{Source} gives frames: {Description}")]
    private static partial void LogRunning(ILogger logger, string source, string description);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Warning, Message = "no frames: {Fault}")]
    private static partial void LogFailure(ILogger logger, Fault fault);
}
