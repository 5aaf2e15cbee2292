using EdgeInfer.Preprocessing;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>A picture file that was cut off is refused, whatever ImageSharp makes of it.</summary>
public sealed class PictureEndTests
{
    public static TheoryData<string> Formats => ["png", "gif", "webp", "bmp"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_whole_file_has_its_end(string format) => Assert.True(PictureEnd.IsThere(File(format)));

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_file_cut_anywhere_before_its_last_bytes_has_none(string format)
    {
        byte[] whole = File(format);
        for (int length = 4; length < whole.Length - 1; length += 7) Assert.False(PictureEnd.IsThere(whole.AsSpan(0, length)) && !HasChanceEnd(format, whole, length), $"{format} cut to {length} of {whole.Length}");
    }

    // A GIF says its end by one byte, which its data may hold too; that it is the last byte of a cut is chance.
    private static bool HasChanceEnd(string format, byte[] whole, int length) => format == "gif" && whole[length - 1] == 0x3B;

    private static byte[] File(string format)
    {
        using Image<Rgb24> picture = new(37, 23);
        Random noise = new(5);
        for (int y = 0; y < picture.Height; y++)
            for (int x = 0; x < picture.Width; x++) picture[x, y] = new((byte)noise.Next(256), (byte)noise.Next(256), (byte)(x * 6));
        using MemoryStream stream = new();
        IImageEncoder encoder = format switch { "png" => new PngEncoder(), "gif" => new GifEncoder(), "webp" => new WebpEncoder { FileFormat = WebpFileFormatType.Lossless }, _ => new BmpEncoder() };
        picture.Save(stream, encoder);
        return stream.ToArray();
    }
}
