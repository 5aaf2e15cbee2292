using EdgeInfer.Control;
using EdgeInfer.Sinks;

namespace EdgeInfer.Tests.Control;

public sealed class ResponseTopicTests
{
    [Theory]
    [InlineData("plant/edge/press-3/answers")]
    [InlineData("plant/edge/press-3/cmd/ping/result")]
    [InlineData("plant/edge/press-3/cmd/restart/result")]
    [InlineData("plant/edge/desk/7")]
    [InlineData("plant/edge/press-4/status")]
    [InlineData("plant/edge/settings/cmdb")]
    public void A_topic_below_the_prefix_where_nobody_is_told_anything_is_used(string topic) => Assert.Null(Refusal(topic));

    [Theory]
    [InlineData("plant/other/answers", "it is not below plant/edge/")]
    [InlineData("plant/edge", "it is not below plant/edge/")]
    [InlineData("plant/edgeinfer/x", "it is not below plant/edge/")]
    [InlineData("$SYS/x", "it is not below plant/edge/")]
    [InlineData("plant/edge/+/x", "it holds a wildcard")]
    [InlineData("plant/edge/#", "it holds a wildcard")]
    [InlineData("plant/edge/a\0b", "it holds a control character")]
    [InlineData("plant/edge/a\u0007b", "it holds a control character")]
    [InlineData("plant/edge/press-4/cmd/restart", "it is below 'cmd', where devices are told what to do")]
    [InlineData("plant/edge/press-3/cmd/restart", "it is below 'cmd', where devices are told what to do")]
    [InlineData("plant/edge/press-4/cmd/ping/result", "it is below 'cmd', where devices are told what to do")]
    [InlineData("plant/edge/press-3/cmd//result", "it is below 'cmd', where devices are told what to do")]
    [InlineData("plant/edge/press-3/cmd/a/b/result", "it is below 'cmd', where devices are told what to do")]
    [InlineData("plant/edge/press-4/belt/set/enabled", "it is below 'set', where devices are told what to do")]
    [InlineData("plant/edge/_fleet/update/desired", "it is below 'update', where devices are told what to do")]
    [InlineData("plant/edge/press-3/status", "it is a topic of this device's own messages")]
    [InlineData("plant/edge/press-3/belt/prediction", "it is a topic of this device's own messages")]
    [InlineData("plant/edge/press-3/belt/state/enabled", "it is a topic of this device's own messages")]
    public void Any_other_is_refused(string topic, string cause) => Assert.Equal(cause, Refusal(topic));

    [Fact]
    public void One_that_is_too_long_is_refused() => Assert.Equal("it is longer than 1024 bytes", Refusal("plant/edge/" + new string('x', 1024)));

    private static string? Refusal(string topic) => ResponseTopic.Refusal(topic, new MqttTopics("plant/edge", "press-3"));
}
