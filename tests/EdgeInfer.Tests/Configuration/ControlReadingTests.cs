using EdgeInfer.Configuration;

namespace EdgeInfer.Tests.Configuration;

/// <summary><c>source.controls</c>: names and values, in the order written.</summary>
public sealed class ControlReadingTests
{
    [Fact]
    public void Controls_keep_their_order_and_compare_by_what_they_say()
    {
        CameraOptions camera = Camera("{ exposure_time_absolute: 80, auto_exposure: manual, power_line_frequency: 50 Hz, white_balance_automatic: false }");
        Assert.Equal("exposure_time_absolute = 80, auto_exposure = manual, power_line_frequency = 50 Hz, white_balance_automatic = false", camera.Controls.ToString());
        Assert.Equal(Camera("{ gain: 10 }"), Camera("{ gain: 10 }"));
        Assert.NotEqual(Camera("{ gain: 10 }"), Camera("{ gain: 11 }"));
        Assert.Equal(ControlWishes.None, Camera("{}").Controls);
    }

    [Theory]
    [InlineData("{ Gain: 10 }", "controls.Gain: this is no name of a control")]
    [InlineData("{ gain: [10] }", "controls.gain: found a list; expected a number, true, false, or an item of a menu such as manual")]
    [InlineData("{ gain: }", "controls.gain: found nothing; expected a number, true, false, or an item of a menu such as manual")]
    [InlineData("gain", "controls: found 'gain'; expected a mapping")]
    public void What_can_be_no_control_is_said_without_a_camera(string controls, string fault)
        => Assert.Contains(fault, Assert.Single(ConfigurationText.Faults(Text(controls))), StringComparison.Ordinal);

    [Fact]
    public void A_ribbon_camera_takes_arguments_instead()
        => Assert.Contains("controls: a camera on a ribbon has no V4L2 controls here; give its program arguments instead",
            Assert.Single(ConfigurationText.Faults(Text("{ gain: 1 }").Replace("/dev/video0", "csi:0", StringComparison.Ordinal))), StringComparison.Ordinal);

    [Fact]
    public void A_control_can_be_set_by_the_environment()
    {
        AgentConfiguration configuration = ConfigurationText.Good(ConfigurationText.Smallest, ("EDGEINFER__PIPELINES__BELT__SOURCE__CONTROLS__GAIN", "20"));
        Assert.Equal("gain = 20", ((CameraOptions)configuration.Pipelines[0].Source).Controls.ToString());
    }

    private static CameraOptions Camera(string controls) => (CameraOptions)ConfigurationText.Good(Text(controls)).Pipelines[0].Source;

    private static string Text(string controls)
        => ConfigurationText.Smallest.Replace("{ camera: /dev/video0 }", $"{{ camera: /dev/video0, controls: {controls} }}", StringComparison.Ordinal);
}
