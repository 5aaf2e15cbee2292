using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary>Takes single frames from a source that <c>run</c> would serve: the first good ones, or the source's own fault.</summary>
internal sealed class LiveFrames : IDisposable
{
    /// <summary>A camera's first frames are dark or green until its exposure has settled.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    /// <summary>Tries that end without a frame before a source is given up that might yet come back by itself.</summary>
    private const int MostFailures = 3;

    private readonly FrameMailbox _mailbox;
    private readonly FrameSource _source;
    private readonly TimeProvider _time;
    private readonly bool _isCamera;
    private readonly bool _isFile;
    private long? _first;
    private long? _last;

    /// <summary>Opens a source.</summary>
    public LiveFrames(SourceOptions options, TimeProvider time, Random random, ILogger logger)
    {
        _time = time;
        _isCamera = options is CameraOptions or CsiOptions;
        _isFile = options is FilesOptions;
        _mailbox = SourceFactory.Mailbox(options);
        _source = SourceFactory.Create(options, _mailbox, time, random, logger);
        _source.Start();
    }

    /// <summary>How the source is named; free of secrets.</summary>
    public string Name => _source.Name;

    /// <summary>Waits for a frame.</summary>
    /// <param name="patience">The longest wait.</param>
    /// <param name="every">The shortest time between the frame before and this one.</param>
    /// <param name="frame">The frame; none behind the last one of a source that ends.</param>
    /// <returns>Why there is none, or null.</returns>
    public Fault? Next(TimeSpan patience, TimeSpan every, out FrameLease? frame)
    {
        long began = _time.GetTimestamp();
        frame = null;
        while (_time.GetElapsedTime(began) < patience)
        {
            if (_mailbox.TryTake(s_look, out FrameLease taken))
            {
                if (IsWanted(taken.Info.CapturedTimestamp, every))
                {
                    frame = taken;
                    return null;
                }

                taken.Dispose();
                continue;
            }

            if (_mailbox.IsEnded) return _first is null ? new(FaultKind.Unavailable, Name, "it ended without a picture", "check what it writes") : null;
            bool isGivenUp = _source.State == SourceState.Failed || (_source.State == SourceState.NoSignal && _source.Counts.Failures >= MostFailures);
            if (isGivenUp && _source.Cause is { } cause) return Worded(cause);
        }

        return (_source.State == SourceState.Running ? null : _source.Cause) is { } why
            ? Worded(why)
            : new(FaultKind.Unavailable, Name, $"no frame in {patience.TotalSeconds:0.#} s", "wait longer with --timeout, or check the camera");
    }

    // For one who waits for a single frame, and gave flags.
    private Fault Worded(Fault cause) => cause with
    {
        Kind = _isFile ? FaultKind.NoInput : FaultKind.Unavailable,
        Cure = cause.Cure.Replace("; it is opened again by itself", "", StringComparison.Ordinal).Replace("it is opened again by itself; ", "", StringComparison.Ordinal)
            .Replace("set `username` and `password` of the stream", "give --username and --password-file", StringComparison.Ordinal)
            .Replace("check `username` and `password` of the stream", "check --username and --password-file", StringComparison.Ordinal),
    };

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private bool IsWanted(long captured, TimeSpan every)
    {
        _first ??= captured;
        if (_isCamera && _time.GetElapsedTime(_first.Value, captured) < s_warmUp) return false;
        if (_last is { } last && _time.GetElapsedTime(last, captured) < every) return false;
        _last = captured;
        return true;
    }
}
