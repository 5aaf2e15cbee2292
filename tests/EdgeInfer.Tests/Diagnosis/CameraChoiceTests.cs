using EdgeInfer.Diagnosis;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>The mode chosen of offers as real cameras make them (v4l2-ctl --list-formats-ext).</summary>
public sealed class CameraChoiceTests
{
    [Theory]
    [InlineData("MJPG 1920x1080@30,1280x720@60/30/15,640x480@30; YUYV 640x480@30,1280x720@10", "MJPG 1280x720 15/s")]
    [InlineData("YUYV 640x480@30,1280x720@10/5,1920x1080@5", "YUYV 1280x720 10/s")]
    [InlineData("YUYV 640x480@30,1280x720@5", "YUYV 640x480 30/s")]
    [InlineData("MJPG 1920x1080@30,2592x1944@15", "MJPG 1920x1080 30/s")]
    [InlineData("GREY 1280x720@60; NV12 640x480@30", "NV12 640x480 30/s")]
    [InlineData("GREY 1280x800@60,640x400@60", "GREY 640x400 60/s")]
    [InlineData("MJPG 1280x720@29.97", "MJPG 1280x720 29.97/s")]
    [InlineData("MJPG 1280x720@14.985", "MJPG 1280x720 14.98/s")]
    [InlineData("YUYV 640x480", "YUYV 640x480")]
    [InlineData("YUYV", "YUYV")]
    public void The_mode_is_large_enough_for_a_model_and_quick_enough(string offer, string mode)
        => Assert.Equal(mode, CameraChoice.Of(Offer(offer))!.ToString());

    [Fact]
    public void A_range_of_sizes_is_asked_for_1280x720_where_it_holds_it()
        => Assert.Equal("NV12 1280x720 30/s", CameraChoice.Of(new([new(FourCc.Nv12, [new(64, 64, 4056, 3040, [30])])]))!.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("H264 1280x720@30")]
    public void A_camera_without_a_readable_format_has_no_mode(string offer) => Assert.Null(CameraChoice.Of(Offer(offer)));

    private static CameraOffer Offer(string text) => new([.. text.Split("; ", StringSplitOptions.RemoveEmptyEntries).Select(f => new OfferedFormat(FourCc.Of(f[..4]),
        [.. f[4..].Trim().Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Size)]))]);

    private static OfferedSize Size(string text)
    {
        string[] parts = text.Split('@');
        int[] size = [.. parts[0].Split('x').Select(int.Parse)];
        double[] rates = parts.Length == 1 ? [] : [.. parts[1].Split('/').Select(r => double.Parse(r, System.Globalization.CultureInfo.InvariantCulture))];
        return new(size[0], size[1], size[0], size[1], rates);
    }
}
