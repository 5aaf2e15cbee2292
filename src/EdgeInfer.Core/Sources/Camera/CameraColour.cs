using EdgeInfer.Signals;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>Which rule turns a camera's luma and chroma into colours, from what its driver says of a format.</summary>
internal static class CameraColour
{
    /// <summary>The rule of a format that a driver has set; what the driver leaves open follows from the colour space, as V4L2 has it.</summary>
    public static YuvColour Of(in V4l2Format format)
    {
        bool isExtended = format.Private == V4l2Values.HasExtendedFields;
        return Of(format.ColourSpace, isExtended ? format.YuvEncoding : 0, isExtended ? format.Quantisation : 0);
    }

    /// <summary>The rule.</summary>
    /// <param name="colourSpace">enum v4l2_colorspace.</param>
    /// <param name="encoding">enum v4l2_ycbcr_encoding.</param>
    /// <param name="quantisation">enum v4l2_quantization.</param>
    public static YuvColour Of(uint colourSpace, uint encoding, uint quantisation)
    {
        if (encoding is V4l2Values.YuvEncodingDefault or > V4l2Values.YuvEncodingSmpte240M) encoding = DefaultEncoding(colourSpace);
        if (quantisation is not (V4l2Values.QuantisationFull or V4l2Values.QuantisationLimited)) quantisation = DefaultQuantisation(colourSpace);
        bool isFull = quantisation == V4l2Values.QuantisationFull;

        // BT.2020 and SMPTE 240M are nearer to BT.709 (0.2126, 0.0722) than to BT.601 (0.299, 0.114): red 0.2627 and 0.212, blue 0.0593 and 0.087.
        bool is601 = encoding is V4l2Values.YuvEncoding601 or V4l2Values.YuvEncodingXv601 or V4l2Values.YuvEncodingSycc;
        return (is601, isFull) switch
        {
            (true, false) => YuvColour.Bt601Limited,
            (true, true) => YuvColour.Bt601Full,
            (false, false) => YuvColour.Bt709Limited,
            (false, true) => YuvColour.Bt709Full,
        };
    }

    /// <summary>V4L2_MAP_YCBCR_ENC_DEFAULT.</summary>
    public static uint DefaultEncoding(uint colourSpace) => colourSpace switch
    {
        V4l2Values.ColourSpaceRec709 or V4l2Values.ColourSpaceDciP3 => V4l2Values.YuvEncoding709,
        V4l2Values.ColourSpaceBt2020 => V4l2Values.YuvEncodingBt2020,
        V4l2Values.ColourSpaceSmpte240M => V4l2Values.YuvEncodingSmpte240M,
        _ => V4l2Values.YuvEncoding601,
    };

    /// <summary>V4L2_MAP_QUANTIZATION_DEFAULT of a format of luma and chroma.</summary>
    public static uint DefaultQuantisation(uint colourSpace)
        => colourSpace == V4l2Values.ColourSpaceJpeg ? V4l2Values.QuantisationFull : V4l2Values.QuantisationLimited;
}
