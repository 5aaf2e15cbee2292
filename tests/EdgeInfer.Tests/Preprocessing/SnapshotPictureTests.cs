using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace EdgeInfer.Tests.Preprocessing;

public sealed class SnapshotPictureTests
{
    [Theory]
    [InlineData(320, 240, 0, 320, 240)]
    [InlineData(320, 240, 90, 240, 320)]
    [InlineData(2560, 1440, 0, 1280, 720)]
    [InlineData(1920, 1080, 0, 1280, 720)]
    [InlineData(1000, 3000, 0, 427, 1280)]
    [InlineData(3000, 2, 90, 1, 1280)]
    public void It_is_upright_and_its_longer_side_within_the_bound(int width, int height, int rotate, int expectedWidth, int expectedHeight)
    {
        SnapshotPicture picture = Of(new byte[width * height * 3], width, height, rotate)!;
        using Image<Rgb24> seen = Image.Load<Rgb24>(picture.Jpeg);
        Assert.Equal((expectedWidth, expectedHeight), (picture.Width, picture.Height));
        Assert.Equal((expectedWidth, expectedHeight), (seen.Width, seen.Height));
    }

    [Fact]
    public void A_quarter_turn_puts_the_left_half_on_top()
    {
        byte[] rgb = new byte[64 * 32 * 3];
        for (int i = 0; i < rgb.Length; i += 3)
            if (i / 3 % 64 < 32) rgb[i] = 255;
        using Image<Rgb24> image = Image.Load<Rgb24>(Of(rgb, 64, 32, 90)!.Jpeg);
        Assert.True(image[16, 8].R > 200 && image[16, 56].R < 50, $"{image[16, 8]} {image[16, 56]}");
    }

    [Fact]
    public void A_reduced_pixel_is_the_mean_of_those_it_covers()
    {
        // Two by two of each: (0 + 10 + 20 + 31) / 4 and (100 + 100 + 101 + 101) / 4, rounded.
        byte[] grey = [0, 10, 100, 100, 20, 31, 101, 101];
        DecodedPicture reduced = SnapshotPicture.Reduced(new(4, 2, [.. grey.SelectMany(static g => new[] { g, (byte)0, g })]), 2);
        Assert.Equal((2, 1), (reduced.Width, reduced.Height));
        Assert.Equal([15, 0, 15, 101, 0, 101], reduced.Rgb);
    }

    [Fact]
    public void A_frame_that_is_no_picture_is_named()
    {
        SnapshotPicture? picture = SnapshotPicture.Of(new FrameInfo { Format = PixelFormat.Jpeg }, "nothing"u8, PictureTurn.None, 1280, TimeProvider.System, out Fault? wrong);
        Assert.Null(picture);
        Assert.Contains("not a JPEG", wrong!.What, StringComparison.Ordinal);
    }

    private static SnapshotPicture? Of(byte[] rgb, int width, int height, int rotate) => SnapshotPicture.Of(
        new FrameInfo { Format = PixelFormat.Rgb24, WidthPixels = width, HeightPixels = height }, rgb, PictureTurn.None with { RotateDegrees = rotate }, 1280, TimeProvider.System, out _);
}
