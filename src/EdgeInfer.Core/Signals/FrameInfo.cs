namespace EdgeInfer.Signals;

/// <summary>What is known of a frame besides its bytes.</summary>
public struct FrameInfo
{
    /// <summary>How to read the bytes.</summary>
    public PixelFormat Format;

    /// <summary>Width in pixels as stored, before EXIF orientation; 0 where only the decoder can tell (JPEG, picture files).</summary>
    public int WidthPixels;

    /// <summary>Height in pixels as stored; 0 where only the decoder can tell.</summary>
    public int HeightPixels;

    /// <summary>Bytes from one row to the next of the first plane; 0 where rows follow without a gap.</summary>
    public int StrideBytes;

    /// <summary>How luma and chroma become colours, for the formats that have them.</summary>
    public YuvColour Colour;

    /// <summary>Counts the frames the source has seen, those it lost included.</summary>
    public long Sequence;

    /// <summary>When the frame was captured, on the monotonic clock of the <see cref="TimeProvider"/> (its timestamp units).</summary>
    public long CapturedTimestamp;

    /// <summary>When the frame was captured, UTC.</summary>
    public DateTimeOffset CapturedAt;

    /// <summary>The source's own id, where it gives one.</summary>
    public FrameId Id;
}
