using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Bytes of raw frames.</summary>
internal static class RawFrames
{
    /// <summary>How many bytes a frame of even size has, rows without gaps.</summary>
    public static int Length(PixelFormat format, int width, int height) => width * height * (format switch
    {
        PixelFormat.Rgb24 or PixelFormat.Bgr24 => 6,
        PixelFormat.Yuyv => 4,
        PixelFormat.Gray8 => 2,
        _ => 3,
    }) / 2;

    /// <summary>Every byte by chance: colours that no camera gives, and the largest differences there are.</summary>
    public static byte[] Noise(PixelFormat format, int width, int height, int seed)
    {
        byte[] data = new byte[Length(format, width, height)];
        new Random(seed).NextBytes(data);
        return data;
    }
}
