using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;

namespace EdgeInfer.Preprocessing;

/// <summary>One frame as a JPEG to look at: upright, and no larger than asked for.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Jpeg">The file.</param>
internal sealed record SnapshotPicture(int Width, int Height, byte[] Jpeg)
{
    private const int JpegQuality = 80;

    /// <summary>Makes it; allocates as it likes, for it is made when somebody asks.</summary>
    /// <param name="info">What is known of the frame.</param>
    /// <param name="bytes">The frame.</param>
    /// <param name="turn">How its source's pictures become upright.</param>
    /// <param name="longestPixels">The most pixels of its longer side.</param>
    /// <param name="time">Clock.</param>
    /// <param name="wrong">What is wrong with the frame, where the outcome is not Ok.</param>
    /// <returns>Null where the frame cannot be decoded.</returns>
    public static SnapshotPicture? Of(in FrameInfo info, ReadOnlySpan<byte> bytes, PictureTurn turn, int longestPixels, TimeProvider time, out Diagnostics.Fault? wrong)
    {
        wrong = null;
        using FramePool pool = new(1, Math.Max(1, bytes.Length));
        Frame frame = pool.Rent()!;
        bytes.CopyTo(pool.Memory(frame, Math.Max(1, bytes.Length)));
        frame.Info = info;
        using FrameLease lease = pool.Publish(frame, bytes.Length);
        using FrameDecoder decoder = new([], turn, PreprocessorLimits.Default, time, NullLogger.Instance);
        DecodeOutcome outcome = decoder.Picture(lease, out DecodedPicture? picture);
        if (outcome != DecodeOutcome.Ok)
        {
            wrong = decoder.Describe(outcome, "");
            return null;
        }

        DecodedPicture shown = Reduced(picture!, longestPixels);
        using Image<Rgb24> image = Image.LoadPixelData<Rgb24>(shown.Rgb, shown.Width, shown.Height);
        using MemoryStream jpeg = new();
        image.Save(jpeg, new JpegEncoder { Quality = JpegQuality });
        return new(shown.Width, shown.Height, jpeg.ToArray());
    }

    /// <summary>A picture whose longer side has at most so many pixels; each is the mean of those that it covers.</summary>
    internal static DecodedPicture Reduced(DecodedPicture picture, int longestPixels)
    {
        int longest = Math.Max(picture.Width, picture.Height);
        if (longest <= longestPixels) return picture;
        int width = Math.Max(1, (int)Math.Round((double)picture.Width * longestPixels / longest));
        int height = Math.Max(1, (int)Math.Round((double)picture.Height * longestPixels / longest));
        byte[] rgb = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            int top = (int)((long)y * picture.Height / height);
            int bottom = (int)((long)(y + 1) * picture.Height / height);
            for (int x = 0; x < width; x++)
            {
                int left = (int)((long)x * picture.Width / width);
                int right = (int)((long)(x + 1) * picture.Width / width);
                Mean(picture, left, top, right, bottom, rgb.AsSpan((y * width + x) * 3, 3));
            }
        }

        return new(width, height, rgb);
    }

    private static void Mean(DecodedPicture picture, int left, int top, int right, int bottom, Span<byte> to)
    {
        int red = 0, green = 0, blue = 0;
        for (int y = top; y < bottom; y++)
        {
            ReadOnlySpan<byte> row = picture.Rgb.AsSpan((y * picture.Width + left) * 3, (right - left) * 3);
            for (int i = 0; i < row.Length; i += 3)
            {
                red += row[i];
                green += row[i + 1];
                blue += row[i + 2];
            }
        }

        int count = (right - left) * (bottom - top);
        to[0] = (byte)((red + count / 2) / count);
        to[1] = (byte)((green + count / 2) / count);
        to[2] = (byte)((blue + count / 2) / count);
    }
}
