using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Diagnostics;
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

    /// <summary>The first of some faults, and how many more there are.</summary>
    public static string First(IReadOnlyList<Fault> faults)
        => faults.Count == 1 ? faults[0].ToString() : $"{faults[0]} (and {faults.Count - 1} more, which edgeinfer check and the log name)";
}
