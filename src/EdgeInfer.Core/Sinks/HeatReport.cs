using System.Text.Json.Serialization;
using EdgeInfer.Results;

namespace EdgeInfer.Sinks;

/// <summary>The device's heat in <see cref="StatusMessage"/>; what the device does not tell is null and left out.</summary>
internal sealed record HeatReport
{
    /// <summary>The hottest thermal zone.</summary>
    public HotZoneReport? Hottest { get; init; }

    /// <summary>What holds the device back.</summary>
    public ThrottledReport? Throttled { get; init; }

    /// <summary>The processor's frequency.</summary>
    public FrequencyReport? CpuMhz { get; init; }

    /// <summary>A Jetson's power mode.</summary>
    public string? PowerMode { get; init; }

    /// <summary>What is done about heat.</summary>
    public required GovernorReport Governor { get; init; }
}

/// <summary>A thermal zone.</summary>
/// <param name="Zone">Its type.</param>
/// <param name="Celsius">Degrees Celsius.</param>
internal sealed record HotZoneReport(string Zone, double Celsius);

/// <summary>Reasons to be slow: <c>under_voltage</c>, <c>frequency_capped</c>, <c>throttled</c>, <c>soft_temperature_limit</c>, <c>over_current</c>.</summary>
/// <param name="Now">At work now.</param>
/// <param name="SinceStart">Since the device was switched on.</param>
internal sealed record ThrottledReport(IReadOnlyList<string> Now, IReadOnlyList<string> SinceStart);

/// <summary>The fastest core's frequency in MHz.</summary>
/// <param name="Now">Now.</param>
/// <param name="Allowed">The highest that is allowed now.</param>
/// <param name="Highest">The highest that the processor has.</param>
internal sealed record FrequencyReport(int? Now, int? Allowed, int? Highest);

/// <summary>The governor.</summary>
/// <param name="Rate">Fraction of each pipeline's inference rate that is left.</param>
/// <param name="Since">Since when, UTC.</param>
/// <param name="LimitCelsius">Above it the rate is lowered; null where there is no limit.</param>
/// <param name="Cause">Why it is lowered: one line with what, where and the cure.</param>
internal sealed record GovernorReport(double Rate, [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset Since, double? LimitCelsius, string? Cause);
