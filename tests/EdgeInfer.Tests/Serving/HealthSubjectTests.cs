using EdgeInfer.Pipeline;
using EdgeInfer.Serving;
using EdgeInfer.Sinks;

namespace EdgeInfer.Tests.Serving;

public sealed class HealthSubjectTests
{
    [Fact]
    public void An_agent_whose_models_are_loaded_is_ready() => Assert.Null(HealthSubject.Why(SampleReadings.Agent()));

    [Fact]
    public void Until_the_agent_is_up_it_is_not() => Assert.Equal("the agent starts: its models are being loaded", HealthSubject.Why(null));

    [Theory]
    [InlineData(nameof(PipelineState.NoSignal))]
    [InlineData(nameof(PipelineState.Failed))]
    [InlineData(nameof(PipelineState.Starting))]
    public void A_camera_that_gives_nothing_does_not_make_it_unready(string state)
    {
        PipelineReadings belt = SampleReadings.Pipeline("belt", SampleReadings.Model("parts"));
        Assert.Null(HealthSubject.Why(SampleReadings.Agent(belt with { Report = belt.Report with { State = Enum.Parse<PipelineState>(state), Cause = "the camera is gone" } })));
    }

    [Fact]
    public void A_broker_that_is_away_does_not_make_it_unready()
    {
        AgentReadings agent = SampleReadings.Agent();
        Assert.Null(HealthSubject.Why(agent with { Status = agent.Status with { Broker = new("waiting", "mqtt://broker", null, "nobody answers") } }));
    }

    [Fact]
    public void A_model_that_cannot_be_loaded_makes_it_unready_and_the_line_says_why()
        => Assert.Equal("pipeline door, model faces: model.onnx: not a model; give one", HealthSubject.Why(SampleReadings.Agent(
            SampleReadings.Pipeline("belt", SampleReadings.Model("parts")),
            SampleReadings.Pipeline("door", SampleReadings.Model("parts"), SampleReadings.Model("faces", provider: null, cause: "model.onnx: not a model; give one")))));

    [Fact]
    public void A_model_that_is_still_being_loaded_makes_it_unready()
        => Assert.Equal("pipeline belt, model parts: it is being loaded", HealthSubject.Why(SampleReadings.Agent(SampleReadings.Pipeline("belt", SampleReadings.Model("parts", provider: null)))));

    [Fact]
    public void A_pipeline_that_was_turned_off_is_not_waited_for()
    {
        PipelineReadings belt = SampleReadings.Pipeline("belt", SampleReadings.Model("parts", provider: null));
        Assert.Null(HealthSubject.Why(SampleReadings.Agent(belt with { Report = belt.Report with { State = PipelineState.Disabled } })));
    }

    [Fact]
    public void An_agent_that_stops_is_not_ready_any_more()
        => Assert.Equal("the agent stops", new HealthSubject("1", static () => SampleReadings.Agent(), static () => true, static () => null).WhyNotReady());
}
