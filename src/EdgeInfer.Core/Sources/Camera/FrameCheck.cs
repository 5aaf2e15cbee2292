using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Camera;

/// <summary>Tells whole frames from cut ones by their bytes, without decoding them.</summary>
internal static class FrameCheck
{
    /// <summary>
    /// How far from the end of its data a JPEG's end marker may lie. Drivers pad frames: with zeros, which are skipped however
    /// many, or with what was in the buffer. The marker cannot occur inside a scan, so a cut frame is never taken for a whole one.
    /// </summary>
    private const int TrailBytes = 4096;

    private const int SmallestJpegBytes = 4;

    /// <summary>The bytes of <paramref name="data"/> that are the frame, padding left out; 0 where the frame is not whole.</summary>
    /// <param name="data">What the driver gave.</param>
    /// <param name="mode">How it was asked to give it.</param>
    public static int WholeLength(ReadOnlySpan<byte> data, CameraMode mode)
    {
        if (mode.PixelFormat == PixelFormat.Jpeg) return JpegLength(data);
        int whole = mode.FrameBytes;
        return data.Length >= whole ? whole : 0;
    }

    private static int JpegLength(ReadOnlySpan<byte> data)
    {
        if (!data.StartsWith<byte>([0xFF, 0xD8, 0xFF])) return 0;
        int end = data.LastIndexOfAnyExcept((byte)0) + 1;
        int from = Math.Max(2, end - TrailBytes);
        if (end < SmallestJpegBytes) return 0;
        int marker = data[from..end].LastIndexOf<byte>([0xFF, 0xD9]);
        return marker < 0 ? 0 : from + marker + 2;
    }
}
