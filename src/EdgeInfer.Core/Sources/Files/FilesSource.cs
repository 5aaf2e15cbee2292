using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Files;

/// <summary>
/// Picture files, each delivered once in ordinal order of their paths, or again and again where looped; every file is read anew each
/// time. The pipeline sets the pace: the mailbox must be lossless. A frame's id is its file's name.
/// </summary>
internal sealed partial class FilesSource : FrameSource
{
    /// <summary>Files that the log names; a folder that is filled for ever does not fill the memory.</summary>
    private const int NamedFilesLimit = 1024;

    /// <summary>One being filled, one waiting, two with a pipeline that compares.</summary>
    private const int Frames = 4;

    private static readonly TimeSpan s_pollForFrame = TimeSpan.FromMilliseconds(5);

    private readonly FilesOptions _options;
    private readonly ILogger _logger;
    private readonly FramePool _pool = new(Frames, PictureFile.LimitBytes);
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private long _sequence;

    /// <summary>Prepares the source; nothing is read before <see cref="FrameSource.Start"/>.</summary>
    public FilesSource(FilesOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger)
        : base(options.Pattern, output, time, random, logger)
    {
        _options = options;
        _logger = logger;
    }

    /// <inheritdoc/>
    protected override void RunOnce(CancellationToken stop)
    {
        do
        {
            List<string> files = Find();
            string again = _options.IsLooped ? ", again and again" : "";
            Description = files.Count == 1 ? $"1 file{again}" : $"{files.Count} files{again}";
            Opened();
            bool isAnyPicture = false;
            foreach (string file in files)
            {
                if (stop.IsCancellationRequested) return;
                if (!TryRead(file, stop, out FrameLease frame)) continue;
                isAnyPicture = true;
                if (!Deliver(frame)) return;
            }

            // Looping over nothing would only burn the processor.
            if (isAnyPicture) continue;
            throw Failed(
                $"none of the {files.Count} files that match is a picture that can be read",
                "JPEG, PNG, BMP, WebP and GIF are read; see the log for each file");
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
        List<string> files;
        try
        {
            files = FilePattern.Find(_options.Pattern);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed($"the folder cannot be read: {e.Message}", "check that it exists and that the service's user may read it");
        }

        if (files.Count > 0) return files;
        string what = Directory.Exists(_options.Pattern) ? "the folder holds no files" : "nothing matches this path or pattern";
        throw Failed(what, "check the path; * and ? stand for characters of one name, ** for any number of folders");
    }

    private bool TryRead(string file, CancellationToken stop, out FrameLease lease)
    {
        lease = default;
        Frame? frame;
        while ((frame = _pool.Rent()) is null)
        {
            if (stop.WaitHandle.WaitOne(s_pollForFrame)) return false;
        }

        string trouble;
        try
        {
            PictureReading reading = PictureFile.Read(file, _pool, frame);
            trouble = Trouble(reading);
            if (trouble.Length == 0)
            {
                frame.Info = new FrameInfo
                {
                    Format = reading.Format,
                    Sequence = ++_sequence,
                    CapturedTimestamp = Time.GetTimestamp(),
                    CapturedAt = Time.GetUtcNow(),
                    Id = FrameId.FromUtf8(Encoding.UTF8.GetBytes(Path.GetFileName(file))),
                };
                lease = _pool.Publish(frame, reading.LengthBytes);
                return true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            trouble = $"cannot be read: {e.Message}";
        }

        _pool.Abandon(frame);
        _sequence++;
        CountCorrupt();
        if (_named.Count < NamedFilesLimit && _named.Add(file)) LogPassedOver(_logger, file, trouble);
        return false;
    }

    private static string Trouble(PictureReading reading)
    {
        if (reading.IsTooLarge) return $"has {reading.FileBytes} bytes; at most {PictureFile.LimitBytes >> 20} MiB are read";
        if (reading.Format != PixelFormat.None) return "";
        return reading.LengthBytes == 0 ? "is empty" : "is no JPEG, PNG, BMP, WebP or GIF";
    }

    private SourceException Failed(string what, string cure) => new(SourceState.Failed, new(FaultKind.NoInput, Name, what, cure));

    [LoggerMessage(EventId = 2020, Level = LogLevel.Warning, Message = "{File} {Trouble}; it is passed over")]
    private static partial void LogPassedOver(ILogger logger, string file, string trouble);
}
