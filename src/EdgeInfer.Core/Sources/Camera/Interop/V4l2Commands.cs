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

    internal const uint TimePerFrame = 0x1000;

    internal const uint EnumerationDiscrete = 1;

    internal const uint BufferFlagError = 0x40;
    internal const uint BufferFlagTimestampMask = 0xe000;
    internal const uint BufferFlagTimestampMonotonic = 0x2000;
}
