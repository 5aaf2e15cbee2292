using System.Buffers;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Heat;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Serving;

namespace EdgeInfer.Tests.Serving;

public sealed class MetricsPageTests
{
    private static readonly ProcessReadings s_process = new("1.2.3", 80_000_000, 3_000_000, TimeSpan.FromSeconds(1.25), new GroupMemory(268_435_456, 90_000_000, 2));

    public static TheoryData<bool, string> Cases
    {
        get
        {
            TheoryData<bool, string> cases = [];
            foreach (bool isOpen in new[] { false, true })
                foreach (string agent in new[] { "none", "whole", "without models", "fresh" })
                    cases.Add(isOpen, agent);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Both_forms_keep_the_rules_of_their_format(bool isOpen, string agent)
    {
        AgentReadings? readings = agent switch
        {
            "none" => null,
            "whole" => SampleReadings.Agent(),
            "without models" => SampleReadings.Agent(SampleReadings.Pipeline("belt", SampleReadings.Model("parts", provider: null, cause: "x"))),
            _ => SampleReadings.Agent() with { Status = SampleReadings.Agent().Status with { Broker = null, Outbox = null, Delivery = null, Received = null, Configuration = null } },
        };
        Exposition read = Exposition.Read(Page(readings, isOpen), isOpen);
        Assert.All(read.Types.Keys, name => Assert.StartsWith("edgeinfer_", name, StringComparison.Ordinal));
        Assert.Subset(new HashSet<string> { "pipeline", "model", "stage", "reason", "provider", "state", "version", "zone", "mode" }, read.Labels);
    }

    [Fact]
    public void Both_forms_have_the_same_samples()
    {
        Exposition plain = Exposition.Read(Page(SampleReadings.Agent(), isOpen: false), isOpenMetrics: false);
        Exposition open = Exposition.Read(Page(SampleReadings.Agent(), isOpen: true), isOpenMetrics: true);
        Assert.Equal(plain.Samples, open.Samples);
    }

    [Theory]
    [InlineData("edgeinfer_build_info{version=\"1.2.3\"}", 1)]
    [InlineData("edgeinfer_memory_resident_bytes", 80_000_000)]
    [InlineData("edgeinfer_memory_limit_bytes", 268_435_456)]
    [InlineData("edgeinfer_memory_group_bytes", 90_000_000)]
    [InlineData("edgeinfer_memory_kills_total", 2)]
    [InlineData("edgeinfer_cpu_seconds_total", 1.25)]
    [InlineData("edgeinfer_temperature_celsius{zone=\"cpu-thermal\"}", 81.5)]
    [InlineData("edgeinfer_temperature_limit_celsius{zone=\"cpu-thermal\"}", 85)]
    [InlineData("edgeinfer_throttled{reason=\"throttled\"}", 1)]
    [InlineData("edgeinfer_throttled{reason=\"under_voltage\"}", 0)]
    [InlineData("edgeinfer_throttled_before{reason=\"under_voltage\"}", 1)]
    [InlineData("edgeinfer_cpu_frequency_hertz", 1_200_000_000)]
    [InlineData("edgeinfer_power_mode_info{mode=\"15W\"}", 1)]
    [InlineData("edgeinfer_governor_rate_ratio", 0.75)]
    [InlineData("edgeinfer_governor_limit_celsius", 80)]
    [InlineData("edgeinfer_starts_total", 12)]
    [InlineData("edgeinfer_start_timestamp_seconds", 1795680000)]
    [InlineData("edgeinfer_clock_synced", 1)]
    [InlineData("edgeinfer_mqtt_connected", 1)]
    [InlineData("edgeinfer_mqtt_messages_acknowledged_total", 22)]
    [InlineData("edgeinfer_mqtt_messages_refused_total", 24)]
    [InlineData("edgeinfer_mqtt_reconnects_total", 25)]
    [InlineData("edgeinfer_outbox_stored_bytes", 6000)]
    [InlineData("edgeinfer_outbox_results_lost_total", 9)]
    [InlineData("edgeinfer_outbox_dead_letters", 11)]
    [InlineData("edgeinfer_outbox_held_streams", 0)]
    [InlineData("edgeinfer_outbox_disk_usable", 1)]
    [InlineData("edgeinfer_pipeline_state{pipeline=\"belt\",state=\"running\"}", 1)]
    [InlineData("edgeinfer_pipeline_state{pipeline=\"belt\",state=\"no_signal\"}", 0)]
    [InlineData("edgeinfer_pipeline_last_frame_timestamp_seconds{pipeline=\"belt\"}", 1795680060)]
    [InlineData("edgeinfer_frames_received_total{pipeline=\"door\"}", 101)]
    [InlineData("edgeinfer_frames_decoded_total{pipeline=\"door\"}", 2)]
    [InlineData("edgeinfer_frames_skipped_total{pipeline=\"door\",reason=\"displaced\"}", 102)]
    [InlineData("edgeinfer_frames_skipped_total{pipeline=\"door\",reason=\"lost\"}", 103)]
    [InlineData("edgeinfer_frames_skipped_total{pipeline=\"door\",reason=\"damaged\"}", 104)]
    [InlineData("edgeinfer_frames_skipped_total{pipeline=\"door\",reason=\"rate\"}", 105)]
    [InlineData("edgeinfer_frames_skipped_total{pipeline=\"door\",reason=\"truncated\"}", 3)]
    [InlineData("edgeinfer_frames_skipped_total{pipeline=\"door\",reason=\"wrong_size\"}", 7)]
    [InlineData("edgeinfer_results_total{pipeline=\"door\",model=\"faces\"}", 201)]
    [InlineData("edgeinfer_results_published_total{pipeline=\"door\",model=\"faces\"}", 202)]
    [InlineData("edgeinfer_provider_info{pipeline=\"door\",model=\"faces\",provider=\"cpu\"}", 1)]
    [InlineData("edgeinfer_provider_nodes{pipeline=\"belt\",model=\"parts\",provider=\"cpu\"}", 90)]
    [InlineData("edgeinfer_provider_fallback{pipeline=\"belt\",model=\"parts\"}", 1)]
    [InlineData("edgeinfer_provider_build{pipeline=\"belt\",model=\"parts\",provider=\"tensorrt\",state=\"running\"}", 1)]
    [InlineData("edgeinfer_provider_build{pipeline=\"belt\",model=\"parts\",provider=\"tensorrt\",state=\"failed\"}", 0)]
    [InlineData("edgeinfer_provider_build_duration_seconds{pipeline=\"belt\",model=\"parts\",provider=\"tensorrt\"}", 12.5)]
    [InlineData("edgeinfer_stage_duration_seconds_bucket{pipeline=\"belt\",model=\"parts\",stage=\"inference\",le=\"0.01\"}", 0)]
    [InlineData("edgeinfer_stage_duration_seconds_bucket{pipeline=\"belt\",model=\"parts\",stage=\"inference\",le=\"0.025\"}", 1)]
    [InlineData("edgeinfer_stage_duration_seconds_count{pipeline=\"belt\",model=\"\",stage=\"decode\"}", 2)]
    [InlineData("edgeinfer_result_age_seconds_sum{pipeline=\"belt\",model=\"parts\"}", 90.5)]
    [InlineData("edgeinfer_result_age_seconds_bucket{pipeline=\"belt\",model=\"parts\",le=\"5.0\"}", 1)]
    [InlineData("edgeinfer_result_age_seconds_bucket{pipeline=\"belt\",model=\"parts\",le=\"+Inf\"}", 2)]
    public void Each_number_is_that_of_the_readings(string series, double value)
        => Assert.Equal(value, Exposition.Read(Page(SampleReadings.Agent(), isOpen: false), isOpenMetrics: false).Samples[series]);

    [Fact]
    public void The_reasons_of_a_pipeline_that_are_corrupt_in_the_status_add_up_to_it()
    {
        Dictionary<string, double> samples = Exposition.Read(Page(SampleReadings.Agent(), isOpen: false), isOpenMetrics: false).Samples;
        string[] reasons = ["damaged", "empty", "not_a_picture", "truncated", "corrupt", "unsupported", "too_large", "wrong_size"];
        Assert.Equal(SampleReadings.Agent().Pipelines[0].Report.Corrupt, reasons.Sum(r => samples[$"edgeinfer_frames_skipped_total{{pipeline=\"belt\",reason=\"{r}\"}}"]));
    }

    [Fact]
    public void What_the_device_does_not_tell_of_its_heat_is_absent()
    {
        AgentReadings agent = SampleReadings.Agent() with { Heat = new(SampleReadings.Start, HeatReading.Nothing, new(null, 1, SampleReadings.Start, null)) };
        string[] heat = [.. Exposition.Read(Page(agent, isOpen: true), isOpenMetrics: true).Samples.Keys
            .Where(static s => s.Contains("temperature", StringComparison.Ordinal) || s.Contains("throttled", StringComparison.Ordinal)
                || s.Contains("frequency", StringComparison.Ordinal) || s.Contains("power", StringComparison.Ordinal) || s.Contains("governor", StringComparison.Ordinal))];
        Assert.Equal(["edgeinfer_governor_rate_ratio"], heat);
    }

    [Fact]
    public void Without_a_limit_and_without_an_agent_only_the_process_is_there()
    {
        string page = Text(s_process with { Group = null }, null, isOpen: true, isReady: false);
        Assert.Equal(
            ["edgeinfer_build_info{version=\"1.2.3\"}", "edgeinfer_ready", "edgeinfer_memory_resident_bytes", "edgeinfer_memory_managed_bytes", "edgeinfer_cpu_seconds_total"],
            Exposition.Read(page, isOpenMetrics: true).Samples.Keys);
    }

    // https://prometheus.io/docs/instrumenting/exposition_formats: in a label \, " and line feed are escaped, in help \ and line feed; in OpenMetrics' help also ".
    [Theory]
    [InlineData(false, "# HELP x a \\\\ \"b\" \\n", "x{l=\"a \\\\ \\\"b\\\" \\n\"} 1")]
    [InlineData(true, "# HELP x a \\\\ \\\"b\\\" \\n", "x{l=\"a \\\\ \\\"b\\\" \\n\"} 1")]
    public void What_would_end_a_text_early_is_escaped(bool isOpen, string help, string sample)
    {
        ArrayBufferWriter<byte> bytes = new();
        ExpositionWriter writer = new(bytes, isOpen ? MetricsFormat.OpenMetrics : MetricsFormat.Prometheus);
        writer.Family(MetricKind.Gauge, "x", "a \\ \"b\" \n");
        writer.Sample(1, ("l", "a \\ \"b\" \n"));
        string[] lines = Encoding.UTF8.GetString(bytes.WrittenSpan).Split('\n');
        Assert.Equal([help, "# TYPE x gauge", sample], lines[..3]);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-3, "-3")]
    [InlineData(9007199254740991, "9007199254740991")]
    [InlineData(0.1, "0.1")]
    [InlineData(0.00001, "1E-05")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NaN, "NaN")]
    public void Numbers_are_written_as_the_formats_read_them(double value, string written)
    {
        ArrayBufferWriter<byte> bytes = new();
        ExpositionWriter writer = new(bytes, MetricsFormat.Prometheus);
        writer.Family(MetricKind.Gauge, "x", "help");
        writer.Sample(value);
        Assert.Equal($"x {written}", Encoding.UTF8.GetString(bytes.WrittenSpan).Split('\n')[2]);
    }

    [Fact]
    public void An_empty_histogram_is_there_with_zeros()
    {
        AgentReadings agent = SampleReadings.Agent(SampleReadings.Pipeline("belt", SampleReadings.Model("parts")) with { Capture = new DurationHistogram([1]).Read() });
        Dictionary<string, double> samples = Exposition.Read(Page(agent, isOpen: true), isOpenMetrics: true).Samples;
        Assert.Equal((0, 0), (samples["edgeinfer_frame_wait_seconds_count{pipeline=\"belt\"}"], samples["edgeinfer_frame_wait_seconds_bucket{pipeline=\"belt\",le=\"1.0\"}"]));
    }

    private static string Page(AgentReadings? agent, bool isOpen) => Text(s_process, agent, isOpen, isReady: true);

    private static string Text(ProcessReadings process, AgentReadings? agent, bool isOpen, bool isReady)
    {
        ArrayBufferWriter<byte> bytes = new();
        MetricsPage.Write(new(bytes, isOpen ? MetricsFormat.OpenMetrics : MetricsFormat.Prometheus), process, agent, isReady);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
