using System.Buffers.Text;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Files;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Children;

/// <summary>
/// Films, every frame in order, one film after the other in ordinal order of their paths. The pipeline sets the pace: the mailbox must
/// be lossless. A frame's id is its film's name and its number, from 1: <c>belt.mp4#1</c>.
/// </summary>
internal sealed partial class FilmSource : FrameSource
{
    private const int Frames = 4;
    private const int FrameBytesLimit = 54 << 20;
    private const int LongestNumber = 20;

    /// <summary>A whole film on a slow disk may take a while to begin; a film that stands still is broken.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pollForFrame = TimeSpan.FromMilliseconds(2);

    private readonly FilesOptions _options;
    private readonly FfmpegOptions _ffmpeg;
    private readonly FfmpegFaults _faults;
    private readonly ILogger _logger;
    private readonly FramePool _pool = new(Frames, FrameBytesLimit);
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private FfmpegAbilities _abilities = FfmpegAbilities.All;
    private long _sequence;

    /// <summary>Prepares the source; nothing is read before <see cref="FrameSource.Start"/>.</summary>
    public FilmSource(FilesOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger)
        : base(options.Pattern, output, time, random, logger)
    {
        _options = options;
        _ffmpeg = options.Ffmpeg ?? new FfmpegOptions();
        _faults = new FfmpegFaults(Name, _ffmpeg.Program, Redaction.OfAddresses, hasCredentials: false);
        _logger = logger;
    }

    /// <inheritdoc/>
    protected override void RunOnce(CancellationToken stop)
    {
        do
        {
            List<string> films = Find();
            bool isAnyFrame = false;
            string trouble = "";
            foreach (string film in films)
            {
                FilmRun run;
                while ((run = Play(film, stop)).IsAgain)
                {
                }

                if (stop.IsCancellationRequested || run.IsClosed) return;
                isAnyFrame |= run.Frames > 0;
                if (run.Trouble.Length == 0) continue;
                trouble = run.Trouble;
                if (films.Count > 1 || run.Frames > 0) PassOver(film, trouble);
            }

            if (isAnyFrame) continue;
            throw films.Count == 1
                ? Failed(trouble.Length == 0 ? "has no frame in it" : trouble, "check the file with ffprobe")
                : Failed($"none of the {films.Count} films that match can be played", "see the log for each film");
        }
        while (_options.IsLooped);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) _pool.Dispose();
    }

    private List<string> Find()
    {
        try
        {
            if (FilePattern.Find(_options.Pattern) is { Count: > 0 } films) return films;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed($"the folder cannot be read: {e.Message}", "check that it exists and that the service's user may read it");
        }

        throw Failed("nothing matches this path or pattern", "check the path; * and ? stand for characters of one name, ** for any number of folders");
    }

    private FilmRun Play(string film, CancellationToken stop)
    {
        FfmpegLog log = new();
        using ChildProcess child = Start(film, log);
        using CancellationTokenRegistration wake = stop.UnsafeRegister(static child => ((ChildProcess)child!).Wake(), child);
        RawFrameReader reader = new(child, log, _pool, Time);
        byte[] id = new byte[FrameId.Capacity];
        int idStart = StartOfId(film, id);
        long number = 0;
        while (WaitForBuffer(stop))
        {
            RawFrameOutcome outcome = reader.Read(s_patience, out Frame? frame);
            if (outcome != RawFrameOutcome.Frame) return stop.IsCancellationRequested ? FilmRun.Closed : End(outcome, child, log, number);
            if (number == 0)
            {
                RawPictures pictures = reader.Pictures;
                Description = $"{pictures.Width}x{pictures.Height} {log.Codec} by ffmpeg{(_options.IsLooped ? ", again and again" : "")}";
                Opened();
            }

            _ = Utf8Formatter.TryFormat(++number, id.AsSpan(idStart), out int digits);
            frame!.Info.Sequence = ++_sequence;
            frame.Info.Id = FrameId.FromUtf8(id.AsSpan(0, idStart + digits));
            if (!Deliver(_pool.Publish(frame, (int)reader.Pictures.Bytes))) return FilmRun.Closed;
        }

        return FilmRun.Closed;
    }

    private ChildProcess Start(string film, FfmpegLog log)
    {
        try
        {
            return ChildProcess.Start(FfmpegCommand.OfFilm(film, _ffmpeg, _abilities, log.Add), Time);
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

    /// <summary>No frame of a film is thrown away: it waits until the pipeline has given one back.</summary>
    private bool WaitForBuffer(CancellationToken stop)
    {
        while (_pool.FreeCount == 0)
        {
            if (stop.WaitHandle.WaitOne(s_pollForFrame)) return false;
        }

        return !stop.IsCancellationRequested;
    }

    private FilmRun End(RawFrameOutcome outcome, ChildProcess child, FfmpegLog log, long frames)
    {
        switch (outcome)
        {
            case RawFrameOutcome.End or RawFrameOutcome.EndWithin:
                ChildExit exit = child.AwaitExit(TimeSpan.FromSeconds(1));
                IReadOnlyList<string> lines = child.Errors.Lines();
                FfmpegAbilities less = FfmpegVersion.Without(_abilities, lines);
                if (less != _abilities)
                {
                    _abilities = less;
                    return FilmRun.Again;
                }

                if (frames > 0 && exit.IsSuccess) return new(frames, "");
                return new(frames, frames > 0 ? $"broke off after {frames} frames: {_ffmpeg.Program} {exit}" : _faults.OfFilm(exit, lines, log.Codec));
            case RawFrameOutcome.Resized:
                return new(frames, $"changes its size after {frames} frames: the rest");
            case RawFrameOutcome.TimedOut:
                return new(frames, $"gives no frame for {s_patience.TotalSeconds:0} s");
            case RawFrameOutcome.TooLarge:
                return new(frames, _faults.OfSize(log.Output, FrameBytesLimit).Fault.What);
            default:
                return new(frames, _faults.OfUnknown(log.Codec).Fault.What);
        }
    }

    /// <summary>Puts the film's name and a mark into an id, with room for a number behind it.</summary>
    private static int StartOfId(string film, byte[] id)
    {
        FrameId name = FrameId.FromUtf8(Encoding.UTF8.GetBytes(Path.GetFileName(film)));
        int length = Math.Min(name.Utf8.Length, FrameId.Capacity - LongestNumber - 1);
        while (length > 0 && length < name.Utf8.Length && (name.Utf8[length] & 0xC0) == 0x80) length--;
        name.Utf8[..length].CopyTo(id);
        id[length] = (byte)'#';
        return length + 1;
    }

    private void PassOver(string film, string trouble)
    {
        CountCorrupt();
        if (_named.Count < 1024 && _named.Add(film)) LogPassedOver(_logger, film, trouble);
    }

    private SourceException Failed(string what, string cure) => new(SourceState.Failed, new(FaultKind.NoInput, Name, what, cure));

    [LoggerMessage(EventId = 2030, Level = LogLevel.Warning, Message = "{Film} {Trouble}; it is passed over")]
    private static partial void LogPassedOver(ILogger logger, string film, string trouble);

    /// <summary>How playing a film ended.</summary>
    /// <param name="Frames">Frames passed on.</param>
    /// <param name="Trouble">What is wrong with it, in words that follow its path; empty for nothing.</param>
    private readonly record struct FilmRun(long Frames, string Trouble)
    {
        /// <summary>Nobody wants frames any more.</summary>
        public static FilmRun Closed { get; } = new(-1, "");

        /// <summary>ffmpeg is to be asked again in other words.</summary>
        public static FilmRun Again { get; } = new(-2, "");

        public bool IsClosed => Frames == -1;

        public bool IsAgain => Frames == -2;
    }
}
