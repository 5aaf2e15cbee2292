namespace EdgeInfer.Heat;

/// <summary>Why a device is slower than it could be, or soon will be.</summary>
[Flags]
internal enum ThrottleReasons
{
    /// <summary>Nothing holds it back.</summary>
    None = 0,

    /// <summary>The supply voltage is too low.</summary>
    UnderVoltage = 1,

    /// <summary>The processor's frequency is capped.</summary>
    FrequencyCapped = 2,

    /// <summary>The processor is throttled.</summary>
    Throttled = 4,

    /// <summary>The firmware's soft temperature limit is at work.</summary>
    SoftLimit = 8,

    /// <summary>More current was drawn than the module may take.</summary>
    OverCurrent = 16,
}

/// <summary>A thermal zone's temperature.</summary>
/// <param name="Zone">Its type as the kernel names it, made unique among this device's zones: <c>cpu-thermal</c>, <c>acpitz-2</c>.</param>
/// <param name="Celsius">Degrees Celsius.</param>
/// <param name="SlowsAtCelsius">Where the device itself begins to slow down for this zone's sake; null where it does not say.</param>
internal readonly record struct ZoneTemperature(string Zone, double Celsius, double? SlowsAtCelsius = null);

/// <summary>What a device told of its heat and power at one moment. What it does not tell is null or empty.</summary>
internal sealed record HeatReading
{
    /// <summary>A device that tells nothing.</summary>
    public static HeatReading Nothing { get; } = new();

    /// <summary>Every zone that gave a temperature, in the kernel's order; at most <see cref="HeatProbe.MostZones"/>, their names fixed while the agent runs.</summary>
    public IReadOnlyList<ZoneTemperature> Zones { get; init; } = [];

    /// <summary>The hottest of <see cref="Zones"/>.</summary>
    public ZoneTemperature? Hottest { get; init; }

    /// <summary>What holds the device back now; null where nothing on this device would say.</summary>
    public ThrottleReasons? Now { get; init; }

    /// <summary>What has held it back since it was switched on, as far as it remembers, and since the agent started.</summary>
    public ThrottleReasons? SinceStart { get; init; }

    /// <summary>The word of a Raspberry Pi's firmware as it is (<c>get_throttled</c>); null on other devices.</summary>
    public uint? FirmwareWord { get; init; }

    /// <summary>The fastest core's frequency now, in Hz.</summary>
    public long? FrequencyHz { get; init; }

    /// <summary>The highest frequency that is allowed now, in Hz: by power mode, cooling or whoever set it.</summary>
    public long? AllowedFrequencyHz { get; init; }

    /// <summary>The highest frequency that the processor has, in Hz.</summary>
    public long? HighestFrequencyHz { get; init; }

    /// <summary>A Jetson's power mode, by name: <c>MAXN</c>, <c>15W</c>.</summary>
    public string? PowerMode { get; init; }

    /// <summary>Whether the device tells anything at all.</summary>
    public bool IsEmpty => Zones.Count == 0 && Now is null && FrequencyHz is null && AllowedFrequencyHz is null && PowerMode is null;
}

/// <summary>What the governor does about heat.</summary>
/// <param name="LimitCelsius">Above this the rate is lowered; null where the device names no limit and none is set, or the governor is off.</param>
/// <param name="Rate">Fraction of each pipeline's inference rate that is left: 1, 0.75, 0.5 or 0.25.</param>
/// <param name="Since">Since when, UTC.</param>
/// <param name="Cause">Why it is lowered: one line with what, where and the cure; null at full rate.</param>
internal sealed record GovernorState(double? LimitCelsius, double Rate, DateTimeOffset Since, string? Cause);

/// <summary>A reading and what was made of it: plain data for the status and the metrics.</summary>
/// <param name="At">When it was read, UTC.</param>
/// <param name="Reading">What the device told.</param>
/// <param name="Governor">What the governor does.</param>
internal sealed record HeatSnapshot(DateTimeOffset At, HeatReading Reading, GovernorState Governor);
