using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Streams;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Children;

/// <summary>
/// A camera whose stream ffmpeg reads (RTSP and whatever else it knows). Frames are always read as they come, so that none waits in the
/// pipe; where none comes in time ffmpeg is ended and started again, for its own timeouts differ from version to version.
/// </summary>
internal sealed class FfmpegStreamSource : FrameSource
{
    /// <summary>One being filled, one waiting, two with a pipeline that compares.</summary>
    private const int Frames = 4;

    /// <summary>8192 × 4320 in 4:2:0.</summary>
    private const int FrameBytesLimit = 54 << 20;

    /// <summary>A camera that is back must give frames within five seconds, and connecting takes one or two.</summary>
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(1);

    /// <summary>Connecting, and the wait for a key frame.</summary>
    private static readonly TimeSpan s_firstFrame = TimeSpan.FromSeconds(10);

    private readonly StreamOptions _options;
    private readonly FfmpegOptions _ffmpeg;
    private readonly FfmpegFaults _faults;
    private readonly FramePool _pool = new(Frames, FrameBytesLimit);
    private FfmpegAbilities _abilities = FfmpegAbilities.All;
    private long _sequence;

    /// <summary>Prepares the source; nothing is opened before <see cref="FrameSource.Start"/>.</summary>
    /// <param name="options">With <see cref="StreamOptions.Ffmpeg"/>.</param>
    /// <param name="output">Where frames go.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter of the back-off.</param>
    /// <param name="logger">Changes of state go here.</param>
    public FfmpegStreamSource(StreamOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger)
        : base(StreamName.Of(options.Url), output, time, random, logger, s_longestDelay)
    {
        _options = options;
        _ffmpeg = options.Ffmpeg ?? new FfmpegOptions();
        _faults = new FfmpegFaults(Name, _ffmpeg.Program, new Redaction(options), options.Username is not null);
    }

    /// <inheritdoc/>
    protected override void RunOnce(CancellationToken stop)
    {
        StreamProbe.Knock(_options.Url, _faults, stop);

        // Anew at once where the picture has changed its size, or where this ffmpeg is older than it was taken for.
        while (!stop.IsCancellationRequested && RunChild(stop))
        {
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) _pool.Dispose();
    }

    /// <returns>Whether to start again at once.</returns>
    private bool RunChild(CancellationToken stop)
    {
        FfmpegLog log = new();
        using ChildProcess child = Start(log);
        using CancellationTokenRegistration wake = stop.UnsafeRegister(static child => ((ChildProcess)child!).Wake(), child);
        RawFrameReader reader = new(child, log, _pool, Time);
        TimeSpan limit = s_firstFrame > _ffmpeg.Timeout ? s_firstFrame : _ffmpeg.Timeout;
        bool hadFrames = false;
        while (true)
        {
            RawFrameOutcome outcome = reader.Read(limit, out Frame? frame);
            if (outcome is RawFrameOutcome.Frame or RawFrameOutcome.NoBuffer)
            {
                if (!hadFrames) Announce(log, reader.Pictures);
                hadFrames = true;
                limit = LongestGap();
                _sequence++;
                if (outcome == RawFrameOutcome.NoBuffer) CountLost(1);
                else if (!Pass(frame!, reader.Pictures)) return false;
                continue;
            }

            stop.ThrowIfCancellationRequested();
            if (outcome == RawFrameOutcome.Resized) return true;
            if (outcome is RawFrameOutcome.End or RawFrameOutcome.EndWithin && IsOlder(child)) return true;
            throw Broken(outcome, child, log, limit, hadFrames);
        }
    }

    private ChildProcess Start(FfmpegLog log)
    {
        try
        {
            return ChildProcess.Start(FfmpegCommand.OfStream(_options with { Ffmpeg = _ffmpeg }, _abilities, log.Add), Time);
        }
        catch (FaultException e)
        {
            throw _faults.OfStart(e.Fault);
        }
        catch (IOException e)
        {
            throw _faults.OfPipes(e);
        }
    }

    private void Announce(FfmpegLog log, RawPictures pictures)
    {
        Description = $"{pictures.Width}x{pictures.Height} {log.Codec} by ffmpeg";
        Opened();
    }

    private bool Pass(Frame frame, RawPictures pictures)
    {
        frame.Info.Sequence = _sequence;
        return Deliver(_pool.Publish(frame, (int)pictures.Bytes));
    }

    /// <summary>A rate below one frame in a while is no silence.</summary>
    private TimeSpan LongestGap()
        => _ffmpeg.FramesPerSecond is { } rate && 2 / rate > _ffmpeg.Timeout.TotalSeconds ? TimeSpan.FromSeconds(2 / rate) : _ffmpeg.Timeout;

    private bool IsOlder(ChildProcess child)
    {
        child.AwaitExit(TimeSpan.FromSeconds(1));
        FfmpegAbilities less = FfmpegVersion.Without(_abilities, child.Errors.Lines());
        bool isOlder = less != _abilities;
        _abilities = less;
        return isOlder;
    }

    private SourceException Broken(RawFrameOutcome outcome, ChildProcess child, FfmpegLog log, TimeSpan limit, bool hadFrames)
    {
        if (outcome == RawFrameOutcome.EndWithin) CountCorrupt();
        return outcome switch
        {
            RawFrameOutcome.TimedOut => _faults.OfSilence(limit, log.Codec, hadFrames),
            RawFrameOutcome.Unknown => _faults.OfUnknown(log.Codec),
            RawFrameOutcome.TooLarge => _faults.OfSize(log.Output, FrameBytesLimit),
            _ => _faults.OfEnd(child.AwaitExit(TimeSpan.FromSeconds(1)), child.Errors.Lines(), log.Codec, hadFrames),
        };
    }
}
