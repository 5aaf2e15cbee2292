using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix.Interop;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Camera.Interop;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Camera;

/// <summary>
/// Frames of a V4L2 camera, leased straight from the driver's buffers. Every failure closes the node and opens its path anew,
/// with a new negotiation: a link under /dev/v4l follows the camera to another node.
/// </summary>
internal sealed partial class CameraSource : FrameSource
{
    /// <summary>The longest a stop waits for poll.</summary>
    private const int PollMilliseconds = 200;

    private static readonly TimeSpan s_shortestSilence = TimeSpan.FromSeconds(2);
    private const double SilentIntervals = 5;

    /// <summary>Many cameras take longer to their first frame than between frames: sensor and exposure start up.</summary>
    private const int FirstFrameFactor = 2;

    private readonly CameraOptions _options;
    private readonly ILogger _logger;
    private readonly CameraControls _controls;
    private SequenceCount _sequence;
    private Fault? _difference;
    private IReadOnlyList<Fault> _controlNotes = [];

    /// <summary>Prepares the source; the camera is opened by <see cref="FrameSource.Start"/>.</summary>
    public CameraSource(CameraOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger)
        : base(options.Device, output, time, random, logger)
    {
        _options = options;
        _logger = logger;
        _controls = new(options.Controls);
    }

    /// <summary>How the mode in use differs from the one asked for; null where it does not, or before the first open.</summary>
    public Fault? Difference => Volatile.Read(ref _difference);

    /// <summary>Controls that came out otherwise than asked at the last open.</summary>
    public IReadOnlyList<Fault> ControlNotes => Volatile.Read(ref _controlNotes);

    /// <inheritdoc/>
    protected override void RunOnce(CancellationToken stop)
    {
        // From here on calls go into a driver, which may not come back.
        Pulse.Step();
        using CameraNode node = CameraNode.Open(_options.Device);
        NegotiatedMode negotiated = CameraNegotiation.Agree(node, _options);
        Note(negotiated);
        IReadOnlyList<Fault> notes = _controls.Apply(node);
        using CameraBuffers buffers = CameraBuffers.Start(node, negotiated.Mode);
        Note([.. notes, .. _controls.Confirm(node)]);
        Opened();
        _sequence.Restart();
        Capture(node, buffers, negotiated.Mode, stop);
    }

    private void Note(NegotiatedMode negotiated)
    {
        Description = negotiated.Mode.ToString();
        if (negotiated.Difference is { } difference && difference != _difference) LogDifference(_logger, difference);
        Volatile.Write(ref _difference, negotiated.Difference);
    }

    private void Note(IReadOnlyList<Fault> controls)
    {
        // Once, not at every open.
        foreach (Fault note in controls)
            if (!_controlNotes.Contains(note)) LogDifference(_logger, note);
        Volatile.Write(ref _controlNotes, controls);
    }

    private void Capture(CameraNode node, CameraBuffers buffers, CameraMode mode, CancellationToken stop)
    {
        TimeSpan silence = mode.FramesPerSecond > 0 ? TimeSpan.FromSeconds(SilentIntervals / mode.FramesPerSecond) : TimeSpan.Zero;
        if (silence < s_shortestSilence) silence = s_shortestSilence;
        TimeSpan limit = silence * FirstFrameFactor;
        long lastWhole = Time.GetTimestamp();
        bool isCorrupt = false;
        while (!stop.IsCancellationRequested)
        {
            Pulse.Step();
            CameraFaults.ThrowIfError(node.Wait(PollMilliseconds, out short events), node, "to be waited for");
            if (events != 0)
            {
                int error = buffers.TryDequeue(out V4l2Buffer buffer);
                if (error == Errno.None)
                {
                    FrameOutcome outcome = Pass(buffer, buffers, mode);
                    if (outcome == FrameOutcome.Unwanted) return;
                    isCorrupt = outcome == FrameOutcome.Corrupt;
                    if (!isCorrupt) (lastWhole, limit) = (Time.GetTimestamp(), silence);
                }
                else
                {
                    ThrowIfBroken(error, events, node);
                }
            }

            if (Time.GetElapsedTime(lastWhole) > limit) throw CameraFaults.Silent(Name, silence, isCorrupt);
        }
    }

    private FrameOutcome Pass(in V4l2Buffer buffer, CameraBuffers buffers, CameraMode mode)
    {
        long lost = _sequence.Next(buffer.Sequence);
        if (lost > 0) CountLost(lost);
        bool isFlagged = (buffer.Flags & V4l2Values.BufferFlagError) != 0;
        int length = isFlagged ? 0 : FrameCheck.WholeLength(buffers.Data(buffer), mode);
        if (length == 0)
        {
            CountCorrupt();
            buffers.Requeue(buffer);
            return FrameOutcome.Corrupt;
        }

        if (buffers.Queued == 0)
        {
            // Leases hold all the others: with this one too the driver would have nothing to fill and the stream would stand still.
            CountLost(1);
            buffers.Requeue(buffer);
            return FrameOutcome.Whole;
        }

        Frame frame = buffers.Hold(buffer, length);
        Describe(ref frame.Info, buffer, mode);
        return Deliver(frame.Lease()) ? FrameOutcome.Whole : FrameOutcome.Unwanted;
    }

    private void Describe(ref FrameInfo info, in V4l2Buffer buffer, CameraMode mode)
    {
        bool isJpeg = mode.PixelFormat == PixelFormat.Jpeg;
        TimeSpan age = CaptureClock.Age(buffer, CaptureClock.MonotonicNanoseconds());
        info.Format = mode.PixelFormat;
        info.WidthPixels = isJpeg ? 0 : mode.WidthPixels;
        info.HeightPixels = isJpeg ? 0 : mode.HeightPixels;
        info.StrideBytes = mode.StrideBytes;
        info.Colour = mode.Colour;
        info.Sequence = _sequence.Frames;
        info.CapturedTimestamp = Time.GetTimestamp() - (long)(age.TotalSeconds * Time.TimestampFrequency);
        info.CapturedAt = Time.GetUtcNow() - age;
    }

    private static void ThrowIfBroken(int error, short events, CameraNode node)
    {
        if (error != Errno.Again) throw CameraFaults.OfError(error, node, "to give a frame");
        if ((events & Poll.HangUp) != 0) throw CameraFaults.Unplugged(node.Path);
        if ((events & Poll.Error) != 0) throw CameraFaults.BrokenTransfer(node.Path, Errno.InputOutput);
    }

    private enum FrameOutcome
    {
        /// <summary>Passed on, or whole but with nobody to take it.</summary>
        Whole,

        /// <summary>Refused for its bytes.</summary>
        Corrupt,

        /// <summary>Nobody wants frames any more.</summary>
        Unwanted,
    }

    [LoggerMessage(EventId = 2101, Level = LogLevel.Warning, Message = "{Difference}")]
    private static partial void LogDifference(ILogger logger, Fault difference);
}
