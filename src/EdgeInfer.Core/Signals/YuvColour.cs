namespace EdgeInfer.Signals;

/// <summary>How luma and chroma of a raw frame become red, green and blue. JPEG has its own rule and needs none.</summary>
public enum YuvColour : byte
{
    /// <summary>ITU-R BT.601, luma 16 to 235: UVC cameras, and video that says nothing.</summary>
    Bt601Limited,

    /// <summary>ITU-R BT.601, luma 0 to 255: JPEG's rule, ffmpeg's yuvj420p.</summary>
    Bt601Full,

    /// <summary>ITU-R BT.709, luma 16 to 235: high-definition video that says so.</summary>
    Bt709Limited,

    /// <summary>ITU-R BT.709, luma 0 to 255.</summary>
    Bt709Full,
}
