using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Children;

/// <summary>How a source of pictures from a command behaves, whatever the command.</summary>
/// <param name="Shape">Raw pictures of this shape; null for JPEG pictures.</param>
/// <param name="Timeout">The longest time without a whole picture; the first may take three times as long.</param>
/// <param name="IsRestarted">Whether a command that ends with code 0 is started anew, as after any other end.</param>
/// <param name="FramesPerSecond">A command that writes faster is held up; null lets it.</param>
internal sealed record ChildRules(RawShape? Shape, TimeSpan Timeout, bool IsRestarted = true, double? FramesPerSecond = null)
{
    /// <summary>A timeout that does not take a low rate for silence.</summary>
    public static TimeSpan Patience(TimeSpan timeout, double? framesPerSecond)
        => framesPerSecond is { } rate && 3 / rate > timeout.TotalSeconds ? TimeSpan.FromSeconds(3 / rate) : timeout;
}

/// <summary>
/// Pictures that a command writes to its standard output. The command is started on the source's thread, watched, ended when it falls
/// silent, and started anew. Kinds say which command.
/// </summary>
internal abstract partial class ChildSource : FrameSource
{
    /// <summary>The most bytes of one JPEG picture.</summary>
    internal const int LargestPictureBytes = 16 << 20;

    /// <summary>So much without a picture in it is no stream of pictures.</summary>
    private const long MostWastedBytes = 4 << 20;

    /// <summary>The first picture may take this many times as long as the others: cameras have to start, addresses to answer.</summary>
    private const int PatienceAtStart = 3;

    /// <summary>One being filled, one waiting, two with a pipeline that compares.</summary>
    private const int Frames = 4;

    // Programs close their output just before they end.
    private static readonly TimeSpan s_exitPatience = TimeSpan.FromSeconds(1);

    private readonly ChildRules _rules;
    private readonly ILogger _logger;
    private readonly FramePool _pool;
    private readonly ChildFaults _faults;
    private long _sequence;

    /// <summary>Prepares the source; nothing is started before <see cref="FrameSource.Start"/>.</summary>
    protected ChildSource(string name, ChildRules rules, FrameMailbox output, TimeProvider time, Random random, ILogger logger)
        : base(name, output, time, random, logger)
    {
        _rules = rules;
        _logger = logger;
        _pool = new FramePool(Frames, rules.Shape?.FrameBytes ?? LargestPictureBytes);
        _faults = new ChildFaults(name, rules);
    }

    /// <summary>What people are told that the pictures come from.</summary>
    protected string Program { get; set; } = "a command";

    /// <summary>The command to start now.</summary>
    /// <exception cref="SourceException">There is none.</exception>
    protected abstract ChildCommand Command();

    /// <summary>Words a fault better than in general, from what the command said last; null where nothing better is known.</summary>
    protected virtual Fault? Explain(ChildExit exit, IReadOnlyList<string> errors) => null;

    /// <inheritdoc/>
    protected sealed override void RunOnce(CancellationToken stop)
    {
        using ChildProcess child = Launch();
        using CancellationTokenRegistration wake = stop.UnsafeRegister(static child => ((ChildProcess)child!).Wake(), child);
        using FrameCutter cutter = _rules.Shape is { } shape ? new RawCutter(shape, _pool, Time) : new JpegCutter(_pool, Time);
        cutter.Sequence = _sequence;
        Description = _rules.Shape is { } raw ? $"{raw.Width}x{raw.Height} {raw.Format.ToString().ToUpperInvariant()} from {Program}" : $"MJPEG from {Program}";
        Serve(child, cutter, stop);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) _pool.Dispose();
    }

    private ChildProcess Launch()
    {
        try
        {
            return ChildProcess.Start(Command(), Time);
        }
        catch (FaultException e)
        {
            throw new SourceException(SourceState.Failed, e.Fault with { Where = Name });
        }
        catch (IOException e)
        {
            throw new SourceException(SourceState.Failed, ChildFaults.NoPipes(Name, e));
        }
    }

    private void Serve(ChildProcess child, FrameCutter cutter, CancellationToken stop)
    {
        Tempo tempo = new(_rules.FramesPerSecond, Time);
        long since = Time.GetTimestamp();
        bool hasBytes = false;
        bool hasFrames = false;
        while (true)
        {
            TimeSpan patience = hasFrames ? _rules.Timeout : PatienceAtStart * _rules.Timeout;
            int count = 0;
            TimeSpan left = patience - Time.GetElapsedTime(since);
            switch (left > TimeSpan.Zero ? child.Read(cutter.Room(), left, out count) : ChildRead.TimedOut)
            {
                case ChildRead.Woken:
                    return;
                case ChildRead.TimedOut:
                    child.Stop();
                    throw _faults.Silent(patience, cutter.PendingBytes + cutter.WastedBytes > 0, child.Errors);
                case ChildRead.End:
                    Finish(child, cutter, hasFrames, stop);
                    return;
            }

            if (!hasBytes) Opened();
            hasBytes = true;
            cutter.Add(count);
            bool isFrame = false;
            if (!Cut(cutter, ref isFrame)) return;
            _sequence = cutter.Sequence;
            if (!isFrame) continue;
            hasFrames = true;
            if (!child.Pause(tempo.Next())) return;
            since = Time.GetTimestamp();
        }
    }

    /// <summary>Delivers what is whole.</summary>
    /// <returns>False when nobody wants frames any more.</returns>
    private bool Cut(FrameCutter cutter, ref bool isFrame)
    {
        while (true)
        {
            CutOutcome outcome = cutter.Next(out FrameLease frame);
            switch (outcome)
            {
                case CutOutcome.Frame:
                    isFrame = true;
                    if (!Deliver(frame)) return false;
                    break;
                case CutOutcome.NoBuffer:
                    isFrame = true;
                    CountLost(1);
                    break;
                case CutOutcome.Corrupt:
                    CountCorrupt();
                    break;
                case CutOutcome.TooLarge:
                    CountCorrupt();
                    throw _faults.TooLarge(LargestPictureBytes);
                default:
                    return cutter.WastedBytes <= MostWastedBytes ? true : throw _faults.Garbage(MostWastedBytes);
            }
        }
    }

    private void Finish(ChildProcess child, FrameCutter cutter, bool hasFrames, CancellationToken stop)
    {
        ChildExit exit = child.AwaitExit(s_exitPatience);
        if (stop.IsCancellationRequested) return;
        if (cutter.PendingBytes > 0) CountCorrupt();
        if (exit.IsSuccess && hasFrames && !_rules.IsRestarted)
        {
            if (cutter.PendingBytes > 0) LogUnfinished(_logger, Name, _faults.Unfinished(cutter.PendingBytes));
            return;
        }

        if (Explain(exit, child.Errors.Lines()) is { } known) throw new SourceException(SourceState.Failed, known);
        throw _faults.Ended(exit, hasFrames, cutter.PendingBytes, child.Errors);
    }

    [LoggerMessage(EventId = 2031, Level = LogLevel.Warning, Message = "{Source}: the command ended {Unfinished}")]
    private static partial void LogUnfinished(ILogger logger, string source, string unfinished);
}
