namespace EdgeInfer.Signals;

/// <summary>How a JPEG begins: start of image, then the first byte of the next marker.</summary>
internal static class JpegStart
{
    /// <summary>How many foreign bytes may come before it: some cameras put a header of their own there.</summary>
    private const int JunkBytes = 4096;

    private static ReadOnlySpan<byte> Mark => [0xFF, 0xD8, 0xFF];

    /// <summary>Whether the bytes begin as a JPEG does.</summary>
    public static bool IsAtHead(ReadOnlySpan<byte> data) => data.StartsWith(Mark);

    /// <summary>Where a JPEG begins, foreign bytes before it skipped; −1 where there is none.</summary>
    public static int Find(ReadOnlySpan<byte> data) => data[..Math.Min(data.Length, JunkBytes)].IndexOf(Mark);
}
