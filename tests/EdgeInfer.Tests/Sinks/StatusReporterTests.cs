using System.Text.Json;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Sinks;

public sealed class StatusReporterTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 25, 18, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider _time = new(s_start);
    private readonly RecordingOutgoing _outgoing = new();
    private PipelineState _belt = PipelineState.Starting;

    [Fact]
    public void The_message_is_exactly_what_the_contract_shows()
    {
        StatusMessage status = Snapshot() with
        {
            Labels = new Dictionary<string, string> { ["site"] = "Ærø" },
            Models = new Dictionary<string, ModelReport> { ["parts"] = new("parts-detector", "1.2.0", "abc123") },
            Delivery = new(10, 9, 1, 0, 2, 3),
        };
        Assert.Equal(
            "{\"schema\":\"edgeinfer/status/1\",\"state\":\"online\",\"device\":\"press-3\",\"version\":\"0.1.0\",\"boot\":12,\"at\":\"2026-11-25T18:00:00.000000Z\",\"clock\":\"synced\","
            + "\"labels\":{\"site\":\"Ærø\"},\"models\":{\"parts\":{\"name\":\"parts-detector\",\"version\":\"1.2.0\",\"digest\":\"abc123\"}},"
            + "\"pipelines\":{\"belt\":{\"state\":\"starting\",\"since\":\"2026-11-25T18:00:00.000000Z\",\"cause\":\"no such device '/dev/video9'\",\"fps\":4.9,"
            + "\"received\":0,\"displaced\":0,\"lost\":0,\"corrupt\":0,\"results\":0,\"published\":0,\"dropped\":0}},"
            + "\"delivery\":{\"published\":10,\"acknowledged\":9,\"dropped\":1,\"refused\":0,\"reconnects\":2,\"queued\":3}}",
            System.Text.Encoding.UTF8.GetString(status.Encode()));
    }

    [Theory]
    [InlineData("Starting", "starting")]
    [InlineData("Running", "running")]
    [InlineData("NoSignal", "no_signal")]
    [InlineData("NoModel", "no_model")]
    [InlineData("Failed", "failed")]
    [InlineData("Disabled", "disabled")]
    public void States_have_the_contracts_names(string state, string expected)
    {
        _belt = Enum.Parse<PipelineState>(state);
        using JsonDocument parsed = JsonDocument.Parse(Snapshot().Encode());
        Assert.Equal(expected, parsed.RootElement.GetProperty("pipelines").GetProperty("belt").GetProperty("state").GetString());
    }

    [Fact]
    public void Birth_changes_every_minute_and_the_end_are_published()
    {
        using StatusReporter reporter = Reporter();
        reporter.Changed();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_outgoing.States);

        reporter.Start();
        Assert.Equal(["edgeinfer/press-3/belt/status offline", "edgeinfer/press-3/status online"], Take());

        _belt = PipelineState.Running;
        for (int i = 0; i < 10; i++) reporter.Changed();
        Assert.Empty(Take());
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(["edgeinfer/press-3/belt/status online", "edgeinfer/press-3/status online"], Take());

        _time.Advance(TimeSpan.FromSeconds(59.9));
        Assert.Empty(Take());
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(["edgeinfer/press-3/status online"], Take());

        reporter.Stop();
        Assert.Equal(["edgeinfer/press-3/belt/status offline", "edgeinfer/press-3/status stopped"], Take());
        reporter.Stop();
        reporter.Changed();
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty(Take());
    }

    [Fact]
    public void What_ends_before_it_began_says_nothing_and_asks_nobody()
    {
        using StatusReporter reporter = new(new("edgeinfer", "press-3"), _outgoing, static () => throw new InvalidOperationException("there is no state yet"), _time);
        reporter.Changed();
        reporter.Stop();
        reporter.Changed();
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty(Take());
    }

    [Fact]
    public void The_last_will_has_the_same_schema_and_the_state_offline()
    {
        using JsonDocument will = JsonDocument.Parse(StatusReporter.Will(new MqttTopics("a/b", "press-3"), "press-3", "0.1.0", 12).Payload);
        Assert.Equal("{\"schema\":\"edgeinfer/status/1\",\"state\":\"offline\",\"device\":\"press-3\",\"version\":\"0.1.0\",\"boot\":12}", will.RootElement.GetRawText());
        Assert.Equal("a/b/press-3/status", StatusReporter.Will(new MqttTopics("a/b", "press-3"), "press-3", "0.1.0", 12).Topic.Name);
    }

    private StatusReporter Reporter() => new(new MqttTopics("edgeinfer", "press-3"), _outgoing, Snapshot, _time);

    private StatusMessage Snapshot() => new()
    {
        State = AgentState.Online,
        Device = "press-3",
        Version = "0.1.0",
        Boot = 12,
        At = s_start,
        Clock = "synced",
        Pipelines = new Dictionary<string, PipelineReport>
        {
            ["belt"] = new() { State = _belt, Since = s_start, Fps = 4.9, Cause = "no such device '/dev/video9'" },
        },
    };

    private string[] Take()
    {
        string[] seen = [.. _outgoing.States.Select(s =>
        {
            if (!s.Payload.StartsWith('{')) return $"{s.Topic} {s.Payload}";
            using JsonDocument parsed = JsonDocument.Parse(s.Payload);
            return $"{s.Topic} {parsed.RootElement.GetProperty("state").GetString()}";
        })];
        _outgoing.States.Clear();
        return seen;
    }
}
