using EdgeInfer.Configuration;
using EdgeInfer.Posix;
using EdgeInfer.Sources.Children;

namespace EdgeInfer.Tests.Sources.Children;

public sealed class FfmpegCommandTests
{
    [Fact]
    public void Neither_address_nor_credentials_are_on_the_command_line()
    {
        StreamOptions options = Options("rtsp://cam.plant:8554/live?token=hunter2") with { Username = "edge", Password = new Secret("hunter2") };
        ChildCommand command = FfmpegCommand.OfStream(options, FfmpegAbilities.All, static _ => { });
        Assert.DoesNotContain(command.Arguments, a => a.Contains("hunter2", StringComparison.Ordinal) || a.Contains("cam.plant", StringComparison.Ordinal) || a.Contains("edge", StringComparison.Ordinal));
        Assert.Contains("pipe:0", command.Arguments);
    }

    [Theory]
    [InlineData("rtsp://cam/1", "a b", "p@:/?#'%", "file 'rtsp://a%20b:p%40%3A%2F%3F%23%27%25@cam/1'")]
    [InlineData("rtsp://cam:8554/1?channel=2&subtype=0", null, null, "file 'rtsp://cam:8554/1?channel=2&subtype=0'")]
    [InlineData("rtsp://[fe80::1]/it's", null, null, "file 'rtsp://[fe80::1]/it%27s'")]
    public void The_list_holds_the_address_with_its_credentials_encoded(string url, string? user, string? password, string line)
    {
        StreamOptions options = Options(url) with { Username = user, Password = password is null ? null : new Secret(password) };
        string[] lines = FfmpegCommand.List(options, FfmpegAbilities.All).Split('\n');
        Assert.Equal(["ffconcat version 1.0", line, "option fpsprobesize 0", "option rtsp_transport tcp", ""], lines);
    }

    [Theory]
    [InlineData("rtsp://cam/1", "file 'rtsp://cam/1?tcp'")]
    [InlineData("rtsp://cam/1?a=b", "file 'rtsp://cam/1?a=b&tcp'")]
    [InlineData("udp://239.0.0.1:5000", "file 'udp://239.0.0.1:5000/'")]
    public void An_ffmpeg_whose_lists_have_no_options_is_told_the_transport_in_the_address(string url, string line)
        => Assert.Equal(["ffconcat version 1.0", line, ""], FfmpegCommand.List(Options(url), FfmpegAbilities.All with { HasListOptions = false }).Split('\n'));

    [Fact]
    public void What_the_user_wants_before_the_input_stands_there_and_overrides_the_defaults()
    {
        StreamOptions options = Options("rtsp://cam/1") with { Ffmpeg = new() { InputArguments = ["-threads", "4", "-c:v", "h264_v4l2m2m"], Size = (640, 360), FramesPerSecond = 5 } };
        List<string> arguments = [.. FfmpegCommand.OfStream(options, new(HasFrameRateMode: false, HasListOptions: true), static _ => { }).Arguments];
        Assert.InRange(arguments.IndexOf("h264_v4l2m2m"), 0, arguments.IndexOf("-i"));
        Assert.InRange(arguments.IndexOf("-threads"), 0, arguments.LastIndexOf("-threads") - 1);
        Assert.Equal("passthrough", arguments[arguments.IndexOf("-vsync") + 1]);
        string filters = arguments[arguments.IndexOf("-vf") + 1];
        Assert.StartsWith("setpts=", filters, StringComparison.Ordinal);
        Assert.EndsWith(",scale=640:360,format=yuv420p|yuvj420p|nv12", filters, StringComparison.Ordinal);
        Assert.Contains("0.2)", filters, StringComparison.Ordinal);
    }

    [Fact]
    public void A_film_is_dropped_by_its_own_time_and_no_protocol_is_read_into_its_name()
    {
        ChildCommand command = FfmpegCommand.OfFilm("/films/http:x.mp4", new FfmpegOptions { FramesPerSecond = 2 }, FfmpegAbilities.All, static _ => { });
        Assert.Contains("file:/films/http:x.mp4", command.Arguments);
        Assert.DoesNotContain(command.Arguments, a => a.Contains("setpts", StringComparison.Ordinal));
        Assert.True(command.Input.IsEmpty);
    }

    private static StreamOptions Options(string url) => new(new Uri(url), null, null, null) { Ffmpeg = new() };
}
