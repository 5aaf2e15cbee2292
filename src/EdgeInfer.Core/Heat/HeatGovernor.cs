using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Heat;

/// <summary>
/// Lowers the inference rate in steps while the device is hot or held back, and takes it up again when it is cool. It never makes a
/// cool device slower, and touches neither resolution nor model. One caller at a time.
/// </summary>
/// <param name="options">What is set.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Each step.</param>
internal sealed partial class HeatGovernor(HeatOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>How far below the temperature at which the device slows itself down the limit is.</summary>
    public const double MarginCelsius = 3;

    /// <summary>How far below the limit it has to be for more work.</summary>
    public const double HysteresisCelsius = 5;

    // The soft limit of some boards is at work at 60 °C already, and a Jetson at full power meets its current limit many times a second: both are said, not acted on.
    private const ThrottleReasons Grave = ThrottleReasons.UnderVoltage | ThrottleReasons.FrequencyCapped | ThrottleReasons.Throttled;

    private readonly RateSteps _steps = new(time);
    private HeatOptions _options = options;
    private DateTimeOffset _since = time.GetUtcNow();
    private string? _cause;

    /// <summary>What pipelines follow.</summary>
    public RateFactor Rate { get; } = new();

    /// <summary>Other options from now on; where they turn it off, the rate is full at once.</summary>
    public void Use(HeatOptions next)
    {
        _options = next;
        if (next.IsGoverned || !_steps.Reset()) return;
        Follow(null);
        LogOff(logger);
    }

    /// <summary>Takes a reading and acts on it.</summary>
    public GovernorState Consider(HeatReading reading)
    {
        ZoneTemperature? nearest = Nearest(reading, _options, out double limit);
        (double before, TimeSpan cool) = (_steps.Rate, _steps.Patience);
        if (_options.IsGoverned && _steps.Take(StateOf(reading, nearest, limit), nearest?.Celsius - limit ?? 0)) Step(before, cool, Cause(reading, nearest, limit));
        return new(_options.IsGoverned && nearest is not null ? limit : null, _steps.Rate, _since, _cause);
    }

    private void Step(double before, TimeSpan cool, Fault? cause)
    {
        if (_steps.Rate < before && cause is not null) Follow(cause.ToString());
        else Follow(_steps.Rate < 1 ? _cause : null);
        if (_steps.Rate < before) LogDown(logger, Words(_steps.Rate), cause!);
        else LogUp(logger, Words(_steps.Rate), (int)cool.TotalSeconds);
    }

    private void Follow(string? cause)
    {
        _cause = cause;
        _since = time.GetUtcNow();
        Rate.Now = _steps.Rate;
    }

    /// <summary>The zone that is nearest to its limit, or furthest above it; null where none has one.</summary>
    /// <param name="reading">The reading.</param>
    /// <param name="options">What is set.</param>
    /// <param name="limit">Its limit, in degrees Celsius.</param>
    public static ZoneTemperature? Nearest(HeatReading reading, HeatOptions options, out double limit)
    {
        ZoneTemperature? nearest = null;
        limit = 0;
        foreach (ZoneTemperature zone in reading.Zones)
        {
            if ((options.LimitCelsius ?? zone.SlowsAtCelsius - MarginCelsius) is not { } own) continue;
            if (nearest is { } known && known.Celsius - limit >= zone.Celsius - own) continue;
            (nearest, limit) = (zone, own);
        }

        return nearest;
    }

    // Hot and throttled at once is hot, once. A thermometer that is gone does not leave the device slow for good.
    private static HeatState StateOf(HeatReading reading, ZoneTemperature? nearest, double limit)
    {
        bool isHeldBack = ((reading.Now ?? ThrottleReasons.None) & Grave) != 0;
        if (isHeldBack || nearest?.Celsius > limit) return HeatState.Hot;
        return nearest?.Celsius > limit - HysteresisCelsius ? HeatState.Warm : HeatState.Cool;
    }

    // Why it is hot; null where it is not.
    private static Fault? Cause(HeatReading reading, ZoneTemperature? nearest, double limit)
    {
        ThrottleReasons held = (reading.Now ?? ThrottleReasons.None) & Grave;
        (ThrottleReasons Reason, string Word, string What, string Cure) first = ThrottleWords.All.FirstOrDefault(r => held.HasFlag(r.Reason));
        if (nearest is { } zone && zone.Celsius > limit)
        {
            string also = held == ThrottleReasons.None ? "" : $", and {first.What}";
            return new(FaultKind.Unavailable, zone.Zone, string.Create(CultureInfo.InvariantCulture, $"{zone.Celsius:0.#} °C, above the limit of {limit:0.#} °C{also}"), ThrottleWords.CoolIt);
        }

        return held == ThrottleReasons.None ? null : new(FaultKind.Unavailable, "", first.What, first.Cure + "; or lower fps");
    }

    private static string Words(double rate) => rate switch
    {
        >= 1 => "the full",
        >= 0.75 => "3/4 of the",
        >= 0.5 => "1/2 of the",
        _ => "1/4 of the",
    };

    [LoggerMessage(EventId = 2501, Level = LogLevel.Warning, Message = "heat: inference goes on at {Fraction} rate: {Cause}")]
    private static partial void LogDown(ILogger logger, string fraction, Fault cause);

    [LoggerMessage(EventId = 2502, Level = LogLevel.Information, Message = "heat: inference goes on at {Fraction} rate: the device has been cool enough for {Seconds} s")]
    private static partial void LogUp(ILogger logger, string fraction, int seconds);

    [LoggerMessage(EventId = 2503, Level = LogLevel.Information, Message = "heat: inference goes on at the full rate: runtime.heat.limit is off now")]
    private static partial void LogOff(ILogger logger);
}
