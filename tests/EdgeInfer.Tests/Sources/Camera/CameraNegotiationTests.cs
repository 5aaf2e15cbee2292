using EdgeInfer.Configuration;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Sources.Camera;

public sealed class CameraNegotiationTests
{
    private static readonly OfferedSize s_vga = new(640, 480, 640, 480, [30, 15]);
    private static readonly OfferedSize s_hd = new(1280, 720, 1280, 720, [10]);
    private static readonly CameraOffer s_webcam = new([new(FourCc.Yuyv, [s_vga]), new(FourCc.Mjpg, [s_vga, s_hd])]);

    [Fact]
    public void MJPG_is_preferred_whatever_the_drivers_order() => Assert.Equal(FourCc.Mjpg, CameraNegotiation.Choose(s_webcam, Wanted()));

    [Theory]
    [InlineData("yuyv")]
    [InlineData("YUYV")]
    public void A_wanted_format_is_taken_in_either_case(string format) => Assert.Equal(FourCc.Yuyv, CameraNegotiation.Choose(s_webcam, Wanted(format: format)));

    [Fact]
    public void The_format_that_has_the_wanted_size_goes_before_the_preferred_one()
    {
        CameraOffer offer = new([new(FourCc.Mjpg, [s_vga]), new(FourCc.Grey, [s_hd])]);
        Assert.Equal(FourCc.Grey, CameraNegotiation.Choose(offer, Wanted((1280, 720))));
        Assert.Equal(FourCc.Mjpg, CameraNegotiation.Choose(offer, Wanted((1920, 1080))));
    }

    [Fact]
    public void A_driver_that_names_its_MJPEG_JPEG_satisfies_mjpg()
        => Assert.Equal(FourCc.Jpeg, CameraNegotiation.Choose(new([new(FourCc.Jpeg, [])]), Wanted(format: "mjpg")));

    [Fact]
    public void A_format_not_offered_is_a_fault_that_lists_the_offer()
    {
        SourceException e = Assert.Throws<SourceException>(() => CameraNegotiation.Choose(s_webcam, Wanted(format: "nv12")));
        Assert.Equal("/dev/video0: does not offer format nv12; set format to one of: MJPG 640x480 30 15/s, 1280x720 10/s; YUYV 640x480 30 15/s; or leave it out", e.Message);
        Assert.Equal(SourceState.Failed, e.State);
    }

    [Fact]
    public void A_camera_with_nothing_readable_is_a_fault_that_names_what_it_has()
    {
        SourceException e = Assert.Throws<SourceException>(() => CameraNegotiation.Choose(new([new(FourCc.Of("H264"), [])]), Wanted()));
        Assert.Contains("only H264", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_offer_is_told_in_few_words()
    {
        OfferedSize slow = new(640, 480, 640, 480, [25, 15, 12.5, 10, 5]);
        OfferedSize any = new(32, 16, 1920, 1080, []);
        CameraOffer offer = new([new(FourCc.Yuyv, [slow]), new(FourCc.Grey, [slow]), new(FourCc.Mjpg, [s_hd]), new(FourCc.Of("H264"), [s_hd]), new(FourCc.Nv12, [any])]);
        Assert.Equal("MJPG 1280x720 10/s; YUYV, GREY 640x480 25 to 5/s; NV12 32x16 to 1920x1080", offer.Describe());
    }

    [Theory]
    [InlineData(1280, 720, 10)]
    [InlineData(1280, 720, 10.05)] // within 1 %
    public void What_was_wanted_makes_no_difference(int width, int height, double rate)
        => Assert.Null(CameraNegotiation.Compare("/dev/video0", new(FourCc.Mjpg, width, height, 0, rate), Wanted((1280, 720), 10), s_webcam));

    [Fact]
    public void Another_size_or_rate_is_reported_with_the_offer()
    {
        string? fault = CameraNegotiation.Compare("/dev/video0", new(FourCc.Mjpg, 640, 480, 0, 30), Wanted((800, 600), 15), s_webcam)?.ToString();
        Assert.Equal("/dev/video0: asked for 800x600 at 15/s, the driver gives 640x480 MJPG 30/s; set size and fps to what it offers: "
            + "MJPG 640x480 30 15/s, 1280x720 10/s; YUYV 640x480 30 15/s", fault);
    }

    [Fact]
    public void A_rate_that_the_driver_does_not_tell_is_reported_where_one_was_wanted()
    {
        CameraMode silent = new(FourCc.Mjpg, 640, 480, 0, 0);
        Assert.Contains("does not say its rate", CameraNegotiation.Compare("/dev/video0", silent, Wanted(rate: 15), s_webcam)!.What, StringComparison.Ordinal);
        Assert.Null(CameraNegotiation.Compare("/dev/video0", silent, Wanted(), s_webcam));
    }

    [Theory]
    [InlineData(15, "1280x720 MJPG 15/s")]
    [InlineData(30000.0 / 1001, "1280x720 MJPG 29.97/s")]
    [InlineData(0, "1280x720 MJPG")]
    public void A_mode_reads_as_size_format_and_rate(double rate, string text) => Assert.Equal(text, new CameraMode(FourCc.Mjpg, 1280, 720, 0, rate).ToString());

    private static CameraOptions Wanted((int, int)? size = null, double? rate = null, string? format = null) => new("/dev/video0", size, rate, format);
}
