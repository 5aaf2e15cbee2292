using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Heat;

/// <summary>
/// Looks at the device's heat every few seconds, on a pool thread, so that a driver that hangs holds up nothing else; lets the governor
/// act on it, and keeps the newest snapshot.
/// </summary>
internal sealed partial class HeatWatch : IDisposable
{
    /// <summary>Between the end of a reading and the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly HeatProbe _probe;
    private readonly HeatGovernor _governor;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private HeatSnapshot? _now;
    private ThrottleReasons _logged;
    private bool _hasFailed;
    private volatile bool _isDisposed;

    /// <summary>Prepares; nothing is read before <see cref="Start"/>.</summary>
    /// <param name="files">The system.</param>
    /// <param name="options">What is set.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Throttling, and the governor's steps.</param>
    public HeatWatch(SystemFiles files, HeatOptions options, TimeProvider time, ILogger logger)
    {
        _probe = new(files, time);
        _governor = new(options, time, logger);
        _time = time;
        _logger = logger;
        _timer = time.CreateTimer(static w => ((HeatWatch)w!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Raised, on the reading's thread, when there is something to say: the first reading, a reason to be slow that was not there, another
    /// power mode, a step of the governor. Not for a degree, and not when a reason goes: it may come and go every few seconds.
    /// </summary>
    public event Action? Changed;

    /// <summary>What pipelines follow.</summary>
    public RateFactor Rate => _governor.Rate;

    /// <summary>The newest snapshot; null before the first, and on a device that tells nothing. Any thread.</summary>
    public HeatSnapshot? Now => Volatile.Read(ref _now);

    /// <summary>Begins to read, at once.</summary>
    public void Start() => _timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);

    /// <summary>Other options, from the next reading on; a governor that is turned off gives way at once.</summary>
    public void Use(HeatOptions options)
    {
        lock (_lock)
        {
            _governor.Use(options);
            if (_now is { } now && now.Governor.Rate != Rate.Now) Volatile.Write(ref _now, now with { Governor = new(null, Rate.Now, _time.GetUtcNow(), null) });
        }
    }

    /// <summary>One reading.</summary>
    public void Look()
    {
        bool isNews;
        lock (_lock)
        {
            if (_isDisposed) return;
            HeatReading reading = _probe.Read();
            Log(reading);
            GovernorState governor = _governor.Consider(reading);
            HeatSnapshot? last = _now;
            isNews = !reading.IsEmpty && IsNews(last, reading, governor);
            Volatile.Write(ref _now, reading.IsEmpty ? null : new(_time.GetUtcNow(), reading, governor));
        }

        if (isNews) Changed?.Invoke();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Not under the lock: a driver that hangs must not hold up the end.
        _isDisposed = true;
        _timer.Dispose();
    }

    private void Tick()
    {
        try
        {
            Look();
        }
#pragma warning disable CA1031 // A defect here must not end the pipelines.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (!_hasFailed) LogDefect(_logger, new(FaultKind.Internal, "heat", $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect"));
            _hasFailed = true;
        }

        if (!_isDisposed) _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    private static bool IsNews(HeatSnapshot? last, HeatReading reading, GovernorState governor)
    {
        ThrottleReasons now = reading.Now ?? ThrottleReasons.None;
        return last is null || governor.Rate != last.Governor.Rate || reading.PowerMode != last.Reading.PowerMode
            || reading.SinceStart != last.Reading.SinceStart || (now & ~(last.Reading.Now ?? ThrottleReasons.None)) != 0;
    }

    // Each reason once: what comes and goes is in the status.
    private void Log(HeatReading reading)
    {
        ThrottleReasons since = reading.SinceStart ?? ThrottleReasons.None;
        ThrottleReasons now = reading.Now ?? ThrottleReasons.None;
        foreach ((ThrottleReasons reason, _, string what, string cure) in ThrottleWords.All)
        {
            if (!since.HasFlag(reason) || _logged.HasFlag(reason)) continue;
            string when = now.HasFlag(reason) ? "now" : "at times since the device was switched on";
            LogHeldBack(_logger, new(FaultKind.Unavailable, "", $"{what} {when}", cure));
        }

        _logged |= since;
    }

    [LoggerMessage(EventId = 2511, Level = LogLevel.Warning, Message = "heat: {Fault}")]
    private static partial void LogHeldBack(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 2512, Level = LogLevel.Error, Message = "{Fault}")]
    private static partial void LogDefect(ILogger logger, Fault fault);
}
