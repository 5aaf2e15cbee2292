using EdgeInfer.Diagnostics;
using EdgeInfer.Heat;
using EdgeInfer.Pipeline;
using EdgeInfer.Preprocessing;
using EdgeInfer.Sinks;

namespace EdgeInfer.Tests.Serving;

/// <summary>Readings of an agent with two pipelines, one of which has two models; every number is another one.</summary>
internal static class SampleReadings
{
    public static readonly DateTimeOffset Start = new(2026, 11, 26, 8, 0, 0, TimeSpan.Zero);

    public static AgentReadings Agent(params PipelineReadings[] pipelines) => new(
        new()
        {
            State = AgentState.Online,
            Device = "press-3",
            Version = "1.2.3",
            Boot = 12,
            StartedAt = Start,
            Clock = "synced",
            Configuration = new(Start, null, null),
            Broker = new("connected", "mqtt://broker:1883", Start, null),
            Received = new(1, 2, 3),
            Outbox = new("ok", null, 4, 5, 6000, 268435456, 7, 8, 9, 10, 11, null),
            Delivery = new(21, 22, 23, 24, 25, 26),
        },
        pipelines.Length > 0 ? pipelines : [Pipeline("belt", Model("parts")), Pipeline("door", Model("parts"), Model("faces"))])
    {
        Heat = new(Start, Heat, new(80, 0.75, Start, "too hot")),
    };

    public static HeatReading Heat { get; } = new()
    {
        Zones = [new("cpu-thermal", 81.5, 85), new("gpu-thermal", 60)],
        Now = ThrottleReasons.Throttled,
        SinceStart = ThrottleReasons.Throttled | ThrottleReasons.UnderVoltage,
        FrequencyHz = 1_200_000_000,
        AllowedFrequencyHz = 1_500_000_000,
        HighestFrequencyHz = 1_800_000_000,
        PowerMode = "15W",
    };

    public static PipelineReadings Pipeline(string name, params ModelReadings[] models) => new()
    {
        Name = name,
        Report = new() { State = PipelineState.Running, Since = Start, Fps = 5, LastFrame = Start.AddSeconds(60), Received = 101, Displaced = 102, Lost = 103, Corrupt = 104 + 28 },
        Models = models,
        SkippedByRate = 105,
        Damaged = 104,
        Refused = [.. Enumerable.Range(0, (int)DecodeOutcome.WrongSize + 1).Select(static n => (long)n)],
        Capture = Durations(0.002),
        Decode = Durations(0.003, 0.004),
    };

    public static ModelReadings Model(string name, string? provider = "cpu", string? cause = null) => new(
        new()
        {
            Model = name,
            State = provider is null ? PipelineState.NoModel : PipelineState.Running,
            Cause = cause,
            Provider = provider,
            ProviderNodes = provider is null ? null : 90,
            NodeProviders = provider is null ? null : new Dictionary<string, int> { [provider] = 90, ["cpu"] = provider == "cpu" ? 90 : 5 },
            Nodes = provider is null ? null : 95,
            PassedOver = provider is null ? null : new Dictionary<string, string> { ["tensorrt"] = "is being made ready" },
            Build = provider is null ? null : new("tensorrt", "running", default, 12.5, null),
            Results = 201,
            Published = 202,
            Dropped = 203,
        },
        Durations(0.001), Durations(0.02), Durations(0.0004), Durations(0.00005), Durations(0.5, 90));

    public static DurationReading Durations(params double[] seconds)
    {
        DurationHistogram histogram = new(DurationHistogram.StageBounds);
        foreach (double each in seconds) histogram.Add(TimeSpan.FromSeconds(each));
        return histogram.Read();
    }
}
