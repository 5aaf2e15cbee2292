using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Sources.Camera;

public sealed class FrameCheckTests
{
    private static readonly CameraMode s_jpeg = new(FourCc.Mjpg, 640, 480, 0, 15);

    // The start of a JFIF file, a scan with a stuffed FF and a restart marker, and the end marker (ITU-T T.81 table B.1).
    private static readonly byte[] s_picture = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xDA, 0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56, 0xFF, 0xD9];

    [Fact]
    public void A_whole_jpeg_is_taken_as_it_is() => Assert.Equal(s_picture.Length, FrameCheck.WholeLength(s_picture, s_jpeg));

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void Zeros_after_the_end_marker_are_padding(int zeros)
        => Assert.Equal(s_picture.Length, FrameCheck.WholeLength([.. s_picture, .. new byte[zeros]], s_jpeg));

    [Fact]
    public void Leftovers_of_an_older_frame_after_the_end_marker_are_padding()
        => Assert.Equal(s_picture.Length, FrameCheck.WholeLength([.. s_picture, 0x11, 0x22, 0xFF, 0x00, 0x33], s_jpeg));

    [Fact]
    public void A_jpeg_cut_anywhere_is_refused()
    {
        for (int length = 0; length < s_picture.Length; length++) Assert.Equal(0, FrameCheck.WholeLength(s_picture.AsSpan(0, length), s_jpeg));
    }

    [Fact]
    public void A_cut_jpeg_whose_buffer_is_padded_with_zeros_is_refused()
        => Assert.Equal(0, FrameCheck.WholeLength([.. s_picture[..^2], .. new byte[64]], s_jpeg));

    [Fact]
    public void Bytes_without_a_start_marker_are_refused() => Assert.Equal(0, FrameCheck.WholeLength(s_picture.AsSpan(2), s_jpeg));

    [Theory]
    [InlineData("YUYV", 8, 4, 16, 64)] // 2 bytes a pixel
    [InlineData("YUYV", 8, 4, 32, 128)] // rows padded to 32 bytes
    [InlineData("GREY", 8, 4, 8, 32)]
    [InlineData("NV12", 8, 4, 8, 48)] // a plane of 32, then 16 of chroma
    [InlineData("NV12", 8, 5, 8, 64)] // an odd height rounds the chroma up
    public void An_uncompressed_frame_is_whole_from_its_last_row_on(string format, int width, int height, int stride, int bytes)
    {
        CameraMode mode = new(FourCc.Of(format), width, height, stride, 15);
        Assert.Equal(bytes, FrameCheck.WholeLength(new byte[bytes], mode));
        Assert.Equal(bytes, FrameCheck.WholeLength(new byte[bytes + 4096], mode));
        Assert.Equal(0, FrameCheck.WholeLength(new byte[bytes - 1], mode));
        Assert.Equal(0, FrameCheck.WholeLength([], mode));
    }
}
