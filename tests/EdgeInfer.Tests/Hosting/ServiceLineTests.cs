using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Pipeline;
using EdgeInfer.Sinks;

namespace EdgeInfer.Tests.Hosting;

public sealed class ServiceLineTests
{
    private static readonly Fault s_gone = new(FaultKind.Unavailable, "/dev/video0", "there is no camera at this path", "plug the camera in");

    private static AgentCondition Condition(params (string, PipelineState, Fault?)[] pipelines) => new() { Pipelines = pipelines, Broker = "connected" };

    [Fact]
    public void All_well_is_said_in_a_few_words()
        => Assert.Equal("1 of 1 pipeline runs, broker connected", ServiceLine.Of(Condition(("belt", PipelineState.Running, null))));

    [Fact]
    public void What_ails_is_named_with_its_cause()
        => Assert.Equal("1 of 3 pipelines run, broker waiting; door has no signal: /dev/video0: there is no camera at this path; plug the camera in; exit is turned off",
            ServiceLine.Of(Condition(("belt", PipelineState.Running, null), ("door", PipelineState.NoSignal, s_gone), ("exit", PipelineState.Disabled, null)) with { Broker = "waiting" }));

    [Fact]
    public void What_is_worst_comes_first()
    {
        AgentCondition condition = Condition(("door", PipelineState.Failed, s_gone)) with
        {
            Stuck = [new(FaultKind.Internal, "door", "the driver of /dev/video0 has not come back for 75 s", "")],
            Memory = new(256L << 20, 240L << 20, 0, "nearly"),
            ConfigurationFault = "edgeinfer.yaml:6:9: unknown key; did you mean 'model'?",
        };
        Assert.Equal("0 of 1 pipeline runs, broker connected; door: the driver of /dev/video0 has not come back for 75 s; memory nearly used up: 240 of 256 MiB; "
            + "configuration not reloaded: edgeinfer.yaml:6:9: unknown key; did you mean 'model'?; door has failed: /dev/video0: there is no camera at this path; plug the camera in",
            ServiceLine.Of(condition));
    }

    [Fact]
    public void It_stays_one_line_that_the_service_manager_takes_whole()
    {
        Fault odd = new(FaultKind.Unavailable, "a\nREADY=1", string.Concat(Enumerable.Repeat("\U0001F4F7", 400)), "");
        string line = ServiceLine.Of(Condition(("belt", PipelineState.Failed, odd)));
        Assert.DoesNotContain('\n', line);
        Assert.InRange(line.Length, ServiceLine.LongestCharacters - 1, ServiceLine.LongestCharacters);
        Assert.EndsWith("\U0001F4F7…", line, StringComparison.Ordinal);
    }
}
