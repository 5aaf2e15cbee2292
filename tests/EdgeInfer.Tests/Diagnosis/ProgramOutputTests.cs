using EdgeInfer.Diagnosis;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>What other programs print, as their documentation shows it.</summary>
public sealed class ProgramOutputTests
{
    // https://www.raspberrypi.com/documentation/computers/camera_software.html, --list-cameras.
    private const string Cameras = """
        Available cameras
        -----------------
        0 : imx219 [3280x2464] (/base/soc/i2c0mux/i2c@1/imx219@10)
            Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]
                                     1640x1232 [41.85 fps - (0, 0)/3280x2464 crop]
                   'SRGGB8' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]
        1 : imx477 [4056x3040 12-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx477@1a)
            Modes: 'SRGGB10_CSI2P' : 1332x990 [120.05 fps - (696, 528)/2664x1980 crop]
        """;

    private const string Decoders = """
        Decoders:
         V..... = Video
         A..... = Audio
         ------
         V....D h264                 H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10
         V..... h264_v4l2m2m         V4L2 mem2mem H.264 decoder wrapper (codec h264)
         VFS..D hevc                 HEVC (High Efficiency Video Coding)
         A....D aac                  AAC (Advanced Audio Coding)
        """;

    [Fact]
    public void Ribbon_cable_cameras_are_read_from_libcameras_list()
    {
        IReadOnlyList<CsiCamera> cameras = CsiSurvey.Parse(Cameras);
        Assert.Equal([(0, "imx219", "3280x2464"), (1, "imx477", "4056x3040")], cameras.Select(c => (c.Number, c.Sensor, c.Size)));
        Assert.Equal(["640x480 206.65/s", "1640x1232 41.85/s", "640x480 206.65/s"], cameras[0].Modes);
        Assert.Equal(["1332x990 120.05/s"], cameras[1].Modes);
        Assert.Empty(CsiSurvey.Parse("No cameras available!\n"));
    }

    [Fact]
    public void Video_decoders_are_read_from_ffmpegs_list()
        => Assert.Equal(["h264", "h264_v4l2m2m", "hevc"], ProgramExamination.VideoDecoders(Decoders));
}
