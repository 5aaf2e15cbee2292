using EdgeInfer.Configuration;

namespace EdgeInfer.Tests.Configuration;

public sealed class RecordAndControlTests
{
    [Theory]
    [InlineData("{ frames: 100 }", 100, null, 64L << 20)]
    [InlineData("{ seconds: 10, size: 8MiB }", null, 10.0, 8L << 20)]
    [InlineData("{ frames: 5, seconds: 0.5 }", 5, 0.5, 64L << 20)]
    public void Record_says_how_much_is_kept(string written, int? frames, double? seconds, long bytes)
    {
        RecordOptions record = ConfigurationText.Good(ConfigurationText.Smallest + $"    record: {written}\n").Pipelines[0].Record!;
        Assert.Equal((frames, seconds, bytes), (record.Frames, record.Time?.TotalSeconds, record.Bytes));
    }

    [Fact]
    public void Nothing_is_kept_unless_asked_for() => Assert.Null(ConfigurationText.Good(ConfigurationText.Smallest).Pipelines[0].Record);

    [Theory]
    [InlineData("{}", "edge.yaml:7:13: pipelines.belt.record: does not say how much; write { frames: 100 } or { seconds: 10, size: 64MiB }")]
    [InlineData("{ frames: 0 }", "edge.yaml:7:23: pipelines.belt.record.frames: found '0'; expected a whole number from 1 to 100000")]
    [InlineData("{ frames: 5, size: 1GB, siez: 2MiB }", "edge.yaml:7:37: unknown key 'pipelines.belt.record.siez'; did you mean 'size'?")]
    [InlineData("{ seconds: 5, size: 2GiB }", "edge.yaml:7:33: pipelines.belt.record.size: found '2GiB'; expected a size such as 64MiB, from 1048576 to 1073741824 bytes")]
    [InlineData("yes", "edge.yaml:7:13: pipelines.belt.record: found 'yes'; expected a mapping")]
    public void What_is_wrong_with_it_is_named(string written, string fault)
        => Assert.Equal([fault], ConfigurationText.Faults(ConfigurationText.Smallest + $"    record: {written}\n"));

    [Theory]
    [InlineData("", "/run/edgeinfer/control.sock")]
    [InlineData("runtime: { control: off }\n", null)]
    [InlineData("runtime: { control: /tmp/a.sock }\n", "/tmp/a.sock")]
    public void The_control_socket_is_there_unless_turned_off(string runtime, string? path)
        => Assert.Equal(path, ConfigurationText.Good(runtime + ConfigurationText.Smallest).Runtime.Control);
}
