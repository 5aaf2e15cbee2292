using EdgeInfer.Configuration;
using EdgeInfer.Settings;

namespace EdgeInfer.Sinks;

/// <summary>What is to be done with a result.</summary>
internal enum PublishDecision
{
    /// <summary>Nothing to say.</summary>
    Skip,

    /// <summary>Send it now.</summary>
    Publish,

    /// <summary>Keep it (in place of any kept before) and ask again when <see cref="PublishPolicy.HoldTime"/> is over.</summary>
    Hold,
}

/// <summary>
/// When results become messages: a state machine over time stamps that are passed in, without a clock of its own.
/// <c>min_interval</c> has a trailing edge: what comes too soon is kept, the newest is sent when the time is up; <c>heartbeat</c> ends
/// a silence with the next result. One thread at a time.
/// </summary>
/// <param name="options">Mode, shortest and longest distance of messages.</param>
/// <param name="timestampFrequency">Time stamps a second.</param>
/// <param name="settings">The shortest distance where it can be set while the pipeline runs; null for that of the options.</param>
internal sealed class PublishPolicy(PublishOptions options, long timestampFrequency, LiveSettings? settings = null)
{
    private long _shortest = Ticks(options.MinInterval, timestampFrequency);
    private PipelineSettings? _seen;
    private readonly long _longest = options.Heartbeat is { } heartbeat ? Ticks(heartbeat, timestampFrequency) : long.MaxValue;
    private long _last;
    private bool _hasPublished;

    /// <summary>Whether a result is kept for later.</summary>
    public bool IsHolding { get; private set; }

    /// <summary>Decides about a new result.</summary>
    /// <param name="differs">Whether it differs from the last one published in what counts for <c>on-change</c>.</param>
    /// <param name="now">Not before the last call's.</param>
    public PublishDecision Offer(bool differs, long now)
    {
        bool isWanted = options.Predictions switch
        {
            PublishMode.Every => true,
            PublishMode.OnChange => differs || !_hasPublished || now - _last >= _longest,
            _ => false,
        };
        IsHolding = false;
        if (!isWanted) return PublishDecision.Skip;
        ReadSettings();
        if (_hasPublished && now - _last < _shortest)
        {
            IsHolding = true;
            return PublishDecision.Hold;
        }

        Publish(now);
        return PublishDecision.Publish;
    }

    /// <summary>Asks whether the kept result is to be sent now; true counts as sent.</summary>
    public bool TakeHeld(long now)
    {
        ReadSettings();
        if (!IsHolding || now - _last < _shortest) return false;
        Publish(now);
        return true;
    }

    /// <summary>Sends what is kept whatever the time, because nothing follows; true counts as sent.</summary>
    public bool TakeLast(long now)
    {
        if (!IsHolding) return false;
        Publish(now);
        return true;
    }

    /// <summary>How long the kept result still has to wait; never negative.</summary>
    public TimeSpan HoldTime(long now)
    {
        long wait = Math.Max(0, _last + _shortest - now);

        // Rounded up: a timer that rings a fraction too early would have to be set again.
        return TimeSpan.FromTicks((long)Math.Ceiling((double)wait * TimeSpan.TicksPerSecond / timestampFrequency));
    }

    private void ReadSettings()
    {
        if (settings?.Now is not { } now || ReferenceEquals(now, _seen)) return;
        _seen = now;
        _shortest = Ticks(now.MinInterval, timestampFrequency);
    }

    private static long Ticks(TimeSpan time, long frequency) => (long)(time.Ticks * (double)frequency / TimeSpan.TicksPerSecond);

    private void Publish(long now)
    {
        _last = now;
        _hasPublished = true;
        IsHolding = false;
    }
}
