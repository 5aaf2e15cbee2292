using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Sinks;

namespace EdgeInfer.Serving;

/// <summary>The metrics as a text: a function of what was read, and of nothing else. Labels are names of the configuration and fixed words.</summary>
internal static class MetricsPage
{
    /// <summary>Writes every metric.</summary>
    /// <param name="writer">Receives them; ended here.</param>
    /// <param name="process">This process.</param>
    /// <param name="agent">The agent; null while it is not up, and then its metrics are absent.</param>
    /// <param name="isReady">What <c>/readyz</c> says.</param>
    public static void Write(ExpositionWriter writer, ProcessReadings process, AgentReadings? agent, bool isReady)
    {
        writer.Family(MetricKind.Info, "edgeinfer_build", "The program.");
        writer.Sample(1, ("version", process.Version));
        writer.Family(MetricKind.Gauge, "edgeinfer_ready", "Whether the configuration is at work and every model is loaded, as /readyz says; 1 or 0.");
        writer.Sample(isReady);
        Memory(writer, process);
        if (agent is not null)
        {
            Agent(writer, agent.Status);
            BrokerMetrics.Write(writer, agent.Status);
            PipelineMetrics.Write(writer, agent.Pipelines);
            if (agent.Heat is { } heat) HeatMetrics.Write(writer, heat);
        }

        writer.End();
    }

    private static void Memory(ExpositionWriter writer, ProcessReadings process)
    {
        writer.Family(MetricKind.Gauge, "edgeinfer_memory_resident_bytes", "Memory that the process holds.", "bytes");
        writer.Sample(process.ResidentBytes);
        writer.Family(MetricKind.Gauge, "edgeinfer_memory_managed_bytes", "Of that, the heap of .NET.", "bytes");
        writer.Sample(process.ManagedBytes);
        if (process.Group is { } group) Group(writer, group);
        writer.Family(MetricKind.Counter, "edgeinfer_cpu_seconds", "Processor time, user and system.", "seconds");
        writer.Sample(process.Processor.TotalSeconds);
    }

    private static void Group(ExpositionWriter writer, GroupMemory group)
    {
        writer.Family(MetricKind.Gauge, "edgeinfer_memory_limit_bytes", "The most that its control group may use (MemoryMax= of the unit); absent without a limit.", "bytes");
        writer.Sample(group.LimitBytes);
        if (group.UsedBytes is { } used)
        {
            writer.Family(MetricKind.Gauge, "edgeinfer_memory_group_bytes", "What that group uses, children of the agent included, files that are only cached not.", "bytes");
            writer.Sample(used);
        }

        writer.Family(MetricKind.Counter, "edgeinfer_memory_kills", "Processes of that group that the kernel killed for its memory.");
        writer.Sample(group.Kills);
    }

    private static void Agent(ExpositionWriter writer, StatusMessage status)
    {
        writer.Family(MetricKind.Counter, "edgeinfer_starts", "Starts of the agent on this device, this one included (boot in its messages); 0 where the state folder cannot be written.");
        writer.Sample(status.Boot);
        writer.Family(MetricKind.Gauge, "edgeinfer_start_timestamp_seconds", "When this start was, in seconds since 1970.", "seconds");
        writer.Sample(UnixSeconds(status.StartedAt));
        writer.Family(MetricKind.Gauge, "edgeinfer_clock_synced", "Whether the clock of the device is synchronised; 1 or 0.");
        writer.Sample(status.Clock == "synced");
        writer.Family(MetricKind.Gauge, "edgeinfer_configuration_loaded_timestamp_seconds", "When the configuration at work was taken up, in seconds since 1970.", "seconds");
        writer.Sample(UnixSeconds(status.Configuration?.LoadedAt));
        writer.Family(MetricKind.Gauge, "edgeinfer_configuration_refused", "Whether the last reload changed nothing, since its file was at fault or needs a restart; 1 or 0.");
        writer.Sample(status.Configuration?.Fault is not null);
    }

    /// <summary>Seconds since 1970, to the millisecond; 0 for never.</summary>
    public static double UnixSeconds(DateTimeOffset? at) => at is { } when ? when.ToUnixTimeMilliseconds() / 1000.0 : 0;
}
