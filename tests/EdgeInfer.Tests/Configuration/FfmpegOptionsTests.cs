using EdgeInfer.Configuration;

namespace EdgeInfer.Tests.Configuration;

public sealed class FfmpegOptionsTests
{
    [Fact]
    public void A_stream_that_ffmpeg_reads_has_every_key()
    {
        StreamOptions stream = Assert.IsType<StreamOptions>(Source("""
            { stream: "rtsp://10.0.0.7/1?channel=2", username: edge, password: secret, transport: udp, fps: 10, size: 640x360, timeout: 8s,
              input_args: [-c:v, h264_v4l2m2m], ffmpeg: tools/ffmpeg }
            """));
        Assert.Equal(new Uri("rtsp://10.0.0.7/1?channel=2"), stream.Url);
        Assert.Equal(("edge", "secret"), (stream.Username, stream.Password!.Reveal()));
        FfmpegOptions ffmpeg = stream.Ffmpeg!;
        Assert.True(ffmpeg.IsUdp);
        Assert.Equal((10.0, (640, 360), TimeSpan.FromSeconds(8)), (ffmpeg.FramesPerSecond, ffmpeg.Size, ffmpeg.Timeout));
        Assert.Equal(["-c:v", "h264_v4l2m2m"], ffmpeg.InputArguments);
        Assert.Equal(Path.GetFullPath("tools/ffmpeg"), ffmpeg.Program);
    }

    [Fact]
    public void A_stream_comes_by_tcp_in_its_own_size_and_is_opened_anew_after_four_seconds()
    {
        FfmpegOptions ffmpeg = Assert.IsType<StreamOptions>(Source("{ stream: rtsps://cam/1 }")).Ffmpeg!;
        Assert.Equal("ffmpeg", ffmpeg.Program);
        Assert.False(ffmpeg.IsUdp);
        Assert.Null(ffmpeg.FramesPerSecond);
        Assert.Null(ffmpeg.Size);
        Assert.Empty(ffmpeg.InputArguments);
        Assert.Equal(TimeSpan.FromSeconds(4), ffmpeg.Timeout);
    }

    [Theory]
    [InlineData("http://cam/live.m3u8", true)]
    [InlineData("rtmp://cam/live", true)]
    [InlineData("srt://cam:9000", true)]
    [InlineData("udp://239.0.0.1:5000", true)]
    [InlineData("http://cam/video.mjpg", false)]
    public void The_address_tells_who_reads_a_stream(string url, bool isByFfmpeg)
        => Assert.Equal(isByFfmpeg, Assert.IsType<StreamOptions>(Source($"{{ stream: \"{url}\" }}")).Ffmpeg is not null);

    [Fact]
    public void Films_take_a_rate_and_a_size()
    {
        FilesOptions files = Assert.IsType<FilesOptions>(Source("{ files: belt.mp4, fps: 2, size: 320x240, loop: true }"));
        Assert.True(files.IsLooped);
        Assert.Equal((2.0, (320, 240)), (files.Ffmpeg!.FramesPerSecond, files.Ffmpeg.Size));
    }

    private static SourceOptions Source(string source)
        => Assert.Single(ConfigurationText.Good(ConfigurationText.Smallest.Replace("{ camera: /dev/video0 }", source.Trim().ReplaceLineEndings(" "), StringComparison.Ordinal)).Pipelines).Source;
}
