using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Diagnostics;
using EdgeInfer.Heat;
using EdgeInfer.Messaging;
using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>Parts of the status that only need to be put into its words.</summary>
internal static class AgentReports
{
    /// <summary>The connection to the broker.</summary>
    /// <param name="url">Its address; only scheme, host and port are shown.</param>
    /// <param name="session">The session.</param>
    public static BrokerReport Broker(Uri url, MqttSessionStatus session)
    {
        return new(State(session.State), $"{url.Scheme}://{url.Authority}", session.Since, session.Cause?.ToString(),
            session.State == MqttSessionState.Connected ? session.Warning?.ToString() : null);
    }

    /// <summary>The state of a session in a word.</summary>
    public static string State(MqttSessionState state) => state switch
    {
        MqttSessionState.Connected => "connected",
        MqttSessionState.Connecting => "connecting",
        MqttSessionState.Waiting => "waiting",
        MqttSessionState.Failed => "failed",
        _ => "stopped",
    };

    /// <summary>What waits for the broker.</summary>
    public static OutboxReport Outbox(OutboxStatus outbox, OutboxOptions options) => new(
        outbox.HasStore ? "ok" : "memory_only", outbox.Cause, outbox.Waiting, outbox.Stored, outbox.StoredBytes, options.SizeBytes,
        outbox.Accepted, outbox.Delivered, outbox.Lost, outbox.Gaps, outbox.DeadLetters,
        outbox.Held.Count == 0 ? null : outbox.Held.ToDictionary(static h => h.Stream, static h => h.Cause));

    /// <summary>The device's heat.</summary>
    public static HeatReport Heat(HeatSnapshot heat)
    {
        HeatReading reading = heat.Reading;
        return new()
        {
            Hottest = reading.Hottest is { } hottest ? new(hottest.Zone, Math.Round(hottest.Celsius, 1)) : null,
            Throttled = reading.Now is { } now ? new(ThrottleWords.Of(now), ThrottleWords.Of(reading.SinceStart ?? ThrottleReasons.None)) : null,
            CpuMhz = reading.FrequencyHz is null && reading.AllowedFrequencyHz is null && reading.HighestFrequencyHz is null ? null
                : new(Megahertz(reading.FrequencyHz), Megahertz(reading.AllowedFrequencyHz), Megahertz(reading.HighestFrequencyHz)),
            PowerMode = reading.PowerMode,
            Governor = new(heat.Governor.Rate, heat.Governor.Since, heat.Governor.LimitCelsius, heat.Governor.Cause),
        };
    }

    /// <summary>The first of some faults, and how many more there are.</summary>
    public static string First(IReadOnlyList<Fault> faults)
        => faults.Count == 1 ? faults[0].ToString() : $"{faults[0]} (and {faults.Count - 1} more, which edgeinfer check and the log name)";

    private static int? Megahertz(long? hertz) => hertz is { } known ? (int)(known / 1_000_000) : null;
}
