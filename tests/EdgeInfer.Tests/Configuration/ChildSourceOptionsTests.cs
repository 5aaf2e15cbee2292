using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

/// <summary><c>exec</c> and <c>camera: csi:N</c>.</summary>
public sealed class ChildSourceOptionsTests
{
    [Fact]
    public void A_command_line_is_for_the_shell_and_has_defaults()
    {
        ExecOptions exec = Assert.IsType<ExecOptions>(Source("{ exec: my-camera --jpeg | tee x }"));
        Assert.Equal(["/bin/sh", "-c", "my-camera --jpeg | tee x"], exec.Command);
        Assert.Equal((true, "mjpeg", null, null, true, TimeSpan.FromSeconds(5)), (exec.IsShellText, exec.Format, exec.Size, exec.FramesPerSecond, exec.IsLooped, exec.Timeout));
    }

    [Fact]
    public void A_list_is_a_program_and_its_arguments()
    {
        ExecOptions exec = Assert.IsType<ExecOptions>(Source("{ exec: [my-camera, --size, 640], format: nv12, size: 640x480, fps: 15, loop: false, timeout: 20s }"));
        Assert.Equal(["my-camera", "--size", "640"], exec.Command);
        Assert.Equal((false, "nv12", (640, 480), 15, false, TimeSpan.FromSeconds(20)), (exec.IsShellText, exec.Format, exec.Size, exec.FramesPerSecond, exec.IsLooped, exec.Timeout));
    }

    [Fact]
    public void A_camera_on_a_ribbon_has_defaults()
    {
        CsiOptions csi = Assert.IsType<CsiOptions>(Source("{ camera: csi:0 }"));
        Assert.Equal((0, (1280, 720), null, false, TimeSpan.FromSeconds(5)), (csi.Number, csi.Size, csi.FramesPerSecond, csi.IsJpeg, csi.Timeout));
        Assert.Empty(csi.Arguments);
    }

    [Fact]
    public void A_camera_on_a_ribbon_takes_the_program_s_own_arguments()
    {
        CsiOptions csi = Assert.IsType<CsiOptions>(Source("{ camera: csi:3, size: 800x600, fps: 30, format: mjpeg, arguments: [--awb, tungsten], timeout: 10s }"));
        Assert.Equal((3, (800, 600), 30, true, TimeSpan.FromSeconds(10)), (csi.Number, csi.Size, csi.FramesPerSecond, csi.IsJpeg, csi.Timeout));
        Assert.Equal(["--awb", "tungsten"], csi.Arguments);
    }

    [Theory]
    [InlineData("{ exec: x, format: i420 }", "13: pipelines.belt.source.size: missing; raw pictures say nothing of their size: write size: WIDTHxHEIGHT of what the command writes as i420")]
    [InlineData("{ exec: x, size: 640x480 }", "30: pipelines.belt.source.size: JPEG pictures have their own size; remove it, or name the raw `format`")]
    [InlineData("{ exec: x, format: h264 }", "32: pipelines.belt.source.format: found 'h264'; expected one of mjpeg, i420, nv12, yuyv, rgb24, bgr24, gray")]
    [InlineData("{ exec: x, format: nv12, size: 641x480 }", "44: pipelines.belt.source.size: a width of 641 in nv12; write an even width")]
    [InlineData("{ exec: x, timeout: 5 }", "33: pipelines.belt.source.timeout: found '5'; expected a duration such as 250ms, 5s, 2h, from 100ms to 1h")]
    [InlineData("{ exec: ' ' }", "21: pipelines.belt.source.exec: found no command; write a command line, or a list of the program and its arguments")]
    [InlineData("{ exec: [] }", "21: pipelines.belt.source.exec: found no command; write a command line, or a list of the program and its arguments")]
    [InlineData("{ exec: { a: b } }", "21: pipelines.belt.source.exec: found no command; write a command line, or a list of the program and its arguments")]
    [InlineData("{ exec: }", "21: pipelines.belt.source.exec: says nothing; name the source")]
    [InlineData("{ camera: csi:a }", "23: pipelines.belt.source.camera: found 'csi:a'; expected csi: and the number of the camera, such as csi:0")]
    [InlineData("{ camera: 'csi:' }", "23: pipelines.belt.source.camera: found 'csi:'; expected csi: and the number of the camera, such as csi:0")]
    [InlineData("{ camera: csi:0, size: 800x600 }", "36: pipelines.belt.source.size: a width of 800, but cameras on a ribbon give rows of whole 64 pixels; write 768 or 832, or set format: mjpeg")]
    [InlineData("{ camera: csi:0, size: 640x481 }", "36: pipelines.belt.source.size: a height of 481; write an even height")]
    [InlineData("{ camera: csi:0, format: yuyv }", "38: pipelines.belt.source.format: found 'yuyv'; expected one of i420, mjpeg")]
    public void A_mistake_is_named(string source, string fault)
        => Assert.Equal(["edge.yaml:5:" + fault], ConfigurationText.Faults(Text(source)));

    [Theory]
    [InlineData("ffmpeg -i rtsp://admin:hunter2@cam/live -f mjpeg -")]
    [InlineData("[ffmpeg, -i, 'rtsp://admin:hunter2@cam', '-']")]
    public void A_password_in_a_command_is_warned_of_and_not_shown(string command)
    {
        (AgentConfiguration? configuration, FaultList faults) = ConfigurationText.Read(Text($"{{ exec: {command} }}"));
        Fault warning = Assert.Single(faults.Warnings);
        Assert.Equal("pipelines.belt.source.exec: an address with a password in it, which every user of this machine sees in the list of processes", warning.What);
        Assert.DoesNotContain("hunter2", warning + configuration!.Pipelines[0].Source.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ffmpeg -i rtsp://cam/live?a=b:c@d -f mjpeg -")]
    [InlineData("curl http://cam:8080/x")]
    [InlineData("ssh user@host")]
    public void An_address_without_a_password_is_not_warned_of(string command)
        => Assert.Empty(ConfigurationText.Read(Text($"{{ exec: '{command}' }}")).Faults.Warnings);

    [Theory]
    [InlineData("{ exec: x, arguments: [a] }", "arguments")]
    [InlineData("{ camera: /dev/video0, arguments: [a] }", "arguments")]
    [InlineData("{ camera: csi:0, loop: true }", "loop")]
    public void A_key_of_another_kind_is_unknown(string source, string key)
        => Assert.StartsWith($"unknown key 'pipelines.belt.source.{key}'; ", Assert.Single(ConfigurationText.Faults(Text(source))).Split(": ", 2)[1], StringComparison.Ordinal);

    private static SourceOptions Source(string source) => ConfigurationText.Good(Text(source)).Pipelines[0].Source;

    private static string Text(string source) => ConfigurationText.Smallest.Replace("{ camera: /dev/video0 }", source, StringComparison.Ordinal);
}
