using EdgeInfer.Sinks;

namespace EdgeInfer.Serving;

/// <summary>The way to the broker, and what waits for it, as metrics. The numbers are those of the status message.</summary>
internal static class BrokerMetrics
{
    /// <summary>Writes them.</summary>
    public static void Write(ExpositionWriter writer, StatusMessage status)
    {
        writer.Family(MetricKind.Gauge, "edgeinfer_mqtt_connected", "Whether the agent is connected to its broker; 1 or 0.");
        writer.Sample(status.Broker?.State == "connected");
        if (status.Delivery is { } delivery) Write(writer, delivery);

        // Nothing has come yet, or nothing is listened to: the series are there all the same.
        ReceivedReport received = status.Received ?? new(0, 0, 0);
        Counter(writer, "edgeinfer_mqtt_settings_received", "Settings that came from the broker.", received.Settings);
        Counter(writer, "edgeinfer_mqtt_commands_received", "Commands that came from the broker.", received.Commands);
        Counter(writer, "edgeinfer_mqtt_retained_ignored", "Settings and commands that were ignored since the broker had kept them.", received.Retained);
        if (status.Outbox is { } outbox) Write(writer, outbox);
    }

    private static void Write(ExpositionWriter writer, DeliveryReport delivery)
    {
        Counter(writer, "edgeinfer_mqtt_reconnects", "Connections to the broker after the first.", delivery.Reconnects);
        Counter(writer, "edgeinfer_mqtt_messages_published", "Messages put on the line, those sent again included.", delivery.Published);
        Counter(writer, "edgeinfer_mqtt_messages_acknowledged", "Messages of QoS 1 that the broker has.", delivery.Acknowledged);
        Counter(writer, "edgeinfer_mqtt_messages_refused", "Messages that the broker refused.", delivery.Refused);
        Counter(writer, "edgeinfer_mqtt_messages_dropped", "Messages given up: displaced from the queue by newer ones, or too large.", delivery.Dropped);
        Gauge(writer, "edgeinfer_mqtt_messages_queued", "Messages in the queue to the broker or unacknowledged.", delivery.Queued);
    }

    private static void Write(ExpositionWriter writer, OutboxReport outbox)
    {
        Counter(writer, "edgeinfer_outbox_results_accepted", "Results of QoS 1 that got their number.", outbox.Accepted);
        Counter(writer, "edgeinfer_outbox_results_delivered", "Results that the broker has; those of earlier starts too.", outbox.Delivered);
        Counter(writer, "edgeinfer_outbox_results_lost", "Results declared lost, and those that may be.", outbox.Lost);
        Gauge(writer, "edgeinfer_outbox_waiting_results", "Results in memory, those on their way included.", outbox.Waiting);
        Gauge(writer, "edgeinfer_outbox_stored_results", "Results on the disk.", outbox.Stored);
        Gauge(writer, "edgeinfer_outbox_stored_bytes", "What they take there.", outbox.StoredBytes, "bytes");
        Gauge(writer, "edgeinfer_outbox_quota_bytes", "The most they may take there (outbox.size).", outbox.QuotaBytes, "bytes");
        Gauge(writer, "edgeinfer_outbox_gaps", "Losses that are not yet published.", outbox.Gaps);
        Gauge(writer, "edgeinfer_outbox_dead_letters", "Results that the broker refuses for good.", outbox.DeadLetters);
        Gauge(writer, "edgeinfer_outbox_held_streams", "Streams of results that the broker refuses for now.", outbox.Held?.Count ?? 0);
        writer.Family(MetricKind.Gauge, "edgeinfer_outbox_disk_usable", "Whether results can be put on the disk; 1 or 0.");
        writer.Sample(outbox.State == "ok");
    }

    private static void Counter(ExpositionWriter writer, string name, string help, long value)
    {
        writer.Family(MetricKind.Counter, name, help);
        writer.Sample(value);
    }

    private static void Gauge(ExpositionWriter writer, string name, string help, long value, string unit = "")
    {
        writer.Family(MetricKind.Gauge, name, help, unit);
        writer.Sample(value);
    }
}
