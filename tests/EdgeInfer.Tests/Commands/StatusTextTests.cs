using EdgeInfer.Commands;
using EdgeInfer.Sinks;

namespace EdgeInfer.Tests.Commands;

public sealed class StatusTextTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 18, 40, 0, TimeSpan.Zero);

    private static readonly StatusMessage s_status = new()
    {
        State = AgentState.Online,
        Device = "press-3",
        Version = "0.1.0",
        Boot = 12,
        At = s_now,
        StartedAt = s_now - TimeSpan.FromMinutes(133),
        Clock = "synced",
        Models = new Dictionary<string, ModelReport> { ["parts"] = new("parts-detector", "1.2.0", "a1b2c3d4e5f6" + new string('0', 52)) },
        Broker = new("connected", "mqtts://broker.plant:8883", s_now - TimeSpan.FromSeconds(75), null),
        Delivery = new(351, 350, 1, 0, 2, 3),
        Pipelines = new Dictionary<string, PipelineReport>
        {
            ["belt"] = new()
            {
                State = PipelineState.Running,
                Since = s_now - TimeSpan.FromHours(50),
                Fps = 4.99,
                FrameAgeMs = new(21.4, 35.2),
                LastFrame = s_now - TimeSpan.FromMilliseconds(120),
                Source = "1280x720 MJPG 15/s",
                Model = "parts",
                Provider = "cpu",
                ProviderNodes = 57,
                Nodes = 60,
                Received = 36000,
                Displaced = 24010,
                Lost = 1,
                Corrupt = 2,
                Results = 11990,
                Published = 310,
                Dropped = 4,
            },
        },
    };

    [Fact]
    public void Where_the_other_nodes_run_and_why_a_provider_is_not_in_use_stands_below_the_model()
    {
        PipelineReport belt = s_status.Pipelines!["belt"] with
        {
            Provider = "cuda",
            NodeProviders = new Dictionary<string, int> { ["cuda"] = 57, ["cpu"] = 3 },
            PassedOver = new Dictionary<string, string> { ["qnn"] = "not in this build", ["tensorrt"] = "is being made ready" },
            Build = new("tensorrt", "running", s_now - TimeSpan.FromMinutes(3), 181.2, null),
        };
        string text = string.Join('\n', StatusText.Of(s_status with { Pipelines = new Dictionary<string, PipelineReport> { ["belt"] = belt } }, s_now));
        Assert.Contains("""
            on cuda (57 of 60 nodes)
                      its other nodes: 3 on cpu
                      not on qnn: not in this build
                      tensorrt is being made ready, for 181 s now
            """, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_provider_that_was_made_ready_or_failed_says_so()
    {
        PipelineReport belt = s_status.Pipelines!["belt"];
        Assert.Contains("tensorrt was made ready in 181 s", Text(belt with { Build = new("tensorrt", "done", s_now, 181.2, null) }), StringComparison.Ordinal);
        string failed = Text(belt with
        {
            PassedOver = new Dictionary<string, string> { ["tensorrt"] = "no room" },
            Build = new("tensorrt", "failed", s_now, 181.2, "no room"),
        });
        Assert.Contains("not on tensorrt: no room", failed, StringComparison.Ordinal);
        Assert.DoesNotContain("made ready", failed, StringComparison.Ordinal);

        static string Text(PipelineReport report) => string.Join('\n', StatusText.Of(s_status with { Pipelines = new Dictionary<string, PipelineReport> { ["belt"] = report } }, s_now));
    }

    [Fact]
    public void Heat_is_one_line_and_what_is_done_about_it_with_its_cause_below()
    {
        StatusMessage status = s_status with
        {
            Heat = new()
            {
                Hottest = new("cpu-thermal", 61.7),
                Throttled = new([], ["under_voltage"]),
                CpuMhz = new(1500, 1800, 1800),
                Governor = new(1, s_now, 77, null),
            },
        };
        Assert.Contains("heat      61.7 °C (cpu-thermal)  cpu 1500 of 1800 MHz  under_voltage at times since the device was", string.Join('\n', StatusText.Of(status, s_now)), StringComparison.Ordinal);
        status = status with
        {
            Heat = new() { PowerMode = "15W", Throttled = new(["throttled"], ["throttled"]), Governor = new(0.75, s_now - TimeSpan.FromSeconds(90), 77, "tj-thermal: 97 °C, above the limit of 96 °C; cool the device") },
        };
        string text = string.Join('\n', StatusText.Of(status, s_now));
        Assert.Contains("heat      power mode 15W  throttled now  inference at 75 % of its rate for 1 min 30 s\n          tj-thermal: 97 °C, above", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_of_several_models_has_a_line_and_a_reload_that_failed_another()
    {
        StatusMessage status = s_status with
        {
            Configuration = new(s_now, "edge.yaml:6:1: unknown key 'x'; remove it", s_now),
            Pipelines = new Dictionary<string, PipelineReport>
            {
                ["belt"] = s_status.Pipelines!["belt"] with
                {
                    Models =
                    [
                        new() { Model = "parts", State = PipelineState.Running, Provider = "cpu", ProviderNodes = 57, Nodes = 60, Results = 12 },
                        new() { Model = "second", State = PipelineState.NoModel, Cause = "gone" },
                    ],
                },
            },
        };
        string[] lines = [.. StatusText.Of(status, s_now)];
        Assert.Contains("config    not reloaded: edge.yaml:6:1: unknown key 'x'; remove it", lines);
        string text = string.Join(' ', lines.Select(static line => line.Trim()));
        Assert.Contains("model   parts = parts-detector 1.2.0 a1b2c3d4e5f6 on cpu (57 of 60 nodes)  running  12 made, 0 published, 0 dropped", text, StringComparison.Ordinal);
        Assert.Contains("  model   second  no_model  0 made, 0 published, 0 dropped", lines);
        Assert.Contains("          gone", lines);
    }

    [Fact]
    public void Everything_an_operator_asks_first_is_on_one_screen() => Assert.Equal(
        """
        press-3   online  EdgeInfer 0.1.0  boot 12  up 2 h 13 min  clock synced
        broker    connected mqtts://broker.plant:8883  for 1 min 15 s
                  351 sent, 350 acknowledged, 3 queued, 1 dropped, 0 refused

        belt      running for 2 d 2 h  4.99 results/s  frame age 21.4 ms (max 35.2)  last frame 0.1 s ago
          source  1280x720 MJPG 15/s
          model   parts = parts-detector 1.2.0 a1b2c3d4e5f6 on cpu (57 of 60 nodes)
          frames  36000 received, 24010 displaced, 1 lost, 2 corrupt
          results 11990 made, 310 published, 4 dropped
        """.Split('\n'), StatusText.Of(s_status, s_now));

    [Fact]
    public void A_pipeline_that_does_not_run_says_why_within_a_hundred_columns()
    {
        string cause = "/dev/v4l/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3:1.0-video-index0: the camera is gone; plug it in again, or name another; it is opened again by itself";
        PipelineReport gone = s_status.Pipelines!["belt"] with { State = PipelineState.NoSignal, Cause = cause, FrameAgeMs = null, LastFrame = null };
        string[] lines = [.. StatusText.Of(s_status with { Pipelines = new Dictionary<string, PipelineReport> { ["belt"] = gone } }, s_now)];
        Assert.Equal("belt      no_signal for 2 d 2 h  4.99 results/s  no frame yet", lines[4]);
        Assert.Equal(cause, string.Join(' ', lines[5..^4].Select(l => l.Trim())));
        Assert.All(lines, l => Assert.InRange(l.Length, 0, StatusText.Width));
    }

    [Fact]
    public void A_broker_that_is_away_says_why()
    {
        BrokerReport away = new("waiting", "mqtt://10.0.0.1:1883", s_now - TimeSpan.FromSeconds(9), "mqtt://10.0.0.1:1883: nobody listens there; start the broker");
        string[] lines = [.. StatusText.Of(s_status with { Broker = away, Pipelines = null }, s_now)];
        Assert.Equal("broker    waiting mqtt://10.0.0.1:1883  for 9.0 s", lines[1]);
        Assert.Equal("          mqtt://10.0.0.1:1883: nobody listens there; start the broker", lines[2]);
    }

    [Fact]
    public void Memory_has_a_line_where_it_is_limited()
    {
        string[] lines = [.. StatusText.Of(s_status with { Memory = new(256L << 20, 240L << 20, 2, "memory is nearly used up"), Pipelines = null }, s_now)];
        Assert.Equal("memory    240 of 256 MiB  2 processes killed  memory is nearly used up", lines[^1]);
    }

    [Fact]
    public void What_a_device_says_of_itself_cannot_steer_the_terminal()
        => Assert.DoesNotContain(StatusText.Of(s_status with { Device = "a\u001b[2Jb" }, s_now), l => l.Contains('\u001b', StringComparison.Ordinal));

    [Fact]
    public void The_message_is_read_back_as_it_was_written()
    {
        StatusMessage read = StatusMessage.Decode(s_status.Encode())!;
        Assert.Equal(StatusText.Of(s_status, s_now), StatusText.Of(read, s_now));
    }

    [Fact]
    public void A_later_agents_further_properties_are_passed_over()
        => Assert.Equal("press-3", StatusMessage.Decode("""{"schema":"edgeinfer/status/1","state":"online","device":"press-3","version":"9","boot":1,"new":{"a":1}}"""u8)!.Device);
}
