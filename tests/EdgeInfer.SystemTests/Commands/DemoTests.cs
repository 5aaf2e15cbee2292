using System.Globalization;
using System.Text.RegularExpressions;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary><c>demo</c> does the main job on embedded defaults.</summary>
[Collection("the broker port of this machine")]
public sealed partial class DemoTests
{
    [Fact]
    public async Task Predictions_arrive_on_MQTT_and_agree_with_the_camera_s_own_truth()
    {
        (int code, string output) = await AgentProcess.Run("demo", "--seconds", "20");
        Assert.True(code == 0, output);
        Match last = Summary().Matches(output)[^1];
        Assert.True(int.Parse(last.Groups[1].Value, CultureInfo.InvariantCulture) >= 20, output);
        Assert.True(double.Parse(last.Groups[2].Value, CultureInfo.InvariantCulture) > 0.9, last.Value);
        Assert.True(double.Parse(last.Groups[3].Value, CultureInfo.InvariantCulture) > 0.9, last.Value);
    }

    [Fact]
    public async Task The_command_that_the_demo_prints_for_listening_in_works_as_it_stands()
    {
        await using ChildProcess demo = AgentProcess.Start("demo");
        string line = await demo.Line("listen in yourself");
        Peer.Program("mosquitto_sub");
        await using ChildProcess listener = ChildProcess.Start("/bin/sh", ["-c", "exec " + line[line.IndexOf("mosquitto_sub", StringComparison.Ordinal)..]]);
        await listener.Line("edgeinfer/demo/belt/prediction {");
        Assert.Equal(0, await demo.Terminate(ChildProcess.Patience));
        Assert.DoesNotContain("warn", demo.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"(\d+) frames against .*precision ([\d.]+), recall ([\d.]+)")]
    private static partial Regex Summary();
}
