using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Sources.Camera;

/// <summary>Names as v4l2-ctl --list-ctrls prints them of the titles that the kernel's drivers give.</summary>
public sealed class ControlNameTests
{
    [Theory]
    [InlineData("Brightness", "brightness")]
    [InlineData("White Balance, Automatic", "white_balance_automatic")]
    [InlineData("Exposure Time, Absolute", "exposure_time_absolute")]
    [InlineData("Exposure (Absolute)", "exposure_absolute")]
    [InlineData("Zoom, Absolute", "zoom_absolute")]
    [InlineData("Integer (32 Bits)", "integer_32_bits")]
    [InlineData("H264 I-Frame Period", "h264_i_frame_period")]
    [InlineData("  LED1 Mode ", "led1_mode")]
    public void A_title_becomes_the_name_that_v4l2_ctl_prints(string title, string name) => Assert.Equal(name, ControlName.Of(title));
}
