namespace EdgeInfer.Sources.Camera.Interop;

/// <summary>The commands of linux/videodev2.h; each number holds the size of its argument, and a test compares all with the header.</summary>
internal static class V4l2Commands
{
    internal const uint QueryCapability = 0x80685600;
    internal const uint EnumerateFormats = 0xC0405602;
    internal const uint GetFormat = 0xC0D05604;
    internal const uint SetFormat = 0xC0D05605;
    internal const uint RequestBuffers = 0xC0145608;
    internal const uint QueryBuffer = 0xC0585609;
    internal const uint QueueBuffer = 0xC058560F;
    internal const uint DequeueBuffer = 0xC0585611;
    internal const uint StreamOn = 0x40045612;
    internal const uint StreamOff = 0x40045613;
    internal const uint GetParameters = 0xC0CC5615;
    internal const uint SetParameters = 0xC0CC5616;
    internal const uint GetPlainControl = 0xC008561B;
    internal const uint SetPlainControl = 0xC008561C;
    internal const uint QueryMenu = 0xC02C5625;
    internal const uint GetExtendedControls = 0xC0205647;
    internal const uint SetExtendedControls = 0xC0205648;
    internal const uint QueryExtendedControl = 0xC0E85667;
    internal const uint EnumerateFrameSizes = 0xC02C564A;
    internal const uint EnumerateFrameIntervals = 0xC034564B;
}

/// <summary>The values of linux/videodev2.h that EdgeInfer uses.</summary>
internal static class V4l2Values
{
    internal const uint BufferTypeVideoCapture = 1;
    internal const uint MemoryMap = 1;
    internal const uint FieldNone = 1;

    internal const uint CapabilityVideoCapture = 0x00000001;
    internal const uint CapabilityVideoOutput = 0x00000002;
    internal const uint CapabilityVideoCaptureMultiplanar = 0x00001000;
    internal const uint CapabilityVideoOutputMultiplanar = 0x00002000;
    internal const uint CapabilityMemoryToMemoryMultiplanar = 0x00004000;
    internal const uint CapabilityMemoryToMemory = 0x00008000;
    internal const uint CapabilityMetadataCapture = 0x00800000;
    internal const uint CapabilityStreaming = 0x04000000;
    internal const uint CapabilityMetadataOutput = 0x08000000;
    internal const uint CapabilityDeviceCapabilities = 0x80000000;

    /// <summary>In <see cref="V4l2Format.Private"/>: encoding and quantisation are filled in too.</summary>
    internal const uint HasExtendedFields = 0xfeedcafe;

    internal const uint ColourSpaceSmpte240M = 2;
    internal const uint ColourSpaceRec709 = 3;
    internal const uint ColourSpaceJpeg = 7;
    internal const uint ColourSpaceBt2020 = 10;
    internal const uint ColourSpaceDciP3 = 12;

    internal const uint YuvEncodingDefault = 0;
    internal const uint YuvEncoding601 = 1;
    internal const uint YuvEncoding709 = 2;
    internal const uint YuvEncodingXv601 = 3;
    internal const uint YuvEncodingXv709 = 4;
    internal const uint YuvEncodingSycc = 5;
    internal const uint YuvEncodingBt2020 = 6;
    internal const uint YuvEncodingBt2020Constant = 7;
    internal const uint YuvEncodingSmpte240M = 8;

    internal const uint QuantisationFull = 1;
    internal const uint QuantisationLimited = 2;

    internal const uint TimePerFrame = 0x1000;

    internal const uint EnumerationDiscrete = 1;

    internal const uint BufferFlagError = 0x40;
    internal const uint BufferFlagTimestampMask = 0xe000;
    internal const uint BufferFlagTimestampMonotonic = 0x2000;

    internal const uint ControlClassMask = 0x0fff0000;
    internal const uint NextControl = 0x80000000;

    internal const uint ControlInteger = 1;
    internal const uint ControlBoolean = 2;
    internal const uint ControlMenu = 3;
    internal const uint ControlButton = 4;
    internal const uint ControlInteger64 = 5;
    internal const uint ControlClass = 6;
    internal const uint ControlText = 7;
    internal const uint ControlBitmask = 8;
    internal const uint ControlIntegerMenu = 9;

    internal const uint ControlFlagDisabled = 0x0001;
    internal const uint ControlFlagGrabbed = 0x0002;
    internal const uint ControlFlagReadOnly = 0x0004;
    internal const uint ControlFlagUpdate = 0x0008;
    internal const uint ControlFlagInactive = 0x0010;
    internal const uint ControlFlagWriteOnly = 0x0040;
    internal const uint ControlFlagHasPayload = 0x0100;

    internal const uint ControlAutoWhiteBalance = 0x0098090c;
    internal const uint ControlAutoGain = 0x00980912;
    internal const uint ControlHueAuto = 0x00980919;
    internal const uint ControlAutoBrightness = 0x00980920;
    internal const uint ControlAutoExposure = 0x009a0901;
    internal const uint ControlExposureAbsolute = 0x009a0902;
    internal const uint ControlExposureAutoPriority = 0x009a0903;
    internal const uint ControlFocusAuto = 0x009a090c;
    internal const uint ControlIsoSensitivityAuto = 0x009a0918;
}
