using EdgeInfer.Heat;

namespace EdgeInfer.Serving;

/// <summary>The device's heat and what is done about it as metrics; what the device does not tell is absent.</summary>
internal static class HeatMetrics
{
    /// <summary>Writes them.</summary>
    public static void Write(ExpositionWriter writer, HeatSnapshot heat)
    {
        HeatReading reading = heat.Reading;
        if (reading.Zones.Count > 0) Zones(writer, reading.Zones);
        if (reading.Now is { } now)
        {
            Reasons(writer, "edgeinfer_throttled", "What holds the device back now; 1 or 0 for each reason.", now);
            Reasons(writer, "edgeinfer_throttled_before", "What has held it back since it was switched on, as far as it remembers, or since the agent started.", reading.SinceStart ?? ThrottleReasons.None);
        }

        Gauge(writer, "edgeinfer_cpu_frequency_hertz", "Frequency of the fastest core.", reading.FrequencyHz, "hertz");
        Gauge(writer, "edgeinfer_cpu_frequency_allowed_hertz", "The highest frequency that power mode, cooling or whoever set it allow.", reading.AllowedFrequencyHz, "hertz");
        Gauge(writer, "edgeinfer_cpu_frequency_highest_hertz", "The highest frequency that the processor has.", reading.HighestFrequencyHz, "hertz");
        if (reading.PowerMode is { } mode)
        {
            writer.Family(MetricKind.Info, "edgeinfer_power_mode", "The power mode of a Jetson.");
            writer.Sample(1, ("mode", mode));
        }

        Gauge(writer, "edgeinfer_governor_rate_ratio", "What heat leaves of the inference rate: 1, 0.75, 0.5 or 0.25.", heat.Governor.Rate, "ratio");
        Gauge(writer, "edgeinfer_governor_limit_celsius", "Above this the rate is lowered; absent without a limit.", heat.Governor.LimitCelsius, "celsius");
    }

    private static void Zones(ExpositionWriter writer, IReadOnlyList<ZoneTemperature> zones)
    {
        writer.Family(MetricKind.Gauge, "edgeinfer_temperature_celsius", "Temperature of a thermal zone.", "celsius");
        foreach (ZoneTemperature zone in zones) writer.Sample(zone.Celsius, ("zone", zone.Zone));
        if (!zones.Any(static z => z.SlowsAtCelsius is not null)) return;
        writer.Family(MetricKind.Gauge, "edgeinfer_temperature_limit_celsius", "Where the device itself begins to slow down for the sake of a zone; absent where it does not say.", "celsius");
        foreach (ZoneTemperature zone in zones)
            if (zone.SlowsAtCelsius is { } limit) writer.Sample(limit, ("zone", zone.Zone));
    }

    private static void Reasons(ExpositionWriter writer, string name, string help, ThrottleReasons reasons)
    {
        writer.Family(MetricKind.Gauge, name, help);
        foreach ((ThrottleReasons reason, string word, _, _) in ThrottleWords.All) writer.Sample(reasons.HasFlag(reason), ("reason", word));
    }

    private static void Gauge(ExpositionWriter writer, string name, string help, double? value, string unit)
    {
        if (value is not { } known) return;
        writer.Family(MetricKind.Gauge, name, help, unit);
        writer.Sample(known);
    }
}
