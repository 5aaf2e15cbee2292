using System.Text;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Children;

namespace EdgeInfer.Tests.Sources.Children;

/// <summary>ffmpeg's own log, as versions 4.2 to 7 write it.</summary>
public sealed class FfmpegLogTests
{
    private const string Input = "Input #0, concat, from 'pipe:0':\n  Duration: N/A, start: 0.000000, bitrate: N/A\n";

    [Theory]
    [InlineData("  Stream #0:0: Video: h264 (High), 1 reference frame, yuv420p(tv, bt709, progressive, left), 1280x720 [SAR 1:1 DAR 16:9], 15 fps, 15 tbr, 90k tbn",
        "  Stream #0:0: Video: rawvideo, 1 reference frame (I420 / 0x30323449), yuv420p(tv, bt709, progressive, left), 1280x720 (0x0) [SAR 1:1 DAR 16:9], q=2-31, 165888 kb/s, 15 fps, 15 tbn",
        1280, 720, PixelFormat.I420, YuvColour.Bt709Limited)]
    [InlineData("    Stream #0:0(eng): Video: h264 (High) (avc1 / 0x31637661), yuvj420p(pc, bt470bg/unknown/unknown), 640x360, 1000 kb/s, 25 fps, 25 tbr, 90k tbn, 50 tbc (default)",
        "    Stream #0:0(eng): Video: rawvideo (I420 / 0x30323449), yuvj420p, 640x360, q=2-31, 69120 kb/s, 25 fps, 25 tbn, 25 tbc (default)",
        640, 360, PixelFormat.I420, YuvColour.Bt601Full)]
    [InlineData("  Stream #0:0: Video: hevc (Main), yuv420p(tv, bt709), 1920x1080, 25 fps",
        "  Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p, 1920x1080, q=2-31, 622080 kb/s, 25 fps, 25 tbn",
        1920, 1080, PixelFormat.I420, YuvColour.Bt709Limited)]
    [InlineData("  Stream #0:0: Video: h264 (Main), nv12, 320x240, 10 fps", "  Stream #0:0: Video: rawvideo (NV12 / 0x3231564E), nv12(progressive), 320x240, q=2-31",
        320, 240, PixelFormat.Nv12, YuvColour.Bt601Limited)]
    [InlineData("  Stream #0:0: Video: h264, yuv420p(tv, smpte170m/bt470bg/bt709), 320x240", "  Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p(pc, bt709/unknown/unknown, progressive), 320x240, q=2-31",
        320, 240, PixelFormat.I420, YuvColour.Bt709Full)]
    internal void Size_format_and_colour_rule_are_what_ffmpeg_says_it_writes(string input, string output, int width, int height, PixelFormat format, YuvColour colour)
    {
        FfmpegLog log = new();
        Add(log, Input + input + "\nOutput #0, rawvideo, to 'pipe:1':\n  Metadata:\n    encoder         : Lavf59.27.100\n" + output + "\n");
        Assert.Equal(new RawPictures(width, height, format, colour), log.Output);
    }

    [Fact]
    public void The_codec_is_that_of_the_stream()
    {
        FfmpegLog log = new();
        Add(log, Input + "  Stream #0:1: Audio: aac, 8000 Hz\n  Stream #0:0: Video: hevc (Main), yuv420p(tv), 640x360\n");
        Assert.Equal("hevc", log.Codec);
        Assert.Null(log.Output);
    }

    [Theory]
    [InlineData("[graph 0 input from stream 0:0 @ 0x55febbd4ed80] w:640 h:360 pixfmt:yuv420p tb:1/90000 fr:15/1 sar:1/1", true)]
    [InlineData("[graph 0 input from stream 0:0 @ 0x55febbd4ed80] w:1280 h:720 pixfmt:yuvj420p tb:1/90000 fr:15/1 sar:1/1 csp:bt709 range:pc", false)]
    [InlineData("[auto_scale_0 @ 0x1] w:640 h:360 fmt:yuv420p sar:1/1 -> w:1280 h:720 fmt:yuv420p sar:1/1 flags:0x4", false)]
    public void Only_another_size_of_the_decoded_picture_is_a_change(string line, bool isChange)
    {
        FfmpegLog log = new();
        Add(log, "[graph 0 input from stream 0:0 @ 0x55febbd4ed80] w:1280 h:720 pixfmt:yuv420p tb:1/90000 fr:15/1 sar:1/1\n");
        Assert.False(log.HasResized);
        Add(log, line + "\n");
        Assert.Equal(isChange, log.HasResized);
    }

    [Fact]
    public void Lines_may_come_in_pieces_and_be_longer_than_any_that_matters()
    {
        FfmpegLog log = new();
        string text = new string('x', 5000) + "\r" + Input + "  Stream #0:0: Video: h264, yuv420p, 320x240\nOutput #0, rawvideo, to 'pipe:1':\n"
            + "  Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p, 320x240, q=2-31\n";
        foreach (char one in text) Add(log, one.ToString());
        Assert.Equal(320, log.Output!.Value.Width);
    }

    [Fact]
    public void A_frame_of_odd_sides_has_whole_chroma_rows()
        => Assert.Equal((321 * 241) + (2 * 161 * 121), new RawPictures(321, 241, PixelFormat.I420, default).Bytes);

    private static void Add(FfmpegLog log, string text) => log.Add(Encoding.UTF8.GetBytes(text));
}
