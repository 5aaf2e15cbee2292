using EdgeInfer.Signals;
using EdgeInfer.Sources.Camera;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Tests.Sources.Camera;

/// <summary>The numbers are those of linux/videodev2.h, the defaults those of the kernel's "Detailed Colorspace Descriptions".</summary>
public sealed class CameraColourTests
{
    private const uint Open = 0;
    private const uint Full = 1;
    private const uint Limited = 2;

    [Theory]
    [InlineData("default", 0, YuvColour.Bt601Limited)]
    [InlineData("SMPTE170M", 1, YuvColour.Bt601Limited)]
    [InlineData("SMPTE240M", 2, YuvColour.Bt709Limited)]
    [InlineData("REC709", 3, YuvColour.Bt709Limited)]
    [InlineData("BT878", 4, YuvColour.Bt601Limited)]
    [InlineData("470_SYSTEM_M", 5, YuvColour.Bt601Limited)]
    [InlineData("470_SYSTEM_BG", 6, YuvColour.Bt601Limited)]
    [InlineData("JPEG", 7, YuvColour.Bt601Full)]
    [InlineData("SRGB", 8, YuvColour.Bt601Limited)]
    [InlineData("OPRGB", 9, YuvColour.Bt601Limited)]
    [InlineData("BT2020", 10, YuvColour.Bt709Limited)]
    [InlineData("RAW", 11, YuvColour.Bt601Limited)]
    [InlineData("DCI_P3", 12, YuvColour.Bt709Limited)]
    public void A_colour_space_alone_gives_the_kernels_default_encoding_and_range(string name, uint colourSpace, YuvColour colour)
        => Assert.True(CameraColour.Of(colourSpace, Open, Open) == colour, name);

    [Theory]
    [InlineData(8, 1, Full, YuvColour.Bt601Full)]
    [InlineData(8, 2, Open, YuvColour.Bt709Limited)]
    [InlineData(8, 2, Full, YuvColour.Bt709Full)]
    [InlineData(3, 1, Open, YuvColour.Bt601Limited)]
    [InlineData(3, 3, Limited, YuvColour.Bt601Limited)]
    [InlineData(3, Open, Full, YuvColour.Bt709Full)]
    [InlineData(1, 4, Open, YuvColour.Bt709Limited)]
    [InlineData(8, 5, Full, YuvColour.Bt601Full)]
    [InlineData(7, 1, Limited, YuvColour.Bt601Limited)]
    [InlineData(10, 7, Full, YuvColour.Bt709Full)]
    [InlineData(3, 99, 99, YuvColour.Bt709Limited)]
    public void What_the_driver_says_of_encoding_and_range_goes_before_the_default(uint colourSpace, uint encoding, uint quantisation, YuvColour colour)
        => Assert.Equal(colour, CameraColour.Of(colourSpace, encoding, quantisation));

    [Fact]
    public void An_answer_without_the_mark_of_the_extended_fields_is_read_by_its_colour_space_alone()
    {
        V4l2Format format = new() { ColourSpace = 3, YuvEncoding = 1, Quantisation = Full };
        Assert.Equal(YuvColour.Bt709Limited, CameraColour.Of(format));
        format.Private = V4l2Values.HasExtendedFields;
        Assert.Equal(YuvColour.Bt601Full, CameraColour.Of(format));
    }
}
